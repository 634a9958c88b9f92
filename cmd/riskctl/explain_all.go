package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// progressEvery is how often the rate is shown.
const progressEvery = 5 * time.Second

// errDiffers says that recomputing found differences, which were printed.
var errDiffers = errors.New("NOT bit-identical")

// tally counts what became of the records of a source.
type tally struct {
	known   *sections
	s       streams
	event   models.Event
	started time.Time
	shown   time.Time

	scored    int64 // recomputed
	different int64
	unscored  int64 // refusals before authentication
	broken    int64 // no events
	missing   int64 // of those that differ: the risk section was not found
	told      map[[8]byte]bool
}

// explainAll recomputes every decision of the source. Memory does not depend on
// how many there are.
func explainAll(ctx context.Context, from *source, known *sections, s streams) error {
	if err := known.scan(ctx, from, func() bool { return false }); err != nil {
		return err
	}
	t := &tally{known: known, s: s, started: time.Now(), told: map[[8]byte]bool{}}
	t.shown = t.started
	if err := from.each(ctx, t.take); err != nil {
		return err
	}
	return t.finish(from)
}

// take recomputes one record.
func (t *tally) take(r record) error {
	t.progress()
	if t.known.take(r) {
		return nil
	}
	e := &t.event
	if err := ocsf.Decode(r.value, e); err != nil {
		if r.cut {
			t.s.say("%s: the last line has no end and is left out", r.place)
			return nil
		}
		t.broken++
		return t.print(r, err)
	}
	if e.Kind != models.DecisionEvent && e.Assessment.Base == 0 {
		t.unscored++
		return nil
	}
	t.scored++
	engine, err := t.known.of(e)
	if err != nil {
		return t.without(r, e, err)
	}
	if err = pipeline.Verify(e, engine); err == nil {
		err = ocsf.CheckMessage(r.value, e)
	}
	if err == nil {
		return nil
	}
	t.different++
	return t.print(r, fmt.Errorf("%s: %w", ocsf.AppendUUID(nil, e.ID), err))
}

// without counts a decision whose risk section is missing, and tells of the
// first of each.
func (t *tally) without(r record, e *models.Event, err error) error {
	t.different++
	t.missing++
	if t.told[e.ConfigHash] {
		return nil
	}
	t.told[e.ConfigHash] = true
	return t.print(r, err)
}

func (t *tally) print(r record, err error) error {
	_, err = fmt.Fprintf(t.s.out, "%s: %v\n", r.place, err)
	return err
}

func (t *tally) progress() {
	if t.scored%1024 != 0 {
		return
	}
	if now := time.Now(); now.Sub(t.shown) >= progressEvery {
		t.shown = now
		t.s.say("%d recomputed, %.0f/s", t.scored, t.rate(now))
	}
}

func (t *tally) rate(now time.Time) float64 {
	return float64(t.scored) / max(now.Sub(t.started).Seconds(), 1e-9)
}

func (t *tally) finish(from *source) error {
	if _, err := fmt.Fprintf(t.s.out, "%d recomputed, %d different, %d unreadable, %d never scored\n",
		t.scored, t.different, t.broken, t.unscored); err != nil {
		return err
	}
	now := time.Now()
	t.s.say("%.1f s, %.0f/s", now.Sub(t.started).Seconds(), t.rate(now))
	switch {
	case t.missing > 0:
		return withHint(fmt.Errorf("%w: %d decisions without their risk section", errDiffers, t.missing),
			"--config-from FILE takes it from the riskgate.yaml of that time; in standard input it must come before them")
	case t.different+t.broken > 0:
		return errDiffers
	case t.scored == 0:
		return noDecisions(from)
	}
	return nil
}

func noDecisions(from *source) error {
	return withHint(fmt.Errorf("no decision in %s", from.name), "riskctl tail shows the events there are")
}
