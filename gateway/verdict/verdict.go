package verdict

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/riskgate/riskgate/models"
)

// Verdict is what an analyst says of one subject. Times have whole seconds.
type Verdict struct {
	Subject models.Pseudonym
	Kind    models.VerdictKind
	At      time.Time // when it was given
	Since   time.Time // from when on it speaks; zero: not said
	Expires time.Time // of confirm and quarantine, else zero
	Nats    float64   // of confirm, at most 0, and quarantine, above 0
	Reason  string    // for the record
	By      string    // the same
}

// The bounds of what a verdict may say.
const (
	QuarantineNats = 8  // by default: enough to be refused under the default section risk
	MostNats       = 16 // of a quarantine
	ConfirmNats    = -3 // by default: takes a score of 60 below 20
	LeastNats      = -6 // of a confirm

	MaxDays   = 366 // from when it is given until it expires
	MaxBack   = 90  // days that a report reaches back
	MaxReason = 256 // bytes
	MaxBy     = 64  // bytes
)

const day = 24 * time.Hour

// temporary reports whether verdicts of a kind add nats until they expire.
func temporary(k models.VerdictKind) bool { return k == models.Confirm || k == models.Quarantine }

// Complete sets what was left out to its default, and checks. The error says what
// is wrong and what is wanted.
func (v *Verdict) Complete() error {
	for _, check := range []func(*Verdict) error{checkTimes, checkExpires, checkNats, checkTexts} {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

func checkTimes(v *Verdict) error {
	switch {
	case v.At.Unix() <= 0 || v.At.Unix() > 1<<32-1:
		return fmt.Errorf("at %s, want when the verdict was given", shown(v.At))
	case v.Kind == models.Forgive && !v.Since.IsZero():
		return fmt.Errorf("since %s, want none for forgive: it speaks of all before it", shown(v.Since))
	case v.Kind == models.Report && v.Since.IsZero():
		return fmt.Errorf("since missing, want from when on somebody else may have been calling")
	case v.Since.After(v.At):
		return fmt.Errorf("since %s, want no later than at, %s", shown(v.Since), shown(v.At))
	case v.Kind == models.Report && v.Since.Before(v.At.Add(-MaxBack*day)):
		return fmt.Errorf("since %s, want at most %d days before at: what was learned when is not known longer", shown(v.Since), MaxBack)
	}
	return nil
}

// checkGiven refuses what was not given yet: it would silence everything that is said
// of its subject until then. The error is the same at any time.
func (v *Verdict) checkGiven(now time.Time) error {
	if v.At.After(now.Add(maxAhead)) {
		return fmt.Errorf("at %s, want no later than an hour from now", shown(v.At))
	}
	return nil
}

func checkExpires(v *Verdict) error {
	switch {
	case !temporary(v.Kind) && !v.Expires.IsZero():
		return fmt.Errorf("expires %s, want none for %s: it takes effect once", shown(v.Expires), v.Kind)
	case temporary(v.Kind) && v.Expires.IsZero():
		return fmt.Errorf("expires missing, want when %s ends", v.Kind)
	case temporary(v.Kind) && (!v.Expires.After(v.At) || v.Expires.After(v.At.Add(MaxDays*day))):
		return fmt.Errorf("expires %s, want after at, %s, by at most %d days", shown(v.Expires), shown(v.At), MaxDays)
	}
	return nil
}

func checkNats(v *Verdict) error {
	switch {
	case !temporary(v.Kind) && v.Nats != 0:
		return fmt.Errorf("nats %g, want none for %s", v.Nats, v.Kind)
	case v.Kind == models.Quarantine && !(float32(v.Nats) > 0 && v.Nats <= MostNats):
		return fmt.Errorf("nats %g, want above 0 and at most %d for quarantine", v.Nats, MostNats)
	case v.Kind == models.Confirm && !(v.Nats >= LeastNats && v.Nats <= 0):
		return fmt.Errorf("nats %g, want from %d to 0 for confirm", v.Nats, LeastNats)
	}
	return nil
}

func checkTexts(v *Verdict) error {
	switch {
	case len(v.Reason) > MaxReason:
		return fmt.Errorf("reason of %d bytes, want at most %d", len(v.Reason), MaxReason)
	case len(v.By) > MaxBy:
		return fmt.Errorf("by of %d bytes, want at most %d", len(v.By), MaxBy)
	}
	return nil
}

// shown returns a time for a message.
func shown(t time.Time) string {
	if t.IsZero() {
		return "missing"
	}
	return t.UTC().Format(time.RFC3339)
}

// ParseSubject reads a pseudonym as events show it, in actor.user.uid. The error does
// not repeat the text, which may be the name of a person.
func ParseSubject(text string) (p models.Pseudonym, err error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(p) {
		return p, fmt.Errorf("subject of %d characters, want 32 hex digits, as in actor.user.uid of an event", utf8.RuneCountInString(text))
	}
	copy(p[:], raw)
	return p, nil
}

// AppendLine appends v as a line of a file, without a line feed.
func (v *Verdict) AppendLine(dst []byte) []byte {
	l := line{
		Subject: hex.EncodeToString(v.Subject[:]), Kind: v.Kind.String(), At: written(v.At),
		Since: written(v.Since), Expires: written(v.Expires), Reason: v.Reason, By: v.By,
	}
	if temporary(v.Kind) {
		l.Nats = &v.Nats
	}
	text, err := json.Marshal(l)
	if err != nil {
		panic("BUG: a verdict without a JSON form: " + err.Error())
	}
	return append(dst, text...)
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return shown(t)
}
