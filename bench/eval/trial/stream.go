package trial

import (
	"sync"

	"github.com/riskgate/riskgate/bench/traffic"
)

// batch is some events in a row, with what the book says of each. Scorers read it
// only.
type batch struct {
	events []traffic.Event
	marks  []mark
}

const (
	batchSize = 1024
	ahead     = 4 // batches that a scorer may be behind
)

// broadcast reads the world once and shows every event to every scorer, each in a
// goroutine of its own. It returns when all are done.
func broadcast(c *Config, b *book, scorers []*scorer) {
	var done sync.WaitGroup
	lines := make([]chan *batch, len(scorers))
	for i, s := range scorers {
		lines[i] = make(chan *batch, ahead)
		done.Go(func() {
			for bt := range lines[i] {
				for k := range bt.events {
					s.take(&bt.events[k], bt.marks[k])
				}
			}
		})
	}
	events := 0
	next := &batch{}
	send := func() {
		events += len(next.events)
		if c.Progress != nil && len(next.events) > 0 {
			c.Progress(events, next.events[len(next.events)-1].Time)
		}
		for _, line := range lines {
			line <- next
		}
		next = &batch{}
	}
	for e := range c.events() {
		next.events = append(next.events, *e)
		next.marks = append(next.marks, b.enter(e))
		if len(next.events) == batchSize {
			send()
		}
	}
	send()
	for _, line := range lines {
		close(line)
	}
	done.Wait()
}
