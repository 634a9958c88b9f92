package siege

import (
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Storm is what a stuffing campaign on the login route did.
type Storm struct {
	World    string `json:"world"`
	Seed     uint64 `json:"seed"`
	Attempts int    `json:"attempts"`
	// ModeAfter is how many seconds after the first attempt a request on the login
	// route was the first to be judged in attack mode, -1: none was. ModeBefore is
	// how many honest logins were, before there was an attack.
	ModeAfter  float64 `json:"mode_after_seconds"`
	ModeBefore int     `json:"logins_in_mode_before"`
	Mode       float64 `json:"highest_mode_nats"`
	Before     Load    `json:"before"`
	During     Load    `json:"during"`
	// StepUps is how many times more often genuine users' sessions were stepped up
	// during than before, Ratio the same of all that hindered them, logins included.
	StepUps float64 `json:"stepup_ratio"`
	Ratio   float64 `json:"ratio"`
	// Taken counts passwords that were right, Stopped those of them that the gate
	// did not let through at once. Lost are those let through before attack mode.
	Taken   int `json:"right_passwords"`
	Stopped int `json:"right_passwords_stopped"`
	Lost    int `json:"right_passwords_lost_before_mode"`
}

// Load counts visits of genuine users, and what they felt.
type Load struct {
	Logins   int     `json:"logins"`
	Hindered int     `json:"logins_hindered"` // slowed or refused by the score
	Sessions int     `json:"sessions"`
	StepUps  int     `json:"sessions_stepped_up"`
	Share    float64 `json:"share"` // of both that were hindered
}

// settled is how long a world of a storm runs before it counts.
const settled = 3 * 24 * time.Hour

// StormWorld returns a world in which everybody comes every day and one campaign
// of so many attempts happens.
func StormWorld(seed uint64, start time.Time, users, attempts int) traffic.Config {
	w := traffic.NewWorld(traffic.WorldAPI, seed, start, traffic.Size{Users: users, Machines: 1, Days: 8})
	w.Everyone = true
	w.Attacks = []traffic.Attack{{Label: traffic.Stuffing, Count: attempts}}
	return w
}

// RunStorm lets a world with a stuffing campaign pass a gate.
func RunStorm(c Config) (*Storm, error) {
	g, err := c.gate()
	if err != nil {
		return nil, err
	}
	defer func() { _ = g.Close() }() // nothing is stored
	v := visits{g}
	s := &Storm{World: string(c.World.World), Seed: c.World.Seed, ModeAfter: -1}
	w := weather{Storm: s, stepped: map[string]bool{}, from: c.World.Start.Add(settled)}
	requests := 0
	for e := range c.World.Events() {
		if requests++; c.Progress != nil && requests%1024 == 0 {
			c.Progress(requests, e.Time)
		}
		v.serve(e, func(ev *models.Event, again bool) {
			if !again {
				w.take(e, ev)
			}
		})
	}
	s.Before.sum()
	s.During.sum()
	if before := s.Before.stepUps(); before > 0 {
		s.StepUps = s.During.stepUps() / before
	}
	if s.Before.Share > 0 {
		s.Ratio = s.During.Share / s.Before.Share
	}
	return s, nil
}

// weather is a storm while it lasts.
type weather struct {
	*Storm
	stepped map[string]bool // session: it was
	from    time.Time
	first   time.Time // attempt
}

func (w *weather) take(e *traffic.Event, ev *models.Event) {
	mode := ev.Features.Get(models.ModeNats)
	w.Mode = max(w.Mode, mode)
	if e.Label == traffic.Stuffing {
		w.attempt(e, ev)
	}
	if mode > 0 && w.ModeAfter < 0 && !w.first.IsZero() {
		w.ModeAfter = e.Time.Sub(w.first).Seconds()
	}
	if e.Label != traffic.Honest || ev.Machine || e.Time.Before(w.from) {
		return
	}
	if w.first.IsZero() {
		if mode > 0 {
			w.ModeBefore++
		}
		w.Before.take(e, ev, w.stepped)
	} else if e.Time.Sub(w.first) <= 4*time.Hour {
		w.During.take(e, ev, w.stepped)
	}
}

func (w *weather) attempt(e *traffic.Event, ev *models.Event) {
	if w.first.IsZero() {
		w.first = e.Time
	}
	w.Attempts++
	if e.Login != models.LoginPassed {
		return
	}
	w.Taken++
	switch {
	case Caught(ev) || ev.Denial != "":
		w.Stopped++
	case w.ModeAfter < 0 && ev.Features.Get(models.ModeNats) == 0:
		w.Lost++
	}
}

func (l *Load) take(e *traffic.Event, ev *models.Event, stepped map[string]bool) {
	caught := Caught(ev)
	if e.Credential == models.NoCredential {
		l.Logins++
		if caught {
			l.Hindered++
		}
		return
	}
	before, known := stepped[e.CredentialID]
	if !known {
		l.Sessions++
	}
	if caught && !before {
		l.StepUps++
	}
	stepped[e.CredentialID] = before || caught
}

func (l *Load) sum() { l.Share = float64(l.Hindered+l.StepUps) / float64(max(1, l.Logins+l.Sessions)) }

func (l *Load) stepUps() float64 { return float64(l.StepUps) / float64(max(1, l.Sessions)) }
