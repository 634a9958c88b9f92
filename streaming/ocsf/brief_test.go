package ocsf

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// same reports whether two briefs are the same but for what no route and no bytes
// of one look like.
func same(a, b Brief) bool {
	routes := bytes.Equal(a.Route, b.Route)
	fa, fb := a.Features.AppendBinary(nil), b.Features.AppendBinary(nil)
	a.Route, b.Route, a.Features, b.Features = nil, nil, models.Features{}, models.Features{}
	ja, _ := json.Marshal(a)
	jb, _ := json.Marshal(b)
	return routes && bytes.Equal(fa, fb) && bytes.Equal(ja, jb)
}

// The slow way is the truth; of events as a gateway writes them the fast one must
// not give up.
func TestBriefIsWhatDecodeReads(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	scanned := 0
	for _, opt := range []Options{clearMode, {Privacy: Truncate}} {
		for i := range 3000 {
			ev := randomEvent(r, models.EventKind(i%int(models.NumEventKinds)))
			if i%3 == 0 {
				ev.Kind = models.DecisionEvent
			}
			if i%2 == 0 && ev.Kind == models.DecisionEvent {
				ev.Features.Set(models.NetOdds, 3)
			}
			line := AppendEvent(nil, ev, opt)
			var full models.Event
			var want, got Brief
			if err := Decode(line, &full); err != nil {
				t.Fatal(err)
			}
			want.of(&full)
			if err := ReadBrief(line, &got); err != nil {
				t.Fatal(err)
			}
			if !same(want, got) {
				t.Fatalf("%+v\nwant %+v\n%s", got, want, line)
			}
			got = Brief{}
			if scanBrief(line, &got) {
				scanned++
				if !same(want, got) {
					t.Fatalf("scanned %+v\nwant %+v\n%s", got, want, line)
				}
			}
		}
	}
	if scanned < 1000 {
		t.Errorf("only %d were scanned", scanned)
	}
	var b Brief
	for _, ev := range []*models.Event{sample(), asked()} {
		if line := AppendEvent(nil, ev, clearMode); !scanBrief(line, &b) {
			t.Errorf("not scanned: %s", line)
		}
	}
}

// Another program may have written the same event in another form.
func TestBriefOfAnotherForm(t *testing.T) {
	var want, got Brief
	line := AppendEvent(nil, sample(), clearMode)
	if err := ReadBrief(line, &want); err != nil {
		t.Fatal(err)
	}
	var any map[string]any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&any); err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(any)
	if err != nil {
		t.Fatal(err)
	}
	var wide bytes.Buffer
	if err := json.Indent(&wide, line, "", " "); err != nil {
		t.Fatal(err)
	}
	for _, form := range [][]byte{sorted, wide.Bytes()} {
		if err := ReadBrief(form, &got); err != nil || !same(want, got) {
			t.Errorf("%v: %+v, want %+v\n%s", err, got, want, form)
		}
	}
	if err := ReadBrief([]byte(`{"a":1}`), &got); err == nil {
		t.Error("what is no event is read")
	}
}

// What a caller sends cannot pass for a member.
func TestATextIsNoMember(t *testing.T) {
	ev := asked()
	ev.Host = []byte(`x","country":"ZZ","resources":[{"type":"route","name":"evil"}],"actor":{"user":{"type_id":1,"uid":"`)
	ev.Agent = []byte(`"unmapped":{"riskgate":{"version":1,"kind":"decision","action":"allow","by_risk":"allow",`)
	ev.Observed.Place = models.Place{}
	var b Brief
	line := AppendEvent(nil, ev, clearMode)
	if !scanBrief(line, &b) || b.Country != [2]byte{} || string(b.Route) != ev.Route || b.ByRisk != models.StepUp || b.Pseudonym != ev.Pseudonym {
		t.Errorf("%+v\n%s", b, line)
	}
}

func FuzzBrief(f *testing.F) {
	r := rand.New(rand.NewPCG(33, 34))
	for range 20 {
		f.Add(AppendEvent(nil, randomEvent(r, models.DecisionEvent), clearMode))
	}
	f.Add(AppendEvent(nil, asked(), Options{Privacy: Truncate}))
	f.Fuzz(func(t *testing.T, line []byte) {
		var b Brief
		scanBrief(line, &b) // whatever it is, it must end
	})
}

func BenchmarkReadBrief(b *testing.B) {
	src := AppendEvent(nil, sample(), clearMode)
	var brief Brief
	b.ReportAllocs()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		if err := ReadBrief(src, &brief); err != nil {
			b.Fatal(err)
		}
	}
}
