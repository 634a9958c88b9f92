package ocsf

import (
	"encoding/hex"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/riskgate/riskgate/models"
)

// AppendLine appends ev as one line for a person, without a line feed. What comes
// from a caller cannot move the cursor of a terminal.
func AppendLine(dst []byte, ev *models.Event) []byte {
	dst = ev.Time.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	switch ev.Kind {
	case models.ConfigEvent:
		dst = append(dst, " config    "...)
		return hex.AppendEncode(dst, ev.ConfigHash[:])
	case models.RefusalEvent:
		dst = append(dst, " refused   "...)
		dst = strconv.AppendUint(dst, uint64(ev.Count), 10)
		dst = append(dst, " x "...)
		dst = appendSafe(dst, string(ev.Denial))
		dst = append(dst, " from "...)
		return appendSafe(dst, prefixText(ev))
	case models.FindingEvent:
		dst = append(dst, " finding   "...)
		dst = appendSafe(dst, ev.Finding)
		if ev.Closed {
			dst = append(dst, " closed"...)
		}
		if len(ev.Payload) > 0 {
			dst = appendSafe(append(dst, ' '), view(ev.Payload))
		}
	case models.AuthenticationEvent:
		dst = append(dst, " step_up   "...)
		if ev.Passed {
			dst = append(dst, "passed"...)
		} else {
			dst = append(dst, "failed"...)
		}
	default:
		dst = appendVerdict(dst, ev)
	}
	return appendReasons(appendWho(dst, ev), ev)
}

func prefixText(ev *models.Event) string {
	if !ev.Prefix.IsValid() {
		return "many networks"
	}
	return ev.Prefix.String()
}

// appendVerdict appends action, score, request and answer.
func appendVerdict(dst []byte, ev *models.Event) []byte {
	dst = appendPadded(append(dst, ' '), ev.Action.String(), 8)
	dst = strconv.AppendInt(append(dst, ' '), rounded(ev.Assessment.Score), 10)
	dst = append(append(dst, ' '), ev.Assessment.Level.String()...)
	dst = appendSafe(append(dst, ' '), view(ev.Method))
	dst = appendSafe(append(dst, ' '), view(ev.Path))
	dst = strconv.AppendInt(append(dst, ' '), int64(ev.Status), 10)
	dst = append(dst, ' ')
	dst = append(dst, ev.Duration.Round(10*time.Microsecond).String()...)
	if ev.Denial != "" {
		dst = appendSafe(append(dst, ' '), string(ev.Denial))
	}
	if ev.Mode == models.Shadow && ev.ByRisk != ev.Action {
		dst = append(append(dst, " shadow="...), ev.ByRisk.String()...)
	}
	return dst
}

// appendWho appends route, subject and source.
func appendWho(dst []byte, ev *models.Event) []byte {
	if ev.Route != "" {
		dst = appendSafe(append(dst, " route="...), ev.Route)
	}
	if ev.Subject != models.Anonymous {
		dst = append(append(append(dst, ' '), ev.Subject.String()...), '=')
		dst = hex.AppendEncode(dst, ev.Pseudonym[:])
	}
	if ev.Client.IsValid() {
		dst = ev.Client.AppendTo(append(dst, " from="...))
	}
	if p := &ev.Observed.Place; hasCountry(p) {
		dst = append(append(dst, ' '), p.Country[:]...)
	}
	if asn := ev.Observed.Place.ASN; asn != 0 {
		dst = strconv.AppendUint(append(dst, " AS"...), uint64(asn), 10)
	}
	return dst
}

// appendReasons appends the groups that raised the score, with their nats, and
// the id to explain the event by.
func appendReasons(dst []byte, ev *models.Event) []byte {
	for i, g := range ev.Assessment.Top() {
		if i == 0 {
			dst = append(dst, " because"...)
		}
		dst = append(append(dst, ' '), g.String()...)
		nats := ev.Assessment.Contributions[g].Nats
		if nats >= 0 {
			dst = append(dst, '+')
		}
		dst = strconv.AppendFloat(dst, nats, 'f', 2, 64)
	}
	return AppendUUID(append(dst, " id="...), ev.ID)
}

func appendPadded(dst []byte, s string, width int) []byte {
	dst = append(dst, s...)
	for n := len(s); n < width; n++ {
		dst = append(dst, ' ')
	}
	return dst
}

// appendSafe appends s with "?" for all that is not printable; "-" for nothing.
func appendSafe(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, '-')
	}
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
