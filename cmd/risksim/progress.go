package main

import (
	"io"
	"time"
)

// progress tells from time to time how far a run has come.
type progress struct {
	out  io.Writer
	what string // "requests sent"
	told time.Time
	end  time.Time // of the world
}

// patience is how long a run may be silent.
const patience = 5 * time.Second

func newProgress(out io.Writer, what string, now, end time.Time) *progress {
	return &progress{out: out, what: what, told: now, end: end}
}

// tell is told at every request.
func (p *progress) tell(now time.Time, n int, world time.Time) {
	if now.Sub(p.told) < patience {
		return
	}
	p.told = now
	say(p.out, "risksim: %d %s, at %s of a world until %s\n", n, p.what, world.UTC().Format(time.DateTime), p.end.UTC().Format(time.DateTime))
}

// now tells at every 256th request, for runs that wait for nobody.
func (p *progress) now(n int, world time.Time) {
	if n%256 == 0 {
		p.tell(time.Now(), n, world)
	}
}
