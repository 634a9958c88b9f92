package main

import (
	"encoding/binary"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk/adapt"
)

// callerHour is an hour of one caller, from which one example is learned: nobody
// teaches more by failing more.
type callerHour struct {
	caller models.Pseudonym // of anonymous callers: made of the address
	hour   int64            // since 1970, UTC
}

// standing is where the example of an hour stands, and what it rests on.
type standing struct {
	number  int  // in examples
	labeled bool // by the file
}

func hourOf(e *models.Event) callerHour {
	h := callerHour{e.Pseudonym, e.Time.Unix() / 3600}
	if e.Subject == models.Anonymous {
		h.caller = models.Pseudonym{}
		binary.LittleEndian.PutUint32(h.caller[:], e.Observed.Address)
	}
	return h
}

// add keeps the first example of an hour. One of the file takes the place of one of
// a step-up, and an attack of the file that of what the file says is genuine: in the
// hour of a thief its owner may have called too.
func (g *gathering) add(in callerHour, x adapt.Example, labeled bool) {
	was, again := g.hours[in]
	switch {
	case !again:
		g.hours[in] = standing{len(g.examples), labeled}
		g.examples = append(g.examples, x)
	case labeled && (!was.labeled || x.Attack && !g.examples[was.number].Attack):
		g.hours[in] = standing{was.number, true}
		g.examples[was.number] = x
	}
}

// tally counts the examples, and those of the file among them.
func (g *gathering) tally() (attacks, genuine, labeled int) {
	for i := range g.examples {
		if g.examples[i].Attack {
			attacks++
		}
	}
	for _, o := range g.hours {
		if o.labeled {
			labeled++
		}
	}
	return attacks, len(g.examples) - attacks, labeled
}
