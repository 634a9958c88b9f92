package ocsf

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/riskgate/riskgate/models"
)

var clearMode = Options{Privacy: Clear, Version: "1.2.3"}

// checkSame fails where got is not want, bit for bit.
func checkSame(t *testing.T, want, got *models.Event) {
	t.Helper()
	normal := func(e *models.Event) models.Event {
		n := *e
		for g := range n.Evidence { // computed from the features
			n.Evidence[g].Lambda, n.Evidence[g].Confidence = 0, 0
		}
		for _, b := range []*[]byte{&n.CredID, &n.Method, &n.Host, &n.Path, &n.Agent, &n.RequestID,
			&n.TraceID, &n.Policies, &n.Challenge, &n.Payload} {
			if len(*b) == 0 {
				*b = nil
			}
		}
		return n
	}
	w, g := normal(want), normal(got)
	if diff := difference(reflect.ValueOf(w), reflect.ValueOf(g), "event"); diff != "" {
		t.Fatalf("does not come back: %s\n%s", diff, AppendEvent(nil, want, clearMode))
	}
}

// difference names the first field in which a and b differ; floats by bits.
func difference(a, b reflect.Value, path string) string {
	if a.Kind() == reflect.Float32 || a.Kind() == reflect.Float64 {
		if math.Float64bits(a.Float()) != math.Float64bits(b.Float()) {
			return path
		}
		return ""
	}
	switch {
	case a.Kind() == reflect.Struct && a.Type().PkgPath() == reflect.TypeFor[models.Event]().PkgPath():
		for i := range a.NumField() {
			if d := difference(a.Field(i), b.Field(i), path+"."+a.Type().Field(i).Name); d != "" {
				return d
			}
		}
	case a.Kind() == reflect.Array && a.Type().Elem().Kind() != reflect.Uint8:
		for i := range a.Len() {
			if d := difference(a.Index(i), b.Index(i), path+"[]"); d != "" {
				return d
			}
		}
	case !reflect.DeepEqual(a.Interface(), b.Interface()):
		return path
	}
	return ""
}

func TestClearEventsComeBackToTheBit(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var got models.Event
	for i := range 1500 {
		want := randomEvent(r, models.EventKind(i%int(models.NumEventKinds)))
		line := AppendEvent(nil, want, clearMode)
		if !json.Valid(line) || bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("not one line of JSON: %q", line)
		}
		if err := Decode(line, &got); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		checkSame(t, want, &got)
	}
}

func TestWhatIsRememberedChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, plain := range []Options{clearMode, {Privacy: Truncate, Version: "2"}} {
		remembering := plain.Remembering()
		for i := range 3000 {
			ev := randomEvent(r, models.EventKind(r.IntN(int(models.NumEventKinds))))
			if i%2 == 0 { // more of it repeats
				ev = sample()
				ev.Agent = [][]byte{ev.Agent, []byte("curl/8.1"), wild(r), make([]byte, 300)}[r.IntN(4)]
				ev.Assessment.Nats, ev.Evidence[0].Facts[0].Value = number64(r), float32(number64(r))
				ev.Action, ev.Machine, ev.Boot = models.Action(r.IntN(2)), flip(r), r.Uint64N(2)
			}
			for range 2 {
				if want, got := AppendEvent(nil, ev, plain), AppendEvent(nil, ev, remembering); !bytes.Equal(want, got) {
					t.Fatalf("want %s\ngot  %s", want, got)
				}
			}
		}
	}
	m := Options{}.Remembering().memo
	for _, v := range []float64{math.NaN(), math.Float64frombits(narrow | 0x3f800000), math.Inf(-1), math.Copysign(0, -1), 1e-5, -2.2250738585072014e-308, 0.1} {
		for _, bits := range []int{32, 64, 32, 64} {
			if want, got := appendFloat(nil, v, bits), m.append(nil, v, bits); !bytes.Equal(want, got) {
				t.Errorf("%v as float%d is %s, want %s", v, bits, got, want)
			}
		}
	}
}

