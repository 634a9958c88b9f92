package baseline

import (
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// Against a map, through growth and removal, also when all hashes are equal.
func TestIndexIsAMap(t *testing.T) {
	for name, key := range map[string]hasher{
		"spread":       newHasher(testKeys(t, 1)),
		"equal hashes": {}, // of the zero key, all hashes are zero
	} {
		t.Run(name, func(t *testing.T) {
			a := newArena(300)
			x := index{hash: key, arena: a}
			truth := make(map[models.Pseudonym]entryID)
			rng := rand.New(rand.NewPCG(7, 8))
			for range 20_000 {
				p := subject(rng.IntN(400))
				got := x.find(key.sum(p), p)
				if got != truth[p] {
					t.Fatalf("found %d, want %d", got, truth[p])
				}
				switch {
				case got != 0:
					x.remove(key.sum(p), got)
					delete(truth, p)
					a.give(got)
				case len(truth) < 300:
					id := a.take()
					a.at(id).key = p
					x.put(key.sum(p), id)
					truth[p] = id
				}
				if x.n != len(truth) {
					t.Fatalf("%d in the index, want %d", x.n, len(truth))
				}
			}
		})
	}
}
