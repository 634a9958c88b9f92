package verdict

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

const ada = "0367c4eb0fcde2c828eb466dec4ce29b"

// said is a line about ada, with more members.
func said(kind, more string) string {
	return fmt.Sprintf(`{"subject": %q, "kind": %q, "at": "2026-09-21T14:00:00Z"%s}`, ada, kind, more)
}

// then is when said says that it was given.
var then = time.Date(2026, 9, 21, 14, 0, 0, 0, time.UTC)

func TestLines(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		v, err := ParseLine([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := string(v.AppendLine(nil)); got != strings.ReplaceAll(want, "$", `{"subject":"`+ada+`"`) {
			t.Errorf("%s is read as\n%s, want\n%s", text, got, want)
		}
	}
	f(said("forgive", ""), `$,"kind":"forgive","at":"2026-09-21T14:00:00Z"}`)
	f(said("quarantine", `, "expires": "2026-09-22T14:00:00Z"`),
		`$,"kind":"quarantine","at":"2026-09-21T14:00:00Z","expires":"2026-09-22T14:00:00Z","nats":8}`)
	f(said("confirm", `, "expires": "2026-09-22T14:00:00+02:00", "nats": 0, "by": "mia"`),
		`$,"kind":"confirm","at":"2026-09-21T14:00:00Z","expires":"2026-09-22T12:00:00Z","nats":0,"by":"mia"}`)
	f(said("report", `, "since": "2026-09-20T00:00:00.9Z", "reason": "lost \"phone\""`),
		`$,"kind":"report","at":"2026-09-21T14:00:00Z","since":"2026-09-20T00:00:00Z","reason":"lost \"phone\""}`)
	f(strings.Replace(said("forgive", ""), ada, strings.ToUpper(ada), 1), `$,"kind":"forgive","at":"2026-09-21T14:00:00Z"}`)
}

func TestMistakes(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		_, err := Read("v.ndjson", strings.NewReader("\n"+said("forgive", "")+"\n"+text+"\n"), then)
		if err == nil || err.Error() != "v.ndjson:3: "+want {
			t.Errorf("%s: %v\nwant v.ndjson:3: %s", text, err, want)
		}
	}
	const until = `, "expires": "2026-09-22T14:00:00Z"`
	f(`{"subject": "ada"`, `unexpected EOF, want {"subject": "…", "kind": "…", "at": "…", …}`)
	f(`{"subjekt": "ada"}`, `json: unknown field "subjekt", want {"subject": "…", "kind": "…", "at": "…", …}`)
	f(said("quarantine", `, "nats": "8"`), "nats is a string, want a number")
	f(`{"subject": 17}`, "subject is a number, want a text")
	f(`[1]`, `no object, want {"subject": "…", "kind": "…", "at": "…", …}`)
	f(said("forgive", "")+said("forgive", ""), "more than one object, want one on a line")
	f(said("ban", ""), `kind "ban", want one of confirm, forgive, quarantine, report`)
	f(said("none", ""), `kind "none", want one of confirm, forgive, quarantine, report`)
	f(strings.Replace(said("forgive", ""), ada, "ada", 1), `subject of 3 characters, want 32 hex digits, as in actor.user.uid of an event`)
	f(strings.Replace(said("forgive", ""), "T14:00:00Z", "", 1), `at "2026-09-21", want a time like 2026-09-21T14:00:00Z`)
	f(`{"subject": "`+ada+`", "kind": "forgive"}`, "at missing, want when the verdict was given")
	f(said("forgive", `, "since": "2026-09-20T00:00:00Z"`), "since 2026-09-20T00:00:00Z, want none for forgive: it speaks of all before it")
	f(said("forgive", until), "expires 2026-09-22T14:00:00Z, want none for forgive: it takes effect once")
	f(said("forgive", `, "nats": 1`), "nats 1, want none for forgive")
	f(said("report", ""), "since missing, want from when on somebody else may have been calling")
	f(said("report", `, "since": "2026-09-21T14:00:01Z"`), "since 2026-09-21T14:00:01Z, want no later than at, 2026-09-21T14:00:00Z")
	f(said("report", `, "since": "2026-06-01T00:00:00Z"`), "since 2026-06-01T00:00:00Z, want at most 90 days before at: what was learned when is not known longer")
	f(said("quarantine", ""), "expires missing, want when quarantine ends")
	f(said("quarantine", `, "expires": "2026-09-21T14:00:00Z"`), "expires 2026-09-21T14:00:00Z, want after at, 2026-09-21T14:00:00Z, by at most 366 days")
	f(said("confirm", `, "expires": "2027-09-23T14:00:00Z"`), "expires 2027-09-23T14:00:00Z, want after at, 2026-09-21T14:00:00Z, by at most 366 days")
	f(said("quarantine", until+`, "nats": 17`), "nats 17, want above 0 and at most 16 for quarantine")
	f(said("quarantine", until+`, "nats": 0`), "nats 0, want above 0 and at most 16 for quarantine")
	f(said("quarantine", until+`, "nats": 1e-50`), "nats 1e-50, want above 0 and at most 16 for quarantine")
	f(said("confirm", until+`, "nats": 1`), "nats 1, want from -6 to 0 for confirm")
	f(said("forgive", `, "reason": "`+strings.Repeat("x", MaxReason+1)+`"`), "reason of 257 bytes, want at most 256")
	f(said("forgive", `, "by": "`+strings.Repeat("x", MaxBy+1)+`"`), "by of 65 bytes, want at most 64")
	f(strings.Replace(said("forgive", ""), "2026", "2027", 1), "at 2027-09-21T14:00:00Z, want no later than an hour from now")
	f(strings.Replace(said("forgive", ""), "T14:00:00Z", "T15:00:01Z", 1), "at 2026-09-21T15:00:01Z, want no later than an hour from now")
	f(strings.Repeat("x", maxLine+1), "a line of more than 4096 bytes, want one verdict on a line")
}