func TestTruncatedEventsDecodeAndComeBackTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var ev models.Event
	for i := range 600 {
		want := randomEvent(r, models.EventKind(i%int(models.NumEventKinds)))
		first := AppendEvent(nil, want, Options{})
		if !json.Valid(first) {
			t.Fatalf("not JSON: %q", first)
		}
		if err := Decode(first, &ev); err != nil {
			t.Fatalf("%v\n%s", err, first)
		}
		if ev.Features != want.Features || ev.Assessment.Contributions != want.Assessment.Contributions {
			t.Fatal("truncation touched what the score is computed from")
		}
	}
}

func TestTruncateHidesTheCaller(t *testing.T) {
	ev := sample()
	ev.Path = []byte("/v1/orders/1042/items/3f2a/notes")
	ev.Agent = []byte("Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0.6778.86 Safari/537.36")
	ev.CredID = []byte("session-77")
	ev.Observed.ObjectSeq = 1042
	out := string(AppendEvent(nil, ev, Options{Privacy: Truncate}))
	for _, gone := range []string{"1042", "3f2a", "6778", "198.51.100.7", "session-77"} {
		if strings.Contains(out, gone) {
			t.Errorf("%q is still in %s", gone, out)
		}
	}
	for _, kept := range []string{
		`"path":"/v1/orders/{id}/items/{id}/notes"`, `"ip":"198.51.100.0"`, `"value":"198.51.100.0/24"`,
		`Linux x86_64) Chrome/131.0.0.0 Safari/537.0"`, `"privacy":"truncate"`,
	} {
		if !strings.Contains(out, kept) {
			t.Errorf("%q is not in %s", kept, out)
		}
	}
}

// A version is v and up to two digits; what else follows a v is no word.
func TestWhatLooksLikeAVersionCannotEndTheString(t *testing.T) {
	f := func(path, want string) {
		t.Helper()
		if got := string(appendMasked(nil, []byte(path))); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%q is shown as %s, want %s", path, got, want)
		}
	}
	f("/v1/v22/v", `"/v1/v22/v"`)
	f(`/v"/v"x/a`, `"/{id}/{id}/a"`)
	f(`/v\/v\x`, `"/{id}/{id}"`)
	f("/v\x13/v\xff", `"/{id}/{id}"`)
	f("/via/va1/v1a/v123", `"/via/{id}/{id}/{id}"`)
}

func TestAnonymousCallersHaveNoPseudonym(t *testing.T) {
	ev := sample()
	ev.Subject, ev.Pseudonym = models.Anonymous, models.Pseudonym{0xab, 0xcd, 0xef}
	if out := AppendEvent(nil, ev, clearMode); bytes.Contains(out, []byte("abcdef")) {
		t.Errorf("pseudonym of an anonymous caller in %s", out)
	}
}

func TestOutcomes(t *testing.T) {
	f := func(want [2]int64, ev models.Event) {
		t.Helper()
		action, disposition := outcome(&ev)
		if got := [2]int64{action, disposition}; got != want {
			t.Errorf("%v %q: action and disposition %v, want %v", ev.Action, ev.Denial, got, want)
		}
	}
	f([2]int64{1, 1}, models.Event{})
	f([2]int64{1, 1}, models.Event{Action: models.Monitor})
	f([2]int64{1, 14}, models.Event{Action: models.Throttle})
	f([2]int64{2, 25}, models.Event{Action: models.Throttle, Denial: models.SubjectRate})
	f([2]int64{2, 23}, models.Event{Action: models.StepUp, Denial: models.StepUpRequired})
	f([2]int64{2, 2}, models.Event{Action: models.Deny, Denial: models.RiskDenied})
	f([2]int64{2, 25}, models.Event{Kind: models.RefusalEvent, Action: models.Deny, Denial: models.NoCredentials})
	f([2]int64{1, 27}, models.Event{Denial: models.UpstreamTimeout})
	// shadow: asked for and not applied
	f([2]int64{3, 15}, models.Event{Mode: models.Shadow, ByRisk: models.Deny})
	f([2]int64{3, 15}, models.Event{PolicyMode: models.Shadow, ByPolicy: models.Deny})
	f([2]int64{1, 1}, models.Event{Mode: models.Shadow, ByRisk: models.Monitor})
	f([2]int64{3, 15}, models.Event{Kind: models.FindingEvent})
}

