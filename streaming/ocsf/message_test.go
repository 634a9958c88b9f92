package ocsf

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// asked is a decision to ask for a step-up.
func asked() *models.Event {
	ev := sample()
	ev.Action, ev.ByRisk, ev.Denial, ev.Assessment.Wanted = models.StepUp, models.StepUp, models.StepUpRequired, models.StepUp
	return ev
}

func TestTheSentenceIsTheMessage(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	var back models.Event
	for _, opt := range []Options{clearMode, {Privacy: Truncate}} {
		for i := range 600 {
			ev := randomEvent(r, models.EventKind(i%int(models.RefusalEvent)))
			line := AppendEvent(nil, ev, opt)
			var got struct{ Message string }
			if err := json.Unmarshal(line, &got); err != nil {
				t.Fatal(err)
			}
			want := ""
			if models.Remarkable(ev) {
				want = string(models.AppendSentence(nil, ev))
			}
			if got.Message != want {
				t.Fatalf("%q, want %q", got.Message, want)
			}
			if err := Decode(line, &back); err != nil {
				t.Fatal(err)
			}
			if err := CheckMessage(line, &back); err != nil {
				t.Fatalf("%v\n%s", err, line)
			}
		}
	}
}

func TestAPlainAllowHasNoMessage(t *testing.T) {
	ev := sample()
	ev.Assessment.Score, ev.Assessment.Contributions = ev.Assessment.Base, [models.NumGroups]models.Contribution{}
	if line := AppendEvent(nil, ev, clearMode); bytes.Contains(line, []byte(`"message"`)) || bytes.Contains(line, []byte(`"words"`)) {
		t.Errorf("%s", line)
	}
}

func TestAnotherMessageIsSeen(t *testing.T) {
	ev := asked()
	line := string(AppendEvent(nil, ev, clearMode))
	f := func(name, old, changed string, want error) {
		t.Helper()
		if !strings.Contains(line, old) {
			t.Fatalf("%s: no %s in %s", name, old, line)
		}
		if err := CheckMessage([]byte(strings.Replace(line, old, changed, 1)), ev); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	message := `"message":"` + string(models.AppendSentence(nil, ev)) + `",`
	f("as it was", message, message, nil)
	f("another", "Asked to step up", "Allowed", ErrMessage)
	f("none", message, "", ErrMessage)
	f("another version's", `"message":"Asked to step up`, `"message":"Step-up demanded`, ErrMessage)
	other := `"words":9,`
	line = strings.Replace(line, `"words":1,`, other, 1)
	f("of other words", "Asked to step up", "Step-up demanded", nil)
	line = strings.Replace(line, other, "", 1)
	f("without its version", "Asked to step up", "Allowed", ErrMessage)
	f("of a build without words", message, "", nil)
}

func BenchmarkAppendMessage(b *testing.B) {
	ev, buf := asked(), make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendEvent(buf[:0], ev, clearMode)
	}
}
