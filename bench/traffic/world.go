// Package traffic generates labeled requests of honest users, machine clients
// and attackers from a seed, and reads recorded ones from access logs.
package traffic

import (
	"container/heap"
	"iter"
	"math/rand/v2"
	"time"
)

// Config describes a world. The zero value has nobody in it.
type Config struct {
	// Seed determines everything. Equal configurations give equal events.
	Seed uint64
	// Start is the first moment, best a midnight UTC.
	Start time.Time
	// Days is how long the world lasts.
	Days int
	// Users is the number of honest people.
	Users int
	// Everyone makes every user come on every day: the hardest first day. Else
	// each comes as often as its frequency class says.
	Everyone bool
	// Machines is the number of honest machine clients.
	Machines int
	// Naive is the number of account takeovers from another country with another
	// device, on the last day. Only where World is "".
	Naive int
	// World says what kind of world it is. The zero value is that of the fixture
	// networks, in which nobody but Naive attacks.
	World World
	// Attacks are the attackers of a World.
	Attacks []Attack
	// Drift is the day, from 0, from which people have other habits: more of them
	// on the move and behind a VPN, browsers updated faster. 0: never. Only in the
	// worlds A and B.
	Drift int
}

// DayOne is the world of the first day with a gateway that knows nobody: 10,000
// users, each of whom comes, and 500 machine clients.
func DayOne(seed uint64, start time.Time) Config {
	return Config{Seed: seed, Start: start, Days: 1, Users: 10_000, Everyone: true, Machines: 500}
}

// Events returns the events of the world in order of time. The event passed on
// is reused: it is valid until the next one.
func (c Config) Events() iter.Seq[*Event] {
	if c.World == WorldA || c.World == WorldB {
		return c.logins()
	}
	return func(yield func(*Event) bool) {
		if c.World != WorldAPI {
			c.play(c.population())(yield)
			return
		}
		p := newPlot(&c)
		q := c.apiPopulation(p)
		p.plans().with(c.play(q))(yield)
	}
}

// play returns the requests of everybody in order of time.
func (c Config) play(q queue) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		var e Event
		heap.Init(&q)
		for len(q) > 0 {
			a := q[0]
			e = Event{}
			a.source.emit(&e)
			if c.World == WorldAPI {
				e.complete()
			}
			if !yield(&e) {
				return
			}
			if next, ok := a.source.next(); ok {
				q[0].at = next
				heap.Fix(&q, 0)
			} else {
				heap.Pop(&q)
			}
		}
	}
}

// source is somebody who sends requests, one after the other.
type source interface {
	// next returns the time of the next request, in order, until there are none.
	next() (time.Time, bool)
	// emit fills in the request that next announced.
	emit(e *Event)
}

// population creates everybody who sends at least one request.
func (c Config) population() queue {
	var q queue
	add := func(s source) {
		if at, ok := s.next(); ok {
			q = append(q, &entry{at: at, order: len(q), source: s})
		}
	}
	for i := range c.Users {
		add(newUser(c, i))
	}
	for i := range c.Machines {
		add(newMachine(c, i))
	}
	for i := range c.Naive {
		add(newNaive(c, i))
	}
	return q
}

// Streams of random numbers are told apart by what they are for.
const (
	userStream = iota + 1
	sessionStream
	machineStream
	attackStream
	personStream
	planStream
	visitStream
	modelStream
	roamStream
	donorStream
	noiseStream
	workerStream
	stuffingStream
	poisonStream
	floodStream
	driftStream
)

// random returns the generator of one purpose for one number.
func (c Config) random(stream, i uint64) *rand.Rand {
	return rand.New(rand.NewPCG(c.Seed, stream<<56|i))
}

func (c Config) end() time.Time { return c.Start.AddDate(0, 0, c.Days) }

// entry is a source waiting for its turn; queue orders them by time, then by
// creation.
type entry struct {
	at     time.Time
	order  int
	source source
}

type queue []*entry

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}
	return q[i].order < q[j].order
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(*entry)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
