//go:build !race

package ocsf

import (
	"testing"

	"github.com/riskgate/riskgate/models"
)

func TestAppendEventAllocates(t *testing.T) {
	buf := make([]byte, 0, 8192)
	for kind := range 2 * models.NumEventKinds {
		ev := sample()
		if kind >= models.NumEventKinds { // with a sentence
			ev, kind = asked(), kind-models.NumEventKinds
		}
		ev.Kind = kind
		for _, opt := range []Options{clearMode, {Privacy: Truncate}, clearMode.Remembering()} {
			if n := testing.AllocsPerRun(100, func() { buf = AppendEvent(buf[:0], ev, opt) }); n != 0 {
				t.Errorf("AppendEvent allocates %v times for a %v under %s, want 0", n, kind, opt.Privacy)
			}
		}
	}
}
