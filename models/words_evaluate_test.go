package models_test

import (
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
)

// What the families really say is never left to the words for no fact at all,
// where one of its facts is meant to be read.
func TestEveryFactThatIsSaidHasWords(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	told := map[models.Group]map[models.FactCode]bool{}
	for range 20000 {
		var f models.Features
		some, others := models.Flag(r.Uint32()), models.Flag(r.Uint32())
		f.Flags = some & others
		for i := range f.Values {
			if r.IntN(3) > 0 {
				f.Values[i] = float32(r.ExpFloat64() * []float64{0.3, 3, 300}[r.IntN(3)])
			}
		}
		f.Set(models.SanityRule, float64(r.IntN(128)))
		f.Set(models.TokenStatus, float64(r.IntN(4)))
		var set models.EvidenceSet
		signals.Evaluate(&f, &set)
		for g := range set {
			for _, fact := range set[g].Facts {
				if fact.Code == models.NoFact {
					continue
				}
				if told[models.Group(g)] == nil {
					told[models.Group(g)] = map[models.FactCode]bool{}
				}
				told[models.Group(g)][fact.Code] = true
			}
		}
	}
	silent := map[models.FactCode]bool{
		models.FactActor:     true,
		models.FactHandshake: true, // earlier events say the same without it
	}
	for g, codes := range told {
		var none models.Evidence
		alone := string(models.AppendWords(nil, g, &none, 1))
		for code := range codes {
			e := models.Evidence{Facts: [models.MaxFacts]models.Fact{{Code: code, Value: 2}}}
			if got := string(models.AppendWords(nil, g, &e, 1)); (got == alone) != silent[code] {
				t.Errorf("%s says %s, in words %q", g, code, got)
			}
		}
	}
	if len(told) < 12 {
		t.Errorf("only %d groups said anything", len(told))
	}
}
