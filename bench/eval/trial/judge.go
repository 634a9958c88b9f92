package trial

import (
	"github.com/riskgate/riskgate/bench/traffic"
)

// Sample is scores that were taken elsewhere, by one model.
type Sample struct {
	World traffic.Config
	Model string
	// Validation and Honest are scores of what is honest, before the attacks and
	// beside them: thresholds are of the first.
	Validation, Honest []float32
	Attacks            []Attempt
}

// Attempt is one attack of a kind on a victim.
type Attempt struct {
	Kind, Victim string
	Score        float32
}

// KindOf names the attack that an event belongs to: "vpn", or
// "targeted/own_hour" for a variant.
func KindOf(e *traffic.Event) string { return kind{e.Label, e.Variant}.String() }

// Judge returns a row for each kind of attack, without strata.
func Judge(s Sample) []Row {
	c := &Config{World: s.World}
	b := &book{users: map[string]uint32{}}
	names := map[string]uint8{}
	sr := &series{name: s.Model, validation: s.Validation, honest: s.Honest}
	for _, a := range s.Attacks {
		k, ok := names[a.Kind]
		if !ok {
			k = uint8(len(names))
			names[a.Kind] = k
		}
		b.attacks.kinds = append(b.attacks.kinds, k)
		b.attacks.strata = append(b.attacks.strata, numStrata)
		b.attacks.victims = append(b.attacks.victims, b.user(a.Victim))
		sr.attacks = append(sr.attacks, a.Score)
	}
	b.kinds = make([]kind, len(names))
	j := newJudge(c, b, sr)
	rows := make([]Row, len(names))
	for name, k := range names {
		rows[k] = j.row(k)
		rows[k].Attacker = name
	}
	return rows
}
