package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

func noLabels() *labels { return &labels{events: map[models.EventID]label{}} }

// Lines as risksim trace and risksim live write them.
func TestLabelsOfSimulatedTraffic(t *testing.T) {
	l := noLabels()
	for n := range 3 {
		line := fmt.Sprintf(`{"id":%q,"time":"2026-03-02T00:00:15.479576441Z",%s}`, idText(n), []string{
			`"label":"honest","person":"client-96"`,
			`"label":"token_replay","variant":"vpn","attack":7,"person":"user-12"`,
			`"status":401,"action":"step_up","label":"honest","variant":"benign_twin","person":"user-12"`,
		}[n])
		if err := l.add([]byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if got, want := l.events[fixedID(n)], (label{attack: n == 1, weight: 1}); got != want {
			t.Errorf("%s: %+v, want %+v", line, got, want)
		}
	}
}

// Whatever name the simulator has for somebody, only the honest one is none of an
// attack.
func TestEverySimulatedLabelIsRead(t *testing.T) {
	n := 0
	for ; ; n++ {
		name := traffic.Label(n).String()
		if _, known := traffic.ParseLabel(name); !known {
			break
		}
		l := noLabels()
		err := l.add(fmt.Appendf(nil, `{"id":%q,"label":%q,"person":"x"}`, idText(1), name))
		if got := l.events[fixedID(1)]; err != nil || got.attack != (traffic.Label(n) != traffic.Honest) {
			t.Errorf("%s: attack %v, %v", name, got.attack, err)
		}
	}
	if n < 2 || len(simulatedNames()) != n {
		t.Errorf("%d labels, %d in the message", n, len(simulatedNames()))
	}
}

// An answer may come without the id of an event; it is about none.
func TestSimulatedLabelOfNoEvent(t *testing.T) {
	l := noLabels()
	if err := l.add([]byte(`{"id":"","status":400,"label":"honest","person":"x"}`)); err != nil || len(l.events) != 0 {
		t.Errorf("%v, %d labels, want none", err, len(l.events))
	}
}

func TestSimulatedLabelMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{"id": "x", "label": "honest"}`:                                `"x" is no event id`,
		`{"id": "` + idText(1) + `"}`:                                   "label missing, want honest or the name of an attack",
		`{"id": "` + idText(1) + `", "label": "Honest"}`:                `label "Honest", want one of honest, naive, vpn, `,
		`{"id": "", "label": "legitimate"}`:                             `label "legitimate", want one of honest, `,
		`{"id": "` + idText(1) + `", "label": "honest", "weight": 1}`:   `unknown field "weight", want {"id": ID, "label": "honest"}`,
		`{"id": "` + idText(1) + `", "event": "x", "label": "attack"}`:  `unknown field "event"`,
		`{"id": "` + idText(1) + `", "label": "honest"} {"label": "x"}`: "want one per line",
	} {
		if err := noLabels().add([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// FuzzLabels: no line is read as more than one label, and each has a weight in (0, 1].
func FuzzLabels(f *testing.F) {
	f.Add(`{"id":"` + idText(1) + `","label":"honest","person":"x"}`)
	f.Add(`{"event": "` + idText(1) + `", "label": "attack", "weight": 0.5}`)
	f.Add(`{"subject": "0367c4eb0fcde2c828eb466dec4ce29b", "label": "legitimate"}`)
	f.Add(saidOf("report", 1, ""))
	f.Fuzz(func(t *testing.T, text string) {
		l := &labels{
			events: map[models.EventID]label{}, subjects: map[models.Pseudonym][]label{}, verdicts: map[models.Pseudonym][]label{},
		}
		err := l.add([]byte(text))
		var found []label
		for _, x := range l.events {
			found = append(found, x)
		}
		for _, of := range []map[models.Pseudonym][]label{l.subjects, l.verdicts} {
			for _, x := range of {
				found = append(found, x...)
			}
		}
		if len(found) > 1 || err != nil && len(found) > 0 {
			t.Errorf("%q: %d labels, %v", text, len(found), err)
		}
		for _, x := range found {
			if !(x.weight > 0 && x.weight <= 1) {
				t.Errorf("%q: weight %g", text, x.weight)
			}
		}
	})
}