func TestDecodeRefuses(t *testing.T) {
	good := string(AppendEvent(nil, sample(), clearMode))
	f := func(name, src string) {
		t.Helper()
		if err := Decode([]byte(src), new(models.Event)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	f("nothing", "")
	f("another product's event", `{"class_uid":6003,"time":1}`)
	f("a later version", strings.Replace(good, `"riskgate":{"version":1`, `"riskgate":{"version":2`, 1))
	f("an unknown group", strings.Replace(good, `"group":"network"`, `"group":"aura"`, 1))
	f("a group called unknown", strings.Replace(good, `"group":"network"`, `"group":"unknown"`, 1))
	f("an unknown action", strings.Replace(good, `"action":"`, `"action":"x`, 1))
	f("broken features", strings.Replace(good, `"features":"Ag`, `"features":"AQ`, 1))
	f("a short pseudonym", strings.Replace(good, `"uid":"0708`, `"uid":"`, 1))
}

func FuzzAnyTextIsValidJSON(f *testing.F) {
	f.Add([]byte("/a\"\\\x00\xff\xed\xa0\x80"), "sni\x7f\xc0", int64(5), 0.1)
	f.Add([]byte("\x1b[2J\x7f"), "\u009b2J\u0085\u00a0", int64(0), 1.0)
	f.Add([]byte("/orders/17"), "edge", int64(-62135596800), math.Copysign(0, -1))
	f.Fuzz(func(t *testing.T, b []byte, s string, n int64, x float64) {
		ev := sample()
		ev.Path, ev.Host, ev.Agent, ev.RequestID, ev.Method = b, b, b, b, b
		ev.CredID, ev.Policies, ev.Challenge, ev.TraceID, ev.Payload = b, b, b, b, b
		ev.BytesIn, ev.Assessment.Score, ev.Credit = n, x, x
		check := func(same bool) {
			for _, opt := range []Options{clearMode, {Privacy: Truncate, Version: s}} {
				if out := AppendEvent(nil, ev, opt); !json.Valid(out) || bytes.ContainsAny(out, "\r\n") {
					t.Fatalf("not one line of JSON: %q", out)
				} else if i := bytes.IndexFunc(out, unicode.IsControl); i >= 0 {
					t.Fatalf("a terminal would obey %q of %q", out[i:], out)
				}
			}
			var got models.Event
			if err := Decode(AppendEvent(nil, ev, clearMode), &got); err != nil {
				t.Fatal(err)
			}
			if same {
				checkSame(t, ev, &got)
			}
		}
		check(!math.IsNaN(x) && !math.IsInf(x, 0))
		ev.Node, ev.Route, ev.Upstream, ev.Denial, ev.Finding, ev.TLS.ServerName = s, s, s, models.Denial(s), s, s
		check(false)
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(AppendEvent(nil, sample(), clearMode))
	f.Add(AppendEvent(nil, &models.Event{Kind: models.ConfigEvent, Payload: []byte(`{"a":1}`)}, clearMode))
	f.Fuzz(func(t *testing.T, src []byte) {
		var first, second models.Event
		if Decode(src, &first) != nil {
			return
		}
		line := AppendEvent(nil, &first, clearMode)
		if !json.Valid(line) {
			t.Fatalf("what was decoded encodes as %q", line)
		}
		if err := Decode(line, &second); err != nil {
			t.Fatalf("what was decoded and encoded cannot be read: %v", err)
		}
	})
}
