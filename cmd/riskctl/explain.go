package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/kafka"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

type explainCommand struct {
	EventID string `arg:"" optional:"" name:"event-id" help:"The id of the event: metadata.uid, or the header ce_id."`
	sourceFlags
	ConfigFrom string `type:"existingfile" placeholder:"FILE" help:"A riskgate.yaml that holds the risk section the decision was made by, where the stream no longer does."`
	All        bool   `help:"Recompute every decision of the source and print each that differs."`
	JSON       bool   `name:"json" help:"Print the explanation as JSON."`
}

// Run explains one decision, or checks all.
func (c explainCommand) Run(ctx context.Context, s streams) error {
	switch {
	case c.All == (c.EventID != ""):
		return usage("want an EVENT-ID or --all")
	case c.All && c.JSON:
		return usage("--json explains one event, want no --all")
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	known := newSections()
	if err := known.load(c.ConfigFrom); err != nil {
		return err
	}
	if c.All {
		return explainAll(ctx, from, known, s)
	}
	id, err := parseID(c.EventID)
	if err != nil {
		return err
	}
	return c.one(ctx, from, known, id, s)
}

// parseID reads a UUID with or without hyphens.
func parseID(text string) (id models.EventID, err error) {
	digits := strings.ReplaceAll(text, "-", "")
	if n, err := hex.Decode(id[:], []byte(digits[:min(len(digits), 2*len(id))])); err != nil || n != len(id) || len(digits) != 2*len(id) {
		return id, usage("%q is no event id, want a UUID like 01990f6e-5c80-7000-8000-000000000000", text)
	}
	return id, nil
}

func (c explainCommand) one(ctx context.Context, from *source, known *sections, id models.EventID, s streams) error {
	event, value, err := find(ctx, from, known, id)
	if err != nil {
		return err
	}
	if event.Assessment.Base == 0 {
		return unscored(event)
	}
	found := func() bool { return known.engines[event.ConfigHash] != nil }
	if err := known.scan(ctx, from, found); err != nil {
		return err
	}
	engine, err := known.of(event)
	if err != nil {
		return err
	}
	x, err := pipeline.Explain(event, engine)
	if err == nil {
		err = ocsf.CheckMessage(value, event)
	}
	if err != nil {
		return refused(err)
	}
	if c.JSON {
		text, err := json.MarshalIndent(x, "", "  ")
		if err != nil {
			return fmt.Errorf("encode explanation: %w", err)
		}
		_, err = fmt.Fprintf(s.out, "%s\n", text)
		return err
	}
	_, err = s.out.Write(render(event, x, engine))
	return err
}

func refused(err error) error {
	if errors.Is(err, pipeline.ErrDifferent) || errors.Is(err, ocsf.ErrMessage) {
		return withHint(fmt.Errorf("NOT bit-identical: %w", err),
			"the event was changed after it left the gateway, or was made by another version of riskgate than %s", version)
	}
	return err
}

// unscored says why there is nothing to explain.
func unscored(e *models.Event) error {
	if e.Kind == models.DecisionEvent {
		return fmt.Errorf("NOT bit-identical: %w: a decision without a score", pipeline.ErrDifferent)
	}
	return fmt.Errorf("%w: %s", pipeline.ErrUnscored, e.Denial)
}

// find returns the event with that id, and its record. Risk sections met on the
// way are kept.
func find(ctx context.Context, from *source, known *sections, id models.EventID) (found *models.Event, value []byte, err error) {
	text := string(ocsf.AppendUUID(nil, id))
	look := func(r record) error {
		if known.take(r) || !bytes.Contains(r.value, []byte(text)) {
			return nil
		}
		e := &models.Event{}
		err := ocsf.Decode(r.value, e)
		switch {
		case err != nil:
			return fmt.Errorf("%s: the event cannot be read: %w", r.place, err)
		case e.ID != id:
			return nil // it only mentions the id
		}
		found, value = e, bytes.Clone(r.value)
		return errEnough
	}
	err = from.search(ctx, id, look)
	if err == nil && found == nil {
		err = withHint(fmt.Errorf("no event %s in %s", text, from.name), "riskctl tail --json shows the events there are")
	}
	return found, value, err
}

// search gives fn the records among which the event must be.
func (s *source) search(ctx context.Context, id models.EventID, fn func(record) error) error {
	if s.topic != "" {
		return s.eachOf(ctx, s.topic, kafka.From{Time: timeOf(id)}, false, fn)
	}
	done := false
	look := func(r record) error {
		err := fn(r)
		done = done || errors.Is(err, errEnough)
		return err
	}
	if err := s.each(ctx, look); err != nil || done || s.path == "" {
		return err
	}
	if err := eachOfFile(ctx, s.path+rotated, look); !isMissing(err) {
		return err
	}
	return nil
}

// timeOf returns a time before which no record of the event was made. It is zero
// for ids that are no UUIDv7.
func timeOf(id models.EventID) time.Time {
	if id[6]>>4 != 7 {
		return time.Time{}
	}
	var milli int64
	for _, b := range id[:6] {
		milli = milli<<8 | int64(b)
	}
	return time.UnixMilli(milli).Add(-time.Minute)
}
