package ocsf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riskgate/riskgate/models"
)

// ErrMessage says that the sentence in an event is not the one that its decision
// makes.
var ErrMessage = errors.New("ocsf: the message differs")

const messageKey = `"message":"`

// CheckMessage compares the sentence in src, which Decode read into ev, with the
// one that ev makes. Events of builds with other words, or without any, are not
// compared.
func CheckMessage(src []byte, ev *models.Event) error {
	var room [len(messageKey) + models.MaxSentence + 2]byte
	want := append(room[:0], messageKey...)
	if models.Remarkable(ev) {
		want = models.AppendSentence(want, ev)
	}
	if bytes.Contains(src, append(want, '"', ',')) {
		return nil
	}
	return compareMessage(src, string(want[len(messageKey):]))
}

// compareMessage reads the event, where its text alone does not decide.
func compareMessage(src []byte, want string) error {
	var w struct {
		Message  string `json:"message"`
		Unmapped struct {
			Riskgate struct {
				Words int `json:"words"`
			} `json:"riskgate"`
		} `json:"unmapped"`
	}
	if want == "" && !bytes.Contains(src, []byte(messageKey)) {
		return nil
	}
	if err := json.Unmarshal(src, &w); err != nil {
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	words := w.Unmapped.Riskgate.Words
	if w.Message == want || words != 0 && words != models.WordsVersion || words == 0 && w.Message == "" {
		return nil
	}
	return fmt.Errorf("%w: %q, want %q", ErrMessage, w.Message, want)
}
