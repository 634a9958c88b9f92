package siege

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// Flooded is what a flood of high scores did to a budget of step-ups, and what
// became of the attacks after it.
type Flooded struct {
	World string `json:"world"`
	Seed  uint64 `json:"seed"`
	// Budget is the share of sessions to be stepped up, 0: thresholds stay where they
	// are configured.
	Budget float64 `json:"budget"`
	// Flood is "none", "new_accounts" or "own_accounts": who has been an ordinary
	// user for long.
	Flood    string `json:"flood"`
	Requests int    `json:"requests"`         // of the flood
	High     int    `json:"requests_high"`    // of them at or above the configured threshold
	Counted  int    `json:"requests_counted"` // of them by the budget
	// Before is of the honest sessions in as many days before the flood as there
	// are After it.
	Before Kept `json:"before"`
	After  Kept `json:"after"`
	// ShiftBefore and ShiftAfter say how far, in nats, the thresholds stood from the
	// configured ones when the flood began and when it ended, ShiftEnd at the end of
	// the world.
	ShiftBefore float64 `json:"shift_before_nats"`
	ShiftAfter  float64 `json:"shift_after_nats"`
	ShiftEnd    float64 `json:"shift_end_nats"`
	// ShiftAll is where the flood would have moved them if each of its requests
	// counted.
	ShiftAll float64 `json:"shift_if_all_counted_nats"`
	// Attacks are the takeovers of the days after the flood, which are judged and do
	// not happen; Caught is the share that was stepped up or denied.
	Attacks int     `json:"attacks"`
	Caught  float64 `json:"caught"`
}

// Kept counts the honest sessions that a budget counts: one an hour of each
// established caller who can step up.
type Kept struct {
	Sessions  int     `json:"sessions"`
	SteppedUp int     `json:"stepped_up"`
	Share     float64 `json:"share"`
}

// Flood says how large a flood is.
type Flood struct {
	Requests int           // 1,000,000 in reports
	Over     time.Duration // above 0
	Accounts int           // the attacker's
	Budget   models.Share  // of the gates that follow one
}

// Floods lets a login world pass four gates: one whose thresholds stay, and three
// that follow a budget, with no flood, one by new accounts and one by accounts that
// are established. The flood is on the first day of the attacks.
func Floods(c Config, f Flood) ([]Flooded, error) {
	victim, own := c.bystanders(f.Accounts)
	if len(own) < f.Accounts {
		return nil, fmt.Errorf("flood of world %s: %d people have come often enough, want %d", c.World.World, len(own), f.Accounts)
	}
	old := traffic.FloodPlan{Victim: victim, Over: f.Over, Requests: f.Requests, Own: own, Seed: c.World.Seed}
	fresh := old
	fresh.Own, fresh.Accounts = nil, f.Accounts
	runs := []*inundation{
		{flood: "own_accounts", plan: &old},
		{flood: "none", budget: f.Budget},
		{flood: "new_accounts", plan: &fresh, budget: f.Budget},
		{flood: "own_accounts", plan: &old, budget: f.Budget},
	}
	for _, r := range runs {
		r.own, r.begins, r.ends = own, victim.Time, victim.Time.Add(f.Over)
	}
	return runAll(c, runs)
}

// runAll runs the gates side by side; the first one tells its progress.
func runAll(c Config, runs []*inundation) (all []Flooded, err error) {
	errs := make([]error, len(runs))
	var done sync.WaitGroup
	for i, r := range runs {
		one := c
		if i > 0 {
			one.Progress = nil
		}
		done.Go(func() { errs[i] = r.run(one) })
	}
	done.Wait()
	for _, r := range runs {
		all = append(all, r.Flooded)
	}
	return all, errors.Join(errs...)
}

// bystanders returns the first honest login from the day on which attacks begin,
// and so many people who logged in often before.
func (c *Config) bystanders(n int) (victim traffic.Event, often []string) {
	begins := c.World.Start.AddDate(0, 0, c.World.FirstAttackDay())
	logins := map[string]int{}
	for e := range c.World.Events() {
		if e.Label != traffic.Honest {
			continue
		}
		if logins[e.Person]++; logins[e.Person] == known && len(often) < n {
			often = append(often, e.Person)
		}
		if !e.Time.Before(begins) {
			return *e, often
		}
	}
	return victim, nil
}
