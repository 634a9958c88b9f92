package gateway

import (
	"context"
	"sync"
	"sync/atomic"
)

// task runs in the background for as long as somebody holds it.
type task struct {
	holders atomic.Int64
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// newTask starts run, which ends when its context does. Hold the task at once.
func newTask(run func(context.Context)) *task {
	ctx, cancel := context.WithCancel(context.Background())
	t := &task{cancel: cancel}
	t.running.Go(func() { run(ctx) })
	return t
}

// hold keeps the task running until the function it returns is called, once. The
// last holder ends the task and waits for it. A task that has ended cannot be held.
func (t *task) hold() (release func()) {
	t.holders.Add(1)
	return func() {
		if t.holders.Add(-1) == 0 {
			t.cancel()
			t.running.Wait()
		}
	}
}
