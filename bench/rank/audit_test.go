package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// An audit needs nothing but a world that is large enough.
func TestAudit(t *testing.T) {
	o := &options{audit: true, world: traffic.WorldA, seed: 7, seeds: 1, size: traffic.Size{Users: 1500, Days: 100}}
	if err := run(o); err != nil {
		t.Error(err)
	}
	o.size.Users = 20
	if err := run(o); !errors.Is(err, trial.ErrTooSmall) {
		t.Errorf("%v of 20 people", err)
	}
	o.rba = "file"
	if o.check() == nil {
		t.Error("a file is audited")
	}
}

// What gives attacks away is told and fails, unless it is of too few.
func TestAuditFails(t *testing.T) {
	found := []traffic.Separation{
		{Label: traffic.VPNTakeover, Variant: traffic.VPNExit, Attribute: traffic.AuditHour, AUC: 0.7, Attacks: 200, Honest: 900},
		{Label: traffic.NaiveTakeover, Attribute: traffic.AuditGap, AUC: 0.9, Attacks: 7, Honest: 900},
		{Label: traffic.NaiveTakeover, Attribute: traffic.AuditForm, AUC: 0.5, Attacks: 200, Honest: 900},
	}
	told, judged := toldApart(found)
	if judged != 2 || !slices.Equal(told, []string{"vpn/vpn_exit by hour (0.700)"}) {
		t.Errorf("%q of %d figures", told, judged)
	}
	if err := verdict(told); !errors.Is(err, errTold) || !strings.Contains(err.Error(), "AUC above 0.6 of vpn/vpn_exit by hour (0.700)") || verdict(nil) != nil {
		t.Errorf("%v", err)
	}
	text := string(appendAudit(nil, "world A, seed 1", found))
	for _, want := range []string{
		"\n## Audit of world A, seed 1\n", "| vpn/vpn_exit | hour | 200 | 900 | 0.700 | told apart |\n",
		"| naive | gap | 7 | 900 | 0.900 | too few to judge |\n", "| naive | form | 200 | 900 | 0.500 |  |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
