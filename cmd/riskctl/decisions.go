package main

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

const (
	// blockBytes is how much one worker reads at a time.
	blockBytes = 512 << 10
	// blocksAhead bounds what is read and not yet judged, for each worker.
	blocksAhead = 4
)

// census counts what was found in a source.
type census struct {
	decisions int64 // scored
	unscored  int64 // decisions refused before they were scored
	others    int64 // events of other kinds
	broken    int64
	wrong     string // about the first that is broken
	cut       bool   // the last line has no end and is left out
	first     int64  // Unix ms of the earliest decision
	last      int64
}

// slab is a run of records, and what a worker made of them.
type slab[T any] struct {
	text   []byte
	ends   []int // of each record in text
	places []place
	cut    bool // the last record
	out    []T
	found  census
	done   chan struct{}
}

// eachDecision reads every scored decision of the source. Workers make a T of
// each; judge gives each worker its own way to do so. Take gets the results one by
// one, in the order of the source.
func eachDecision[T any](ctx context.Context, from *source, s streams, judge func() func(*ocsf.Brief) T, take func(*T)) (census, error) {
	workers := runtime.GOMAXPROCS(0)
	work, order := make(chan *slab[T], workers), make(chan *slab[T], workers*blocksAhead)
	var working, taking sync.WaitGroup
	for range workers {
		working.Go(func() {
			one := judge()
			for b := range work {
				b.judge(one)
				close(b.done)
			}
		})
	}
	var all census
	taking.Go(func() {
		shown := time.Now()
		for b := range order {
			<-b.done
			for i := range b.out {
				take(&b.out[i])
			}
			all.add(&b.found)
			if now := time.Now(); now.Sub(shown) >= progressEvery {
				shown = now
				s.say("%d decisions", all.decisions)
			}
		}
	})
	err := cutInto(ctx, from, func(b *slab[T]) {
		b.done = make(chan struct{})
		order <- b
		work <- b
	})
	close(work)
	close(order)
	working.Wait()
	taking.Wait()
	return all, err
}

// cutInto copies the records of the source into slabs.
func cutInto[T any](ctx context.Context, from *source, send func(*slab[T])) error {
	b := new(slab[T])
	err := from.each(ctx, func(r record) error {
		if len(b.text)+len(r.value) > blockBytes && len(b.ends) > 0 {
			send(b)
			b = &slab[T]{text: make([]byte, 0, blockBytes+len(r.value))}
		}
		b.text = append(b.text, r.value...)
		b.ends, b.places, b.cut = append(b.ends, len(b.text)), append(b.places, r.place), r.cut
		return nil
	})
	send(b)
	return err
}

// judge makes a T of every scored decision.
func (b *slab[T]) judge(one func(*ocsf.Brief) T) {
	var brief ocsf.Brief
	b.out = make([]T, 0, len(b.ends))
	from := 0
	for i, end := range b.ends {
		err := ocsf.ReadBrief(b.text[from:end], &brief)
		from = end
		switch n := &b.found; {
		case err != nil && b.cut && i == len(b.ends)-1:
			n.cut = true
		case err != nil:
			if n.broken++; n.broken == 1 {
				n.wrong = b.places[i].String() + ": " + err.Error()
			}
		case brief.Kind != models.DecisionEvent:
			n.others++
		case !brief.Scored:
			n.unscored++
		default:
			n.see(brief.Milli)
			b.out = append(b.out, one(&brief))
		}
	}
	b.text, b.ends, b.places = nil, nil, nil
}

func (n *census) see(milli int64) {
	if n.decisions == 0 {
		n.first, n.last = milli, milli
	}
	n.decisions++
	n.first, n.last = min(n.first, milli), max(n.last, milli)
}

func (n *census) add(m *census) {
	if m.decisions > 0 {
		if n.decisions == 0 {
			n.first, n.last = m.first, m.last
		}
		n.first, n.last = min(n.first, m.first), max(n.last, m.last)
	}
	if n.broken == 0 {
		n.wrong = m.wrong
	}
	n.decisions += m.decisions
	n.unscored += m.unscored
	n.others += m.others
	n.broken += m.broken
	n.cut = n.cut || m.cut
}

// tell says what was left out, and fails where there was nothing at all.
func (n *census) tell(from *source, s streams) error {
	if n.cut {
		s.say("the last line has no end and is left out")
	}
	if n.broken > 0 {
		s.say("%d records are no events and are left out; the first: %s", n.broken, n.wrong)
	}
	if n.decisions == 0 {
		return noDecisions(from)
	}
	return nil
}

// span returns the first and the last time of a decision.
func (n *census) span() (first, last time.Time) {
	return time.UnixMilli(n.first).UTC(), time.UnixMilli(n.last).UTC()
}
