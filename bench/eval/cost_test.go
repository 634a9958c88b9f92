package eval

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/riskgate/riskgate/bench/eval/measure"
	"github.com/riskgate/riskgate/bench/eval/rival"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// crowd is so many people who all have been seen on several days.
type crowd struct {
	ours *rival.Ours
	at   time.Time
	e    traffic.Event
	took time.Duration // for deciding
	each float64       // bytes of the heap by subject
}

// newCrowd lets everybody log in on four days, so many at a time as have room on
// probation.
func newCrowd(t *testing.T, n int) *crowd {
	t.Helper()
	o, err := rival.NewOurs(rival.Config{Name: "crowd", Risk: risk.DefaultConfig(), Subjects: n}, start)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.Close() })
	c := &crowd{ours: o, at: start}
	before := heap()
	together := min(n, 5_000)
	for i := range 4 * n {
		batch, day, person := i/(4*together), i/together%4, i%together
		if person == 0 {
			c.at = start.AddDate(0, 0, 4*batch+day).Add(8 * time.Hour)
		}
		c.come(batch*together + person)
		c.request()
	}
	c.each = float64(heap()-before) / float64(max(1, o.Memory().Known))
	return c
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// come begins a visit of person i.
func (c *crowd) come(i int) {
	id := strconv.Itoa(i)
	c.e = traffic.Event{
		Time: c.at, Subject: models.Subject{Kind: models.User, Issuer: traffic.UserIssuer, ID: id}, Person: id,
		Credential: models.JWT, CredentialID: fmt.Sprintf("%d-%d", i, c.at.UnixNano()), AuthTime: c.at,
		Address: netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), Place: models.Place{ASN: uint32(100 + i%900), Country: [2]byte{'N', 'O'}},
		Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", HeaderOrder: 13,
		Method: "GET", Route: "profile", Path: "/v1/me", Object: -1, Status: 200,
	}
}

// request lets the visitor send one.
func (c *crowd) request() {
	c.e.Time = c.at
	c.ours.Prepare(&c.e)
	began := time.Now()
	c.ours.Decide(&c.e)
	c.took += time.Since(began)
	c.at = c.at.Add(time.Millisecond)
}

// What a request and a subject cost: visits of ten requests by people at random.
func TestCost(t *testing.T) {
	counts := []int{20_000 / fraction}
	if whole {
		counts = []int{100_000, 1_000_000}
	}
	var costs []map[string]any
	for _, n := range counts {
		c := newCrowd(t, n)
		r := rand.New(rand.NewPCG(1, uint64(n)))
		const visits, each = 10_000 / fraction, 10
		established, allocated := 0, testing.AllocsPerRun(1000, func() {
			c.ours.Prepare(&c.e)
			c.ours.Decide(&c.e)
		})-testing.AllocsPerRun(1000, func() { c.ours.Prepare(&c.e) })
		var took []time.Duration // by visit: the median does not mind who else has the processor
		for range visits {
			c.at = c.at.Add(time.Minute)
			c.come(r.IntN(n))
			c.took = 0
			for range each {
				c.request()
			}
			took = append(took, c.took)
			if c.ours.Features().Has(models.IsEstablished) {
				established++
			}
		}
		nanos := float64(measure.Quantile(took, 0.5).Nanoseconds()) / each
		t.Logf("%d subjects: %.0f ns and %.2f allocations per request, %.0f bytes per subject; %d of %d visitors known; %+v", n, nanos, allocated, c.each, established, visits, c.ours.Memory())
		costs = append(costs, map[string]any{"subjects": n, "ns_per_request": nanos, "allocations_per_request": allocated, "bytes_per_subject": c.each})
		if established < visits*99/100 {
			t.Errorf("%d of %d visitors are known, want nearly all: memory is too small", established, visits)
		}
		if whole && c.each > 1024 {
			t.Errorf("%.0f bytes per subject, want at most 1 KiB", c.each)
		}
	}
	results["costs"] = costs
}
