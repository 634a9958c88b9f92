package baseline

import "sync"

// leaving is the queue of entries that the cache no longer wants. They stay
// findable in their stripes until the flusher has written them.
type leaving struct {
	urgent int           // length from which the flusher is woken
	wake   chan struct{} // capacity 1

	mu  sync.Mutex // guards ids; nothing else is locked under it
	ids []entryID
}

func newLeaving(urgent int) *leaving {
	return &leaving{urgent: urgent, wake: make(chan struct{}, 1)}
}

// push never blocks.
func (l *leaving) push(id entryID) {
	l.mu.Lock()
	l.ids = append(l.ids, id)
	n := len(l.ids)
	l.mu.Unlock()
	if n >= l.urgent {
		l.hurry()
	}
}

// hurry wakes the flusher.
func (l *leaving) hurry() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// drain moves the queue to dst.
func (l *leaving) drain(dst []entryID) []entryID {
	l.mu.Lock()
	defer l.mu.Unlock()
	dst = append(dst, l.ids...)
	l.ids = l.ids[:0]
	return dst
}

func (l *leaving) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.ids)
}