// What is given up to an hour after now, by a clock that is ahead, is taken.
func TestGivenByAClockAhead(t *testing.T) {
	f := func(now time.Time, ok bool) {
		t.Helper()
		if all, err := Read("v", strings.NewReader(said("forgive", "")), now); (err == nil) != ok || len(all) == 1 != ok {
			t.Errorf("at %s %d verdicts, %v", now, len(all), err)
		}
	}
	f(then, true)
	f(then.Add(-time.Hour), true)
	f(then.Add(-time.Hour-time.Second), false)
}

func TestLongestLine(t *testing.T) {
	for _, end := range []string{"", "\n", "\n" + said("forgive", "")} {
		text := said("forgive", "")
		text = strings.Repeat(" ", maxLine-len(text)) + text
		if _, err := Read("v", strings.NewReader(text+end), then); err != nil {
			t.Errorf("a line of %d bytes, then %q: %v", len(text), end, err)
		}
		if _, err := Read("v", strings.NewReader(" "+text+end), then); err == nil {
			t.Errorf("a line of %d bytes, then %q, is read", len(text)+1, end)
		}
	}
}

func TestTooManyVerdicts(t *testing.T) {
	text := strings.Repeat(said("forgive", "")+"\n", MaxVerdicts)
	if all, err := Read("v", strings.NewReader(text), then); err != nil || len(all) != MaxVerdicts {
		t.Fatalf("%d verdicts, %v", len(all), err)
	}
	_, err := Read("v", strings.NewReader(text+said("forgive", "")), then)
	if err == nil || err.Error() != "v:65537: more than 65536 verdicts, want those removed that have expired" {
		t.Errorf("one more: %v", err)
	}
}

// What is read is within its bounds, and written it reads as the same.
func FuzzLine(f *testing.F) {
	f.Add([]byte(said("forgive", "")))
	f.Add([]byte(said("confirm", `, "expires": "2026-09-22T14:00:00Z", "nats": -0.5, "by": "\u2028"`)))
	f.Add([]byte(said("quarantine", `, "expires": "2026-09-22T14:00:00.5+02:00", "nats": 1e-9`)))
	f.Add([]byte(said("quarantine", `, "expires": "2026-09-22T14:00:00Z", "nats": 1e-50`)))
	f.Add([]byte(said("report", `, "since": "2026-09-20T00:00:00Z"`)))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := ParseLine(text)
		if err != nil {
			return
		}
		if v.Nats < LeastNats || v.Nats > MostNats || v.Nats != 0 && !temporary(v.Kind) || v.Expires.Before(v.At) == temporary(v.Kind) {
			t.Fatalf("%s is read as %+v", text, v)
		}
		line := v.AppendLine(nil)
		if bytes.ContainsAny(line, "\r\n") {
			t.Fatalf("%q is more than a line", line)
		}
		again, err := Read("v", bytes.NewReader(line), v.At)
		if err != nil || len(again) != 1 || again[0] != v {
			t.Fatalf("%s is read as %+v, and written as %s: %+v, %v", text, v, line, again, err)
		}
		at := v.At
		standing := newSet(again).of(v.Subject, at)
		if (standing.Nats < 0) && !standing.Confirmed || v.Kind == models.Quarantine && standing.Nats <= 0 {
			t.Fatalf("%s says %+v when it is given", line, standing)
		}
	})
}
