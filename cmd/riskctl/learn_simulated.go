package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
)

// simulatedLine is one line of what risksim trace and risksim live write with
// --labels: who really sent the request of an event.
type simulatedLine struct {
	ID      string    `json:"id"` // empty: of an answer that came without
	Time    time.Time `json:"time"`
	Status  int       `json:"status"`
	Action  string    `json:"action"`
	Label   string    `json:"label"`
	Variant string    `json:"variant"`
	Attack  int       `json:"attack"`
	Person  string    `json:"person"`
}

// isSimulated reports whether a line of labels is one of risksim.
func isSimulated(text []byte) bool {
	var line struct {
		ID json.RawMessage `json:"id"`
	}
	return bytes.Contains(text, []byte(`"id"`)) && json.NewDecoder(bytes.NewReader(text)).Decode(&line) == nil && line.ID != nil
}

// addSimulated takes a line of risksim: every label but honest names an attack, and
// must be one that it knows.
func (l *labels) addSimulated(text []byte) error {
	var line simulatedLine
	if err := decodeLabel(text, &line, `want {"id": ID, "label": "honest"} or the name of an attack`); err != nil {
		return err
	}
	who, known := traffic.ParseLabel(line.Label)
	switch {
	case line.Label == "":
		return errors.New("label missing, want honest or the name of an attack")
	case !known:
		return fmt.Errorf("label %q, want one of %s", line.Label, strings.Join(simulatedNames(), ", "))
	case line.ID == "":
		return nil
	}
	id, err := parseID(line.ID)
	if err != nil {
		return err
	}
	l.events[id] = label{attack: who != traffic.Honest, weight: 1}
	return nil
}

func simulatedNames() (names []string) {
	for l := traffic.Honest; ; l++ {
		name := l.String()
		if _, known := traffic.ParseLabel(name); !known {
			return names
		}
		names = append(names, name)
	}
}
