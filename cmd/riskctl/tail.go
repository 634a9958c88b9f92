package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/kafka"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// defaultLines is how many events of a file or topic are shown first.
const defaultLines = 10

type tailCommand struct {
	sourceFlags
	Follow  bool          `short:"f" help:"Go on with new events until interrupted."`
	Lines   *int          `short:"n" placeholder:"N" help:"Show the last N events that match; -1 shows all. Default: 10, of standard input all, of Kafka with --follow only new ones."`
	Since   time.Duration `placeholder:"DURATION" help:"Kafka: begin with the records of so long ago, like 10m."`
	Action  []string      `placeholder:"ACTION" help:"Only decisions with one of these actions: allow, monitor, throttle, step_up, deny."`
	Subject string        `placeholder:"HEX" help:"Only events of the subject whose pseudonym begins so."`
	JSON    bool          `name:"json" help:"Print events as they were read, one JSON object per line."`
}

// Run prints events until there are no more or ctx ends, which is how following
// ends.
func (c tailCommand) Run(ctx context.Context, s streams) error {
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	if err := c.check(from); err != nil {
		return err
	}
	p, err := c.printer(s)
	if err != nil {
		return err
	}
	err = errors.Join(c.run(ctx, from, p), p.out.Flush())
	p.summary()
	if c.Follow && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (c tailCommand) check(from *source) error {
	switch {
	case from.topic == "" && c.Since != 0:
		return usage("--since %s, want --from kafka://... with it", c.Since)
	case c.Since < 0:
		return usage("--since %s, want a positive duration", c.Since)
	case from.topic != "" && c.Follow && c.Lines != nil:
		return usage("-n %d with --follow, want --since DURATION for Kafka", *c.Lines)
	}
	return nil
}

func (c tailCommand) run(ctx context.Context, from *source, p *printer) error {
	lines := -1
	switch {
	case c.Lines != nil:
		lines = *c.Lines
	case from.stream == nil:
		lines = defaultLines
	}
	switch {
	case from.topic != "":
		return c.topic(ctx, from, p, lines)
	case from.stream != nil:
		return c.stream(ctx, from, p, lines)
	}
	return tailFile(ctx, from.path, c.Follow, lines, p)
}

// stream prints standard input as it comes, unless only its end is asked for.
func (c tailCommand) stream(ctx context.Context, from *source, p *printer, lines int) error {
	p.flush = true
	if lines < 0 {
		return from.each(ctx, p.print)
	}
	last := newLatest(lines, p)
	if err := from.each(ctx, last.take); err != nil {
		return err
	}
	return last.print()
}

func (c tailCommand) topic(ctx context.Context, from *source, p *printer, lines int) error {
	begin := kafka.From{}
	if c.Since > 0 {
		begin.Time = time.Now().Add(-c.Since)
	}
	if c.Follow {
		p.flush = true
		begin.Newest = c.Since == 0
		return from.eachOf(ctx, from.topic, begin, true, p.print)
	}
	last := newLatest(lines, p)
	if err := from.eachOf(ctx, from.topic, begin, false, last.take); err != nil {
		return err
	}
	return last.print()
}

// printer prints the events that match.
type printer struct {
	s       streams
	out     *bufio.Writer
	flush   bool // after each event
	json    bool
	actions []models.Action // empty: all
	subject string          // hexadecimal prefix
	event   models.Event
	line    []byte
	foreign int64 // records that are no events
	first   error
}

func (c tailCommand) printer(s streams) (*printer, error) {
	p := &printer{s: s, out: bufio.NewWriterSize(s.out, 64<<10), json: c.JSON, subject: strings.ToLower(c.Subject)}
	for _, name := range c.Action {
		action, ok := models.ParseAction(name)
		if !ok {
			return nil, usage("--action %s, want allow, monitor, throttle, step_up or deny", name)
		}
		p.actions = append(p.actions, action)
	}
	whole := p.subject + strings.Repeat("0", len(p.subject)%2)
	if _, err := hex.DecodeString(whole); err != nil || len(whole) > 2*len(models.Pseudonym{}) {
		return nil, usage("--subject %s, want up to 32 hexadecimal digits", c.Subject)
	}
	return p, nil
}

// decode reads a record and reports whether it is to be shown.
func (p *printer) decode(r record) bool {
	if err := ocsf.Decode(r.value, &p.event); err != nil {
		if !r.cut {
			p.foreign++
			if p.first == nil {
				p.first = fmt.Errorf("%s: %w", r.place, err)
			}
		}
		return false
	}
	return p.matches(&p.event)
}

func (p *printer) matches(e *models.Event) bool {
	if len(p.actions) > 0 && (e.Kind != models.DecisionEvent || !slices.Contains(p.actions, e.Action)) {
		return false
	}
	return p.subject == "" || e.Subject != models.Anonymous && strings.HasPrefix(subject(e, 32), p.subject)
}

// print shows a record if it matches.
func (p *printer) print(r record) error {
	if !p.decode(r) {
		return nil
	}
	return p.write(r.value, &p.event)
}

func (p *printer) write(value []byte, e *models.Event) error {
	p.line = p.line[:0]
	if p.json {
		p.line = append(append(p.line, value...), '\n')
	} else {
		p.line = appendLine(p.line, e)
	}
	if _, err := p.out.Write(p.line); err != nil {
		return err
	}
	if p.flush {
		return p.out.Flush()
	}
	return nil
}

// summary tells what could not be read.
func (p *printer) summary() {
	if p.foreign > 0 {
		p.s.say("%d records are no events; the first: %v", p.foreign, p.first)
	}
}
