package traffic

import (
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
