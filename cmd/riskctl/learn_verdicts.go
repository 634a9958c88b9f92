package main

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
)

// isVerdict reports whether a line of labels is one of a file of verdicts.
func isVerdict(text []byte) bool {
	var line struct {
		Kind json.RawMessage `json:"kind"`
	}
	return bytes.Contains(text, []byte(`"kind"`)) && json.Unmarshal(text, &line) == nil && line.Kind != nil
}

// addVerdict takes a line of a file of verdicts. A confirm says that the caller was
// genuine while it holds, a quarantine that it was not; a report says so of the time
// it reaches back. What is said later ends what was said before.
func (l *labels) addVerdict(text []byte) error {
	v, err := verdict.ParseLine(text)
	if err != nil {
		return err
	}
	attack := v.Kind == models.Quarantine || v.Kind == models.Report
	list := l.verdicts[v.Subject]
	for i := range list {
		if list[i].attack != attack && v.At.Before(list[i].until) {
			list[i].until = v.At
		}
	}
	if v.Kind != models.Forgive { // which says nothing of what its requests were
		list = append(list, labelOf(&v, attack))
	}
	l.verdicts[v.Subject] = list
	return nil
}

func labelOf(v *verdict.Verdict, attack bool) label {
	found := label{attack: attack, weight: 1, since: v.At, until: v.Expires}
	if !v.Since.IsZero() {
		found.since = v.Since
	}
	if v.Kind == models.Report {
		found.until = v.At
	}
	return found
}

// holds reports whether a label speaks of a time.
func (l *label) holds(at time.Time) bool {
	return !at.Before(l.since) && (l.until.IsZero() || at.Before(l.until))
}
