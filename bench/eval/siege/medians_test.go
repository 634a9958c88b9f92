package siege

import (
	"strings"
	"testing"
)

// Medians are over seeds, of one key at a time.
func TestMediansOverSeeds(t *testing.T) {
	campaign := func(seed uint64, within float64) Report {
		return Report{Seed: seed, Campaigns: []Campaign{{Attacker: "key_theft", Within20: within}, {Attacker: "slow_scrape", Within20: 1 - within}}}
	}
	f := Found{
		Sieges:   []Report{campaign(3, 0.9), campaign(1, 0.1), campaign(2, 0.4)},
		Poisoned: []Poisoned{{Seed: 1, World: "A", Hours: 1, Drop: 3}, {Seed: 1, World: "A", Hours: 25, Drop: 9}, {Seed: 2, World: "A", Hours: 1, Drop: 5}, {Seed: 3, World: "A", Hours: 1, Drop: 4}},
		Floods:   []Flooded{{Seed: 1, Budget: 0.005, Flood: "none", Caught: 0.2}, {Seed: 1, Flood: "none", Caught: 0.9}, {Seed: 2, Budget: 0.005, Flood: "none", Caught: 0.2}},
	}
	f.Sieges, f.Floods = append(f.Sieges, campaign(100, 0.7)), append(f.Floods, Flooded{Seed: 101, Flood: "none", Caught: 0.1})
	text := string(f.AppendMedians(nil))
	if held, rest, ok := strings.Cut(text, "\n## World API: medians over development seeds 1 2 3\n"); !ok ||
		!strings.Contains(held, "medians over held-out seeds 100\n") || !strings.Contains(held, "| key_theft | 1 | 0 | 0.700 |") ||
		!strings.Contains(held, "under a flood: medians over held-out seeds 101\n") || strings.Contains(rest, "held-out") {
		t.Errorf("held-out seeds are not apart:\n%s", text)
	}
	for _, want := range []string{
		"over development seeds 1 2 3\n", "| key_theft | 3 | 0 | 0.400 |", "| slow_scrape | 3 | 0 | 0.600 |",
		"| A |  | 1 | 0 | 0.0 % | 4.0 | 0.0 | 0.0 |", "| A |  | 25 | 0 | 0.0 % | 9.0 | 0.0 | 0.0 |",
		"| 0.5 % | none | 0 | 0 | 0 | 0.00 % | 0.00 % | +0.00 | +0.00 | +0.00 | +0.00 | 0.200 |", "| +0.00 | 0.900 |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
