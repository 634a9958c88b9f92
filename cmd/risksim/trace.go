package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/riskgate/riskgate/bench/eval"
	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

const traceUsage = `risksim trace --world A|B|API [--seed N] [--attackers LIST] --out FILE
risksim trace --world A|B|API [--seed N] [--attackers LIST] --format events --out FILE --labels FILE

Writes a simulated, labeled world as JSON lines. The same flags always write the
same bytes. --format traffic writes what was sent, one request a line, with who
really sent it. --format events lets a gateway that knows nobody decide every
request, in simulated time, and writes its events as the gateway does, the risk
section first; whoever sent them stands in the file of --labels, by event id.
docs/reference/risksim.md explains the fields.
`

// traceOptions are the command line of risksim trace.
type traceOptions struct {
	worldOptions
	out, format, labels string
	limit               int
}

func parseTrace(args []string, stderr io.Writer) (o traceOptions, err error) {
	flags := newFlags("risksim trace", traceUsage, stderr)
	o.register(flags, "A")
	flags.StringVar(&o.out, "out", "", "file to write; -: standard output")
	flags.StringVar(&o.format, "format", "traffic", "traffic, or events: as a gateway writes them")
	flags.StringVar(&o.labels, "labels", "", "file for the labels of --format events")
	flags.IntVar(&o.limit, "limit", 0, "write only the first requests; 0: all")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("%q is no option", flags.Arg(0))
	case o.out == "":
		return o, errors.New("--out is missing")
	case o.format != "traffic" && o.format != "events":
		return o, fmt.Errorf("--format %s, want traffic or events", o.format)
	case (o.format == "events") != (o.labels != ""):
		return o, errors.New("--labels goes with --format events, and that with --labels")
	case o.limit < 0:
		return o, fmt.Errorf("--limit %d, want a number from 0", o.limit)
	}
	_, err = o.config()
	return o, err
}

// writeTrace does what risksim trace is asked for.
func writeTrace(o traceOptions, stdout, stderr io.Writer) error {
	c, err := o.config()
	if err != nil {
		return err
	}
	out, err := newLines(o.out, stdout)
	if err != nil {
		return err
	}
	tellFewer(stderr, c)
	p := newProgress(stderr, "requests written", time.Now(), c.Start.AddDate(0, 0, c.Days))
	if o.format == "events" {
		labels, err := newLines(o.labels, stdout)
		if err != nil {
			return errors.Join(err, out.close())
		}
		err = decide(c, o.limit, out, labels, p)
		say(stderr, "risksim: %d events\n", labels.n)
		return errors.Join(err, out.close(), labels.close())
	}
	for e := range c.Events() {
		if o.limit > 0 && out.n == o.limit || out.write(lineOf(e)) != nil {
			break
		}
		p.now(out.n, e.Time)
	}
	say(stderr, "risksim: %d requests\n", out.n)
	return out.close()
}

// decide lets a gate decide every request and writes its events. Honest people
// answer their challenges at once and repeat the request.
func decide(c traffic.Config, limit int, out, labels *lines, p *progress) error {
	g, err := eval.NewGate(eval.DefaultConfig(), traffic.Atlas{}, c.Start)
	if err != nil {
		return err
	}
	err = out.raw(ocsf.AppendEvent(nil, &models.Event{
		Kind: models.ConfigEvent, Time: c.Start, Node: "eval", Boot: 1,
		ConfigHash: risk.New(eval.DefaultConfig().Risk).Hash(), Payload: g.Section(),
	}, ocsf.Options{}))
	if err != nil {
		return errors.Join(err, g.Close())
	}
	var text []byte
	known := serials{}
	write := func(e *traffic.Event, ev *models.Event) error {
		ev.Observed.DeviceToken = known.of(ev.Observed.DeviceToken)
		text = ocsf.AppendEvent(text[:0], ev, ocsf.Options{Privacy: ocsf.Clear, Version: "risksim"})
		return errors.Join(out.raw(text), labels.write(labelOf(e, ev.ID)))
	}
	for e := range c.Events() {
		if limit > 0 && labels.n >= limit {
			break
		}
		if err = decideOne(g, e, write); err != nil {
			break
		}
		p.now(labels.n, e.Time)
	}
	return errors.Join(err, g.Close())
}

func decideOne(g *eval.Gate, e *traffic.Event, write func(*traffic.Event, *models.Event) error) error {
	if e.Credential == models.NoCredential && e.Class != models.Login {
		return write(e, g.Refuse(e))
	}
	g.Begin(e)
	ev := g.Serve(e, false)
	err := write(e, ev)
	if err == nil && e.Label == traffic.Honest && ev.Denial == models.StepUpRequired {
		err = write(e, g.Serve(e, true))
	}
	return err
}

// serials numbers the hashes of device tokens, which are random, so that equal flags
// give equal bytes. 0, for none, stays 0.
type serials map[uint32]uint32

func (s serials) of(hash uint32) uint32 {
	if hash == 0 {
		return 0
	}
	if s[hash] == 0 {
		s[hash] = uint32(len(s) + 1)
	}
	return s[hash]
}

// lines writes JSON lines to a file. Its first error is kept.
type lines struct {
	file *os.File // nil: not ours to close
	w    *bufio.Writer
	json *json.Encoder
	n    int
	err  error
}

func newLines(path string, stdout io.Writer) (*lines, error) {
	l := &lines{}
	w := stdout
	if path != "-" {
		f, err := os.Create(path)
		if err != nil {
			return nil, err
		}
		l.file, w = f, f
	}
	l.w = bufio.NewWriterSize(w, 1<<20)
	l.json = json.NewEncoder(l.w)
	l.json.SetEscapeHTML(false)
	return l, nil
}

func (l *lines) write(v any) error {
	if l.err == nil {
		l.err = l.json.Encode(v)
		l.n++
	}
	return l.err
}

func (l *lines) raw(text []byte) error {
	if l.err == nil {
		_, l.err = l.w.Write(append(text, '\n'))
		l.n++
	}
	return l.err
}

func (l *lines) close() error {
	err := errors.Join(l.err, l.w.Flush())
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
	}
	return err
}
