package baseline

import (
	"testing"
)

// oneBucket is a probation memory in which all meet.
func oneBucket() *candidates {
	c := newCandidates(1)
	return &c
}

func spread(i int) uint64 { return uint64(i) * 0x9e3779b97f4a7c15 }

func (c *candidates) seatTest(i int, r rank, tick uint32) (slot int, replaced bool) {
	return c.seat(spread(i), subject(i), r, tick)
}

func (c *candidates) has(i int) bool {
	return c.find(spread(i), subject(i)) >= 0
}

func TestPassingNeverReplacesAspiring(t *testing.T) {
	c := oneBucket()
	var seated []int
	for i := range 20 {
		c.seatTest(i, aspiring, 1)
	}
	for i := range 20 {
		if c.has(i) {
			seated = append(seated, i)
		}
	}
	if len(seated) != ways-passingWays {
		t.Errorf("%d aspiring candidates in a bucket, want %d", len(seated), ways-passingWays)
	}
	for i := 100; i < 10_000; i++ {
		c.seatTest(i, passing, uint32(i))
	}
	for _, i := range seated {
		if !c.has(i) {
			t.Errorf("aspiring candidate %d gave way to a stranger", i)
		}
	}
}

func TestNewcomerReplacesTheLeastValuable(t *testing.T) {
	const hour = 3600
	type seated struct {
		rank    rank
		seen    uint32
		changes uint16
	}
	full := [ways]seated{{passing, 10 * hour, 50}, {passing, 10 * hour, 50}, {aspiring, 10 * hour, 8},
		{aspiring, 10 * hour, 8}, {aspiring, 10 * hour, 8}, {aspiring, 10 * hour, 8}, {aspiring, 10 * hour, 8}, {aspiring, 10 * hour, 8}}
	for _, tc := range []struct {
		what string
		slot int
		is   seated
		want int
	}{
		{"an anonymous one", 7, seated{passing, 10 * hour, 500}, 7},
		{"the one with fewest changes", 4, seated{aspiring, 10 * hour, 1}, 4},
		{"the longest unseen of equals", 5, seated{aspiring, 10*hour - 5, 8}, 5},
		{"one with many changes, idle for long", 3, seated{aspiring, 1 * hour, 200}, 3},
	} {
		t.Run(tc.what, func(t *testing.T) {
			c := oneBucket()
			all := full
			all[tc.slot] = tc.is
			for i, s := range all {
				c.slots[i] = candidate{key: subject(i), rank: s.rank, seen: s.seen, changes: s.changes}
			}
			if slot, replaced := c.seatTest(99, aspiring, 10*hour); slot != tc.want || !replaced {
				t.Errorf("took slot %d, want %d", slot, tc.want)
			}
		})
	}
}

func TestVacantSlotsAreTakenFirst(t *testing.T) {
	c := oneBucket()
	for i := range ways {
		r := aspiring
		if i >= ways-passingWays {
			r = passing
		}
		if _, replaced := c.seatTest(i, r, 1); replaced {
			t.Fatalf("newcomer %d replaced somebody in a bucket that is not full", i)
		}
	}
	c.vacate(c.find(spread(3), subject(3)))
	if c.has(3) {
		t.Error("a vacated candidate is found")
	}
	if slot, replaced := c.seatTest(50, aspiring, 1); replaced || c.slots[slot].profile.Seen() {
		t.Error("want the vacant slot, empty")
	}
}

func TestEqualHashesAreToldApart(t *testing.T) {
	c := oneBucket()
	a, _ := c.seat(42, subject(1), aspiring, 1)
	b, _ := c.seat(42, subject(2), aspiring, 1)
	if a == b || c.find(42, subject(1)) != a || c.find(42, subject(2)) != b || c.find(42, subject(3)) != -1 {
		t.Error("subjects with one hash are mixed up")
	}
	if c.slots[a].key != subject(1) {
		t.Error("wrong key")
	}
}
