package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

type replayCommand struct {
	sourceFlags
	Config  string   `type:"existingfile" placeholder:"FILE" help:"A riskgate.yaml, or a file with nothing but its section risk. Default: the defaults."`
	GeoCity string   `type:"existingfile" placeholder:"FILE" help:"A City database. Without one there are no countries and no travel."`
	GeoASN  string   `name:"geo-asn" type:"existingfile" placeholder:"FILE" help:"An ASN database."`
	List    []string `sep:"none" placeholder:"KIND=FILE" help:"A list of addresses, as in signals.geo.lists: hosting, hosting_asn, listed, relay, tor or vpn. Repeatable."`
	Save    string   `type:"path" placeholder:"DIR" help:"Keep what was learned in this new folder, for signals.baseline.store.path of a gateway. Needs --key-file."`
	KeyFile string   `type:"existingfile" placeholder:"FILE" help:"The cluster key of that gateway, see riskctl keys cluster."`
	Issuer  string   `placeholder:"URL" help:"The issuer of the tokens in which the users of the log will come, for --save."`
	Top     int      `default:"10" placeholder:"N" help:"How many clients to show. Default: ${default}."`
}

// Help is printed below the flags.
func (replayCommand) Help() string {
	return `Reads an access log in combined or common format, or recorded events, compressed with gzip or not; which of both it is shows in the first character. The engine begins with nothing, scores every request by what came before it, and learns from it, as a gateway in shadow mode would. Nothing is stored without --save.

An access log holds no credentials: the user of a line is taken for a person who was authenticated, everybody else is anonymous, and of anonymous callers only source, client, rate and enumeration speak. Header fields and handshakes are not in a log and count for nobody. Databases and lists say where its addresses are and what they belong to; AS numbers in lists need --geo-asn. A log is read into memory and sorted by time. Of recorded events everything that was observed is used, and nothing that was learned.`
}

// Run scores what was recorded from nothing.
func (c replayCommand) Run(ctx context.Context, s streams) error {
	switch {
	case c.Top < 0:
		return usage("--top %d, want 0 or more", c.Top)
	case (c.Save == "") != (c.KeyFile == ""):
		return usage("want --save and --key-file together")
	}
	engine := risk.New(risk.DefaultConfig())
	if c.Config != "" {
		var err error
		if engine, err = loadRisk(c.Config, s); err != nil {
			return err
		}
	}
	lists, err := c.lists()
	if err != nil {
		return err
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	in, close, err := from.text()
	if err != nil {
		return err
	}
	defer close()
	t := &trial{engine: engine, city: c.GeoCity, asn: c.GeoASN, lists: lists, store: c.Save, issuer: c.Issuer, report: newReport()}
	if t.keys, err = c.keys(); err != nil {
		return err
	}
	if in != nil && !looksLikeEvents(in) {
		err = t.log(ctx, in, from.name, s)
	} else {
		if from.path == "" && in != nil {
			from.stream = in
		}
		if c.GeoCity != "" || c.GeoASN != "" || lists != nil {
			s.say("recorded events say themselves where their addresses are: --geo-city, --geo-asn and --list are for logs")
		}
		err = t.events(ctx, from, s)
	}
	if err := errors.Join(err, t.close(ctx)); err != nil {
		return err
	}
	if t.report.requests == 0 {
		return withHint(fmt.Errorf("no request in %s", from.name), "want an access log in combined format, or a file of events")
	}
	if c.Save != "" {
		s.say("what was learned is in %s", c.Save)
		if t.people > 0 && c.Issuer == "" {
			s.say("hint: no gateway will find the users of the log there, for they have no issuer: again into a new folder, with --issuer and the iss of their tokens")
		}
	}
	_, err = s.out.Write(t.report.render(from.name, c.Top))
	return err
}

// lists reads the lists, all or none; nil for none.
func (c replayCommand) lists() (*geo.Lists, error) {
	files := map[string][]string{}
	for _, text := range c.List {
		kind, file, _ := strings.Cut(text, "=")
		if !slices.Contains(geo.ListKinds(), kind) || file == "" {
			return nil, usage("--list %q, want KIND=FILE with a kind of %s", text, strings.Join(geo.ListKinds(), ", "))
		}
		files[kind] = append(files[kind], file)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return geo.LoadLists(files)
}

// keys returns the keys of the cluster that what was learned is kept for.
func (c replayCommand) keys() (baseline.Keys, error) {
	if c.Save == "" {
		return trialKeys()
	}
	if entries, err := os.ReadDir(c.Save); err == nil && len(entries) > 0 {
		return baseline.Keys{}, withHint(fmt.Errorf("save: %s is not empty", c.Save), "name a new folder: what a gateway has learned is not overwritten")
	}
	return baseline.LoadKeys(c.KeyFile)
}

// text returns the source as text; nil if it is a topic.
func (s *source) text() (in *bufio.Reader, close func(), err error) {
	switch {
	case s.topic != "":
		return nil, func() {}, nil
	case s.stream != nil:
		in, err = unzipped(s.name, s.stream)
		return in, func() {}, err
	}
	f, err := os.Open(s.path)
	if err != nil {
		return nil, nil, withHint(fmt.Errorf("read requests: %w", err), "--from names an access log, or a file of events")
	}
	if in, err = unzipped(s.name, f); err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return in, func() { _ = f.Close() }, nil
}

// looksLikeEvents tells JSON from an access log.
func looksLikeEvents(in *bufio.Reader) bool {
	for n := 1; n <= in.Size(); n++ {
		head, err := in.Peek(n)
		if len(head) < n {
			return false
		}
		if text := bytes.TrimSpace(head); len(text) > 0 {
			return text[0] == '{'
		}
		if err != nil {
			return false
		}
	}
	return false
}

// log replays an access log, in the order of its times: servers write a line when
// the answer ends.
func (t *trial) log(ctx context.Context, in io.Reader, name string, s streams) error {
	lines, bad, err := traffic.ReadLog(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if len(bad) > 0 {
		s.say("%d lines are no requests and are left out; the first: %s:%d: %v", len(bad), name, bad[0].Number, bad[0].Err)
	}
	slices.SortStableFunc(lines, func(a, b traffic.Line) int { return a.Time.Compare(b.Time) })
	for i := range lines {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := t.line(&lines[i]); err != nil {
			return err
		}
	}
	return nil
}

// events replays recorded decisions in the order of the source.
func (t *trial) events(ctx context.Context, from *source, s streams) error {
	broken := 0
	err := from.each(ctx, func(r record) error {
		e := new(models.Event)
		err := ocsf.Decode(r.value, e)
		switch {
		case err != nil && !r.cut:
			if broken++; broken == 1 {
				s.say("%s: left out: %v", r.place, err)
			}
		case err == nil && e.Kind == models.DecisionEvent && e.Assessment.Base != 0:
			return t.again(e)
		}
		return nil
	})
	if broken > 1 {
		s.say("%d records are no events and are left out", broken)
	}
	return err
}
