package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
)

// label says what an event, or a caller for some time, turned out to be.
type label struct {
	attack bool
	weight float64
	since  time.Time // of a caller; zero: always
	until  time.Time
}

// labels are those of a file.
type labels struct {
	events   map[models.EventID]label
	subjects map[models.Pseudonym][]label
	verdicts map[models.Pseudonym][]label // the last that holds counts
}

// labelLine is one line of the file.
type labelLine struct {
	Event   string    `json:"event"`
	Subject string    `json:"subject"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until"`
	Label   string    `json:"label"`
	Weight  *float64  `json:"weight"`
}

// maxLabelLine bounds a line of the file.
const maxLabelLine = 64 << 10

// readLabels reads a file of labels, none if it has no name. The error names the
// first line that is wrong.
func readLabels(name string) (*labels, error) {
	l := &labels{
		events: map[models.EventID]label{}, subjects: map[models.Pseudonym][]label{}, verdicts: map[models.Pseudonym][]label{},
	}
	if name == "" {
		return l, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLabelLine)
	for n := 1; lines.Scan(); n++ {
		if text := bytes.TrimSpace(lines.Bytes()); len(text) > 0 {
			if err := l.add(text); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	return l, nil
}

func (l *labels) add(text []byte) error {
	if isVerdict(text) {
		return l.addVerdict(text)
	}
	if isSimulated(text) {
		return l.addSimulated(text)
	}
	var line labelLine
	if err := decodeLabel(text, &line, `want {"event": ID, "label": "attack"} or "legitimate"`); err != nil {
		return err
	}
	found := label{attack: line.Label == "attack", weight: 1, since: line.Since, until: line.Until}
	if line.Weight != nil {
		found.weight = *line.Weight
	}
	switch {
	case line.Label != "attack" && line.Label != "legitimate":
		return fmt.Errorf("label %q, want attack or legitimate", line.Label)
	case !(found.weight > 0 && found.weight <= 1):
		return fmt.Errorf("weight %g, want above 0 and at most 1", found.weight)
	case (line.Event == "") == (line.Subject == ""):
		return fmt.Errorf("want an event or a subject")
	case line.Event != "":
		id, err := parseID(line.Event)
		if err != nil {
			return err
		}
		l.events[id] = found
		return nil
	}
	p, err := verdict.ParseSubject(line.Subject)
	if err != nil {
		return err
	}
	l.subjects[p] = append(l.subjects[p], found)
	return nil
}

// decodeLabel reads the only object of a line; want says what it should look like.
func decodeLabel(text []byte, into any, want string) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w, %s", err, want)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("more than one object, want one per line")
	}
	return nil
}

// of returns the label of a decision.
func (l *labels) of(e *models.Event) (label, bool) {
	if found, ok := l.events[e.ID]; ok {
		return found, true
	}
	if !e.Features.Has(models.IsLook) || e.Subject == models.Anonymous {
		return label{}, false
	}
	for _, found := range l.subjects[e.Pseudonym] {
		if found.holds(e.Time) {
			return found, true
		}
	}
	for _, found := range slices.Backward(l.verdicts[e.Pseudonym]) {
		if found.holds(e.Time) {
			return found, true
		}
	}
	return label{}, false
}
