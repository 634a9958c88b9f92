package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// job is what a machine client of the world API is there for.
type job uint8

const (
	service  job = iota // polls from a fixed address, day and night
	partner             // a batch at its own hours, from one or two addresses
	app                 // on a phone behind a carrier's shared addresses
	exporter            // very many objects every night, and a poll now and then
)

// jobOf gives the client with number i of its kind: 55 services, 20 partners, 23
// apps and 2 exporters in 100, in the smallest world one exporter.
func jobOf(i int) job {
	switch n := i * 37 % 100; {
	case n < 2:
		return exporter
	case n < 22:
		return partner
	case n < 45:
		return app
	}
	return service
}

// worker is a machine client of the world API with an API key. Its requests come
// in runs: one for each poll, many for each batch.
type worker struct {
	id        string
	job       job
	r         *rand.Rand
	addresses []netip.Addr
	carrier   netip.Prefix
	agent     string
	ja4       string
	habit     habit

	every    time.Duration // between polls of a service
	dayOnly  bool          // a third as busy by night
	hours    []time.Duration
	weekdays bool // no batches at weekends
	batch    int  // requests of a usual run
	pace     time.Duration

	day     int
	left    int // of the run that is on
	runs    []run
	at, end time.Time
	start   time.Time
	export  bool // the run is the nightly one
}

// run is a batch that is due.
type run struct {
	at     time.Time
	size   int
	pace   time.Duration
	export bool
}

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

func (w *worker) next() (time.Time, bool) {
	if w.job == service {
		w.poll()
		return w.at, w.at.Before(w.end)
	}
	if w.left > 0 {
		w.left--
		w.at = w.at.Add(time.Duration(float64(w.pace) * (0.4 + 1.2*w.r.Float64())))
		return w.at, w.at.Before(w.end)
	}
	for len(w.runs) == 0 {
		w.day++
		if !w.start.AddDate(0, 0, w.day).Before(w.end) {
			return time.Time{}, false
		}
		w.plan()
	}
	n := w.runs[0]
	w.runs = w.runs[1:]
	if n.at.After(w.at) {
		w.at = n.at
	} else {
		w.at = w.at.Add(time.Minute)
	}
	w.left, w.export, w.pace = n.size-1, n.export, n.pace
	return w.at, w.at.Before(w.end)
}

// poll waits for the pace with a tenth of jitter.
func (w *worker) poll() {
	wait := float64(w.every) * (0.95 + 0.1*w.r.Float64())
	if hour := w.at.Hour(); w.dayOnly && (hour < 6 || hour >= 20) {
		wait *= 3
	}
	w.at = w.at.Add(time.Duration(wait))
}

func (w *worker) emit(e *Event) {
	e.Time, e.Person = w.at, w.id
	e.Subject = models.Subject{Kind: models.Client, ID: w.id}
	e.Credential, e.CredentialID = models.APIKey, w.id
	e.Address = w.address()
	e.Agent, e.JA4, e.HeaderOrder = w.agent, w.ja4, uint32(len(w.agent))
	if w.export {
		e.Variant = NightExport
		w.habit.exported++
		routes[w.habit.reads].call(e, w.habit.objects+10_000+w.habit.exported, 200)
		return
	}
	w.habit.call(e, w.r, w.at)
}

// address returns one of the fixed addresses; a phone's is its home or, while it
// sticks for an hour, one of the carrier's pool.
func (w *worker) address() netip.Addr {
	if w.job != app {
		return w.addresses[w.r.IntN(len(w.addresses))]
	}
	slot := uint64(w.at.Unix() / 3600)
	fate := mix(hash64(w.id) ^ slot)
	if fate%10 < 4 {
		return w.addresses[0]
	}
	return hostIn(w.carrier, uint32(fate>>16%poolSize))
}
