package verdict

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

// Standing is what verdicts say of one subject at one time. The zero value is
// nothing.
type Standing struct {
	Nats      float64 // in force
	Confirmed bool    // an analyst vouches for the subject
	Rulings   models.Rulings
}

// set holds verdicts by subject. It is never changed once it is in use. Nothing in
// it points anywhere, so that the garbage collector passes it by.
type set struct {
	subjects map[models.Pseudonym]record
}

// record is what was said of one subject, in unix seconds.
type record struct {
	rulings    models.Rulings // the last of each kind, oldest first
	confirm    span
	quarantine span
	last       uint32 // when the last verdict takes effect
}

// span is a time in which nats are in force, end excluded. It may be empty.
type span struct {
	from, until uint32
	nats        float32
}

func (s *span) holds(now uint32) bool { return s.from <= now && now < s.until }

// end cuts the span short.
func (s *span) end(at uint32) { s.until = min(s.until, at) }

func newSet(all []Verdict) *set {
	s := &set{subjects: make(map[models.Pseudonym]record, len(all))}
	for i := range all {
		v := &all[i]
		r := s.subjects[v.Subject]
		r.add(v)
		s.subjects[v.Subject] = r
	}
	return s
}

// add takes the next verdict of a subject. What analysts said last holds: each takes
// effect after the one before, if need be a second later than it says, so that two of
// one second both do, and in their order.
func (r *record) add(v *Verdict) {
	at := max(baseline.Stamp(v.At), r.last+1)
	r.last = at
	lasts := span{at, baseline.Stamp(v.Expires), float32(v.Nats)}
	switch v.Kind {
	case models.Confirm:
		r.quarantine.end(at)
		r.confirm = lasts
	case models.Quarantine:
		r.confirm.end(at)
		r.quarantine = lasts
	case models.Forgive:
		r.quarantine.end(at)
	case models.Report:
		r.confirm.end(at)
	}
	ruling := models.Ruling{Kind: v.Kind, At: at}
	if !v.Since.IsZero() && v.Kind != models.Quarantine {
		ruling.Since = baseline.Stamp(v.Since)
	}
	r.rule(ruling)
}

// rule replaces the ruling of the same kind by a later one.
func (r *record) rule(latest models.Ruling) {
	kept := models.Rulings{}
	n := 0
	for _, q := range r.rulings {
		if q.Kind != models.NoVerdict && q.Kind != latest.Kind {
			kept[n] = q
			n++
		}
	}
	kept[n] = latest
	r.rulings = kept
}

// of returns what is said of a subject. It allocates nothing.
func (s *set) of(p models.Pseudonym, at time.Time) (out Standing) {
	if len(s.subjects) == 0 {
		return out
	}
	r, found := s.subjects[p]
	if !found {
		return out
	}
	now := baseline.Stamp(at)
	for i, q := range r.rulings {
		if q.At <= now {
			out.Rulings[i] = q
		}
	}
	switch {
	case r.quarantine.holds(now):
		out.Nats = float64(r.quarantine.nats)
	case r.confirm.holds(now):
		out.Nats, out.Confirmed = float64(r.confirm.nats), true
	}
	return out
}

// count returns how many subjects have a verdict in force, by kind. Forgive and
// report are in force from when they were given, for they wait for their subject.
func (s *set) count(at time.Time) (n [models.NumVerdictKinds]int) {
	now := baseline.Stamp(at)
	for _, r := range s.subjects {
		if r.confirm.holds(now) {
			n[models.Confirm]++
		}
		if r.quarantine.holds(now) {
			n[models.Quarantine]++
		}
		for _, q := range r.rulings {
			if q.Kind != models.NoVerdict && !temporary(q.Kind) && q.At <= now {
				n[q.Kind]++
			}
		}
	}
	return n
}
