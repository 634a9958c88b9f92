package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
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

// honest is the label of requests that are no attack.
const honest = "honest"

// isSimulated reports whether a line of labels is one of risksim.
func isSimulated(text []byte) bool {
	var line struct {
		ID json.RawMessage `json:"id"`
	}
	return bytes.Contains(text, []byte(`"id"`)) && json.NewDecoder(bytes.NewReader(text)).Decode(&line) == nil && line.ID != nil
}

// addSimulated takes a line of risksim: every label but honest names an attack.
func (l *labels) addSimulated(text []byte) error {
	var line simulatedLine
	if err := decodeLabel(text, &line, `want {"id": ID, "label": "honest"} or the name of an attack`); err != nil {
		return err
	}
	switch {
	case line.Label == "":
		return errors.New("label missing, want honest or the name of an attack")
	case line.ID == "":
		return nil
	}
	id, err := parseID(line.ID)
	if err != nil {
		return err
	}
	l.events[id] = label{attack: line.Label != honest, weight: 1}
	return nil
}
