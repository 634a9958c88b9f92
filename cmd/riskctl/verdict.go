package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
)

type verdictCommand struct {
	Kind    string   `arg:"" enum:"confirm,forgive,quarantine,report" help:"What is known: ${enum}."`
	Subject string   `arg:"" help:"The caller: 32 hex digits, as in actor.user.uid of its events and in riskctl explain."`
	File    string   `required:"" placeholder:"FILE" help:"The file to append to: verdict.file of the gateways. It is made if there is none."`
	For     string   `placeholder:"DURATION" help:"How long a confirm or a quarantine holds, like 8h or 7d, at most 366d. Default 24h."`
	Since   string   `placeholder:"WHEN" help:"From when on a report, a confirm or a quarantine speaks: an RFC 3339 time, a date, or a time ago like 90m or 3d. A report needs it."`
	Nats    *float64 `placeholder:"NATS" help:"What a quarantine adds, above 0 and at most 16, default 8; or what a confirm does, from -6 to 0, default -3."`
	Reason  string   `placeholder:"TEXT" help:"Why, for the record; at most 256 bytes."`
	By      string   `placeholder:"TEXT" help:"Who says so, for the record; at most 64 bytes."`
}

// Help is printed below the flags.
func (verdictCommand) Help() string {
	return `Appends a verdict to the file that gateways read. They apply it within seconds.

confirm: the caller and what it comes with are genuine. Until that expires its score is lowered, what it does is learned in full, and nothing new about it is reported. Every network, device and token of it that is on probation is trusted from now on, with --since only those last counted from then on, and a freeze ends. Ends a quarantine.

forgive: what its requests left behind no longer counts, nor do challenges that it did not answer. Ends a quarantine.

quarantine: something speaks against it that its requests do not show. Until that expires its score is raised: under the default section risk 8 nats refuse it; 4 ask it to step up, and refuse it if it cannot. Ends a confirm.

report: from --since on, at most 90 days ago, somebody else may have been acting as it. What was learned since is forgotten, and nothing is learned for a week, or until a step-up is passed or a confirm says otherwise. Ends a confirm. It refuses nobody: add a quarantine for that.

Verdicts act through the score, so none refuses where risk.mode is shadow. Lines may be removed from the file: when they have expired, and those of a forgive or a report once the caller has called again and what they ended has expired.

Exit code 1: the file cannot be written, or has a mistake; nothing was appended.`
}

// Run appends.
func (c verdictCommand) Run(s streams) error {
	v, err := c.verdict(time.Now().UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	if err := writeVerdict(c.File, &v); err != nil {
		return err
	}
	s.say("hint: gateways with verdict.file %s apply it within seconds; GET /-/verdicts of the admin address counts them", clean(c.File))
	_, err = fmt.Fprintln(s.out, describe(&v))
	return err
}

func (c *verdictCommand) verdict(now time.Time) (v verdict.Verdict, err error) {
	v.Kind, _ = models.ParseVerdictKind(c.Kind) // kong has checked it
	v.At, v.Nats, v.Reason, v.By = now, verdict.DefaultNats(v.Kind), c.Reason, c.By
	if c.Nats != nil {
		v.Nats = *c.Nats
	}
	if v.Subject, err = verdict.ParseSubject(c.Subject); err != nil {
		return v, usage("%v", err)
	}
	if v.Expires, err = c.expires(&v); err != nil {
		return v, err
	}
	if c.Since != "" {
		if v.Since, err = parsePast(c.Since, now); err != nil {
			return v, err
		}
	}
	if err := v.Complete(); err != nil {
		return v, usage("%s: %v", c.Kind, err)
	}
	return v, nil
}

// expires returns when v does, zero where it does not.
func (c *verdictCommand) expires(v *verdict.Verdict) (time.Time, error) {
	temporary := v.Kind == models.Confirm || v.Kind == models.Quarantine
	switch d, ok := parseSpan(cmp.Or(c.For, "24h")); {
	case !temporary && c.For == "":
		return time.Time{}, nil
	case !temporary:
		return v.At, usage("--for %s, want none: a %s takes effect once", clean(c.For), v.Kind)
	case !ok || d <= 0:
		return v.At, usage("--for %s, want a time like 8h or 7d", clean(c.For))
	default:
		return v.At.Add(d), nil
	}
}

// parsePast reads a time, or how long ago it was.
func parsePast(text string, now time.Time) (time.Time, error) {
	if d, ok := parseSpan(text); ok {
		return now.Add(-d), nil
	}
	t, ok := parseWhen(text, now)
	if !ok {
		return t, usage("--since %s, want 2026-09-20, 2026-09-20T12:00:00Z, 3d or 90m", clean(text))
	}
	return t, nil
}

// writeVerdict appends v to a file of verdicts without a mistake, in one write.
func writeVerdict(name string, v *verdict.Verdict) error {
	if err := verdict.CheckFile(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("append to verdicts: %w", err)
	}
	defer func() { _ = file.Close() }() // Sync tells what is wrong
	last := &lastByte{Reader: file, b: '\n'}
	all, err := verdict.Read(name, last, time.Now())
	if err != nil {
		return withHint(err, "correct the file: no gateway takes it as it is; nothing was appended")
	}
	if len(all) >= verdict.MaxVerdicts {
		return withHint(fmt.Errorf("%s holds %d verdicts, want fewer", clean(name), len(all)), "remove those that have expired")
	}
	var line []byte
	if last.b != '\n' {
		line = append(line, '\n')
	}
	line = append(v.AppendLine(line), '\n')
	if _, err := file.Write(line); err != nil {
		return fmt.Errorf("append to verdicts: %w", err)
	}
	return file.Sync()
}

// lastByte remembers the last byte that was read.
type lastByte struct {
	io.Reader
	b byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.b = p[n-1]
	}
	return n, err
}

// describe says what a verdict does.
func describe(v *verdict.Verdict) string {
	text := fmt.Sprintf("%s of %x at %s", v.Kind, v.Subject, v.At.Format(time.RFC3339))
	if !v.Since.IsZero() {
		text += ", since " + v.Since.Format(time.RFC3339)
	}
	if !v.Expires.IsZero() {
		text += fmt.Sprintf(", until %s: %+g nats", v.Expires.Format(time.RFC3339), v.Nats)
	}
	return text
}
