package gateway

import (
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
)

const (
	// patience is how long a challenge may go unanswered.
	patience = time.Hour
	// maxChallenges bounds the challenges that are waited for, 128 bytes each; more
	// are not learned from.
	maxChallenges = 1 << 14
	// looksKept is how many looks a label can come for, 120 bytes each: the latest.
	looksKept = 1 << 15
	// looksAnHour is how many of them one caller may have in an hour, so that nobody
	// pushes out those of others.
	looksAnHour = 8
	// maxLabels bounds the labels of an hour: as many as are kept.
	maxLabels = adapt.LabelsKept
)

// source says where a label is from.
type source int

const (
	fromPassed source = iota
	fromFailed
	fromAbandoned
	fromVerdict
	numSources
)

var sourceNames = [numSources]string{"passed", "failed", "abandoned", "verdict"}

// loss says why a label was not learned from.
type loss int

const (
	lostAgain   loss = iota // the caller had one within the hour
	lostFull                // no room
	lostUnknown             // no look of that caller at that time is remembered
	numLosses
)

var lossNames = [numLosses]string{"again", "full", "unknown"}

// outcomes gathers labeled evidence of established callers: how step-ups that the
// score asked for ended, and what verdicts say of a look. A caller has one label an
// hour of the gateway's clock, so that nobody teaches more by failing more. Nothing
// in it survives a restart: challenges do not either. The zero value gathers nothing.
type outcomes struct {
	mu      sync.Mutex // guards the rest; held for less than a microsecond by requests
	on      bool
	chance  float32                    // with which an explored session is asked
	hour    int64                      // 0: not known yet
	labeled map[models.Pseudonym]entry // in hour

	pending    map[models.Pseudonym]int // number of the challenge that is waited for
	challenges []challenge              // a ring, in order of time
	first, end int                      // numbers; a challenge lies at its number modulo the length

	looks  []look // a ring
	seen   int    // number of the next; a look lies at its number modulo the length
	newest map[models.Pseudonym]int

	labels  []adapt.Example // to be learned
	learned int             // number of the first of them
	counts  [numSources]uint64
	losses  [numLosses]uint64
}

// entry is a label of the hour.
type entry struct {
	number int
	from   source
}

// moment is the evidence of a caller at one time.
type moment struct {
	subject models.Pseudonym
	at      int64 // unix nanoseconds
	nats    [models.NumGroups]float32
}

func momentOf(e *models.Event) moment {
	m := moment{subject: e.Pseudonym, at: e.Time.UnixNano()}
	for g, n := range adapt.NatsOf(&e.Evidence) {
		m.nats[g] = float32(n)
	}
	return m
}

// gather begins to gather, if it does not yet; an explored session is asked with
// that chance.
func (o *outcomes) gather(chance float32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.chance = chance
	if o.on {
		return
	}
	o.on = true
	o.labeled = make(map[models.Pseudonym]entry, maxLabels)
	o.pending = make(map[models.Pseudonym]int, maxChallenges)
	o.challenges, o.looks = make([]challenge, maxChallenges), make([]look, looksKept)
	o.newest = make(map[models.Pseudonym]int, looksKept)
}

// cease forgets everything but the counts.
func (o *outcomes) cease() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.on, o.labeled, o.pending, o.challenges, o.newest, o.looks, o.labels = false, nil, nil, nil, nil, nil, nil
	o.first, o.end, o.seen, o.hour = 0, 0, 0, 0
}

// label adds a label with the evidence of m, unless the caller has one in this
// hour. A verdict replaces that of another source if it was not learned yet. The
// caller holds mu.
func (o *outcomes) label(m *moment, from source, x adapt.Example) bool {
	for g, n := range m.nats {
		x.Nats[g] = float64(n)
	}
	was, again := o.labeled[m.subject]
	switch {
	case again && from == fromVerdict && was.from != fromVerdict && was.number >= o.learned:
		o.losses[lostAgain]++ // the other
		o.labels[was.number-o.learned] = x
	case again:
		o.losses[lostAgain]++
		return false
	case len(o.labeled) == maxLabels:
		o.losses[lostFull]++
		return false
	default:
		was.number = o.learned + len(o.labels)
		o.labels = append(o.labels, x)
	}
	o.labeled[m.subject] = entry{number: was.number, from: from}
	o.counts[from]++
	return true
}

// turn begins another hour; the first goes on with what came before it was known.
// Now is the gateway's, not that at which a request began. The caller holds mu.
func (o *outcomes) turn(now time.Time) {
	hour := now.Unix() / 3600
	if hour <= o.hour && hour >= o.hour-1 { // else the clock was put back
		return
	}
	if o.hour != 0 {
		clear(o.labeled)
	}
	o.hour = hour
}

// drain ends the challenges that were not answered by now, and returns the labels
// that came since the last time. Into is reused.
func (o *outcomes) drain(now time.Time, into []adapt.Example) []adapt.Example {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.on {
		return into[:0]
	}
	o.turn(now)
	for ; o.first < o.end; o.first++ {
		c := &o.challenges[o.first%maxChallenges]
		if !c.closed && now.UnixNano()-c.at <= int64(patience) {
			break
		}
		if !c.closed {
			o.settle(c, fromAbandoned, adapt.Abandoned)
		}
	}
	labels := o.labels
	o.learned += len(labels)
	o.labels = into[:0]
	return labels
}

// tallies returns what came and what was lost, by name.
func (o *outcomes) tallies() (counts [numSources]uint64, losses [numLosses]uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.counts, o.losses
}
