package verdict

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	// MaxVerdicts bounds the verdicts of a file.
	MaxVerdicts = 1 << 16
	maxLine     = 4 << 10   // bytes
	maxAhead    = time.Hour // that the clock may be by which a verdict was given
)

// line is a verdict as it is written.
type line struct {
	Subject string   `json:"subject"`
	Kind    string   `json:"kind"`
	At      string   `json:"at"`
	Since   string   `json:"since,omitempty"`
	Expires string   `json:"expires,omitempty"`
	Nats    *float64 `json:"nats,omitempty"`
	Reason  string   `json:"reason,omitempty"`
	By      string   `json:"by,omitempty"`
}

// Read reads a file of verdicts, in its order. Empty lines are skipped. A verdict that
// says that it was given more than an hour after now is a mistake. The error names the
// first line that is wrong as name:line.
func Read(name string, r io.Reader, now time.Time) ([]Verdict, error) {
	var all []Verdict
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+1) // and its line feed
	n := 0
	for lines.Scan() {
		n++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		if len(all) == MaxVerdicts {
			return nil, fmt.Errorf("%s:%d: more than %d verdicts, want those removed that have expired", name, n, MaxVerdicts)
		}
		v, err := ParseLine(text)
		if err == nil {
			err = v.checkGiven(now)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		all = append(all, v)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("%s:%d: a line of more than %d bytes, want one verdict on a line", name, n+1, maxLine)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return all, nil
}

// ParseLine reads one verdict and completes it.
func ParseLine(text []byte) (Verdict, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var l line
	if err := d.Decode(&l); err != nil {
		return Verdict{}, badForm(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Verdict{}, errors.New("more than one object, want one on a line")
	}
	v, err := l.verdict()
	if err != nil {
		return Verdict{}, err
	}
	return v, v.Complete()
}

// badForm says what is wrong with a line that is none.
func badForm(err error) error {
	const want = `want {"subject": "…", "kind": "…", "at": "…", …}`
	var other *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &other):
		return fmt.Errorf("%w, %s", err, want)
	case other.Field == "":
		return errors.New("no object, " + want)
	case other.Field == "nats":
		return fmt.Errorf("nats is a %s, want a number", other.Value)
	}
	return fmt.Errorf("%s is a %s, want a text", other.Field, other.Value)
}

func (l *line) verdict() (v Verdict, err error) {
	kind, ok := models.ParseVerdictKind(l.Kind)
	if !ok {
		return v, fmt.Errorf("kind %s, want one of %s", strconv.Quote(l.Kind), strings.Join(models.VerdictKinds(), ", "))
	}
	v = Verdict{Kind: kind, Nats: DefaultNats(kind), Reason: l.Reason, By: l.By}
	if l.Nats != nil {
		v.Nats = *l.Nats
	}
	if v.Subject, err = ParseSubject(l.Subject); err != nil {
		return v, err
	}
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"at", l.At, &v.At}, {"since", l.Since, &v.Since}, {"expires", l.Expires, &v.Expires}} {
		if *t.to, err = parseTime(t.name, t.text); err != nil {
			return v, err
		}
	}
	return v, nil
}

// DefaultNats returns what a verdict adds that does not say how much.
func DefaultNats(k models.VerdictKind) float64 {
	switch k {
	case models.Quarantine:
		return QuarantineNats
	case models.Confirm:
		return ConfirmNats
	}
	return 0
}

// parseTime returns zero for "".
func parseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, fmt.Errorf("%s %s, want a time like 2026-09-21T14:00:00Z", name, strconv.Quote(text))
	}
	return t.UTC().Truncate(time.Second), nil
}
