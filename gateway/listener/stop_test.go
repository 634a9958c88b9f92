package listener

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// Stop may come before the accepting goroutine has begun.
func TestStopRightAfterStart(t *testing.T) {
	for range 200 {
		cfg := DefaultConfig()
		cfg.Address = "127.0.0.1:0"
		l, err := New(cfg, nil, time.Now, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		if err := l.Stop(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
