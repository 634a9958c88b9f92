package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

type nowhere struct{ streaming.Discard }

func (nowhere) Name() string { return "nowhere" }

func TestRecentRemembersAllOfLittleAndTheNewestOfMuch(t *testing.T) {
	sink, r := remember(nowhere{}, 500)
	start := time.Unix(1790000000, 0)
	written := 0
	write := func(after time.Duration, n int) {
		t.Helper()
		batch := make([]streaming.Message, n)
		for i := range batch {
			written++
			batch[i] = streaming.Message{
				ID: models.EventID{byte(written >> 8), byte(written)}, Time: start.Add(after), Value: fmt.Appendf(nil, "%d", written),
			}
		}
		if err := sink.Write(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	f := func(want int) {
		t.Helper()
		all := r.last(500)
		if len(all) != want || want > 0 && string(all[0]) != fmt.Sprint(written) {
			t.Errorf("%d remembered, the newest %q, want %d and %d", len(all), all[0], want, written)
		}
	}
	write(0, 0)
	f(0)
	write(0, 1)
	write(10*time.Millisecond, 20)
	f(21) // 11 are left in this span
	write(20*time.Millisecond, 100)
	f(32)
	write(30*time.Millisecond, 100)
	f(36)
	write(time.Second, 100)
	f(68)
	write(0, 2) // a clock that went back begins a span
	f(70)
}
