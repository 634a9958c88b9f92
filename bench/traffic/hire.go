package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"
)

func newWorker(c *Config, i int) *worker {
	r := c.random(workerStream, uint64(i))
	w := &worker{id: "client-" + decimal(int64(i)), job: jobOf(i), r: r, day: -1, at: c.Start, start: c.Start, end: c.end()}
	library := r.IntN(len(libraries))
	w.agent, w.ja4 = libraries[library], libraryJA4(library)
	w.habit = newHabit(r, int64(20_000_000+i*20_000))
	network := pick(r, clouds)
	if chance(r, 0.4) {
		network = pick(r, offices)
	}
	first := r.Uint32()
	for n := range 1 + r.Uint32N(2) {
		w.addresses = append(w.addresses, hostIn(network, first+n))
	}
	switch w.job {
	case service:
		w.employ(r)
	case partner:
		w.batch, w.pace, w.weekdays = 40+r.IntN(260), time.Duration(300+r.IntN(1700))*time.Millisecond, chance(r, 0.5)
		for range 1 + r.IntN(3) {
			w.hours = append(w.hours, time.Duration(r.Float64()*22*float64(time.Hour)))
		}
	case app:
		w.carrier, w.batch, w.pace = pick(r, carriers), 8+r.IntN(20), 3*time.Second
		w.agent, w.ja4 = "okhttp/5.1.0", libraryJA4(2)
		w.addresses = []netip.Addr{hostIn(pick(r, []netip.Prefix{homeBerlin, homeHamburg, cableCologne}), r.Uint32())}
	case exporter:
		w.batch, w.pace = 2000+r.IntN(4000), time.Duration(500+r.IntN(400))*time.Millisecond
		w.hours = []time.Duration{time.Duration((1 + 2*r.Float64()) * float64(time.Hour))}
		w.habit.reads = invoicesRead
	}
	return w
}

// employ gives a service its pace: a few minutes, one in 30 a few seconds.
func (w *worker) employ(r *rand.Rand) {
	w.every = time.Duration(120 * math.Pow(8, r.Float64()) * float64(time.Second))
	if chance(r, 0.03) {
		w.every = time.Duration(15+r.IntN(15)) * time.Second
	}
	w.dayOnly = chance(r, 0.3)
	w.at = w.at.Add(time.Duration(r.Float64() * float64(w.every)))
}

func libraryJA4(n int) string { return fmt.Sprintf("t13d%02d11h1_%012x_%012x", 10+n, n+1, n+7) }
