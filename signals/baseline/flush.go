package baseline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	batchRecords = 64 // written in one transaction: readers wait for it
	copyRecords  = 16 // copied out under one hold of a stripe
)

var errClosed = errors.New("baseline: memory is closed")

// record is the copy of one profile on its way to the store.
type record struct {
	key     models.Pseudonym
	version uint32
	plain   []byte // Profile.AppendBinary
	id      entryID
}

// flusher writes changed entries to the store and frees those that are leaving.
// It is the only writer of profiles, so that versions reach the store in order,
// and the only one that frees entries. All below belongs to its goroutine.
type flusher struct {
	m        *Memory
	quit     chan struct{}
	done     chan struct{}
	requests chan chan error // for a round now
	leaving  []entryID
	batch    []record
	failing  bool
}

func (f *flusher) start(m *Memory, every time.Duration) {
	f.m = m
	f.quit, f.done = make(chan struct{}), make(chan struct{})
	f.requests = make(chan chan error)
	f.batch = make([]record, 0, batchRecords)
	go f.run(every)
}

// stop ends the goroutine and waits for it.
func (f *flusher) stop() {
	close(f.quit)
	<-f.done
}

func (f *flusher) run(every time.Duration) {
	defer close(f.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-f.quit:
			return
		case answer := <-f.requests:
			answer <- f.round(context.Background(), false)
		case <-ticker.C:
			_ = f.round(context.Background(), true) // logged and counted there
		case <-f.m.leaving.wake:
			if !f.failing {
				_ = f.round(context.Background(), false)
			}
		}
	}
}

// Sync writes what has changed until now and returns when it is in the store.
func (m *Memory) Sync(ctx context.Context) error {
	answer := make(chan error, 1)
	select {
	case m.flusher.requests <- answer:
	case <-m.flusher.done:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// last is the round after the end of the goroutine.
func (f *flusher) last(ctx context.Context) error {
	err := f.round(ctx, false)
	if n := f.unwritten(); n > 0 {
		return fmt.Errorf("%d changed profiles are not in the store: %w", n, err)
	}
	return err
}

// round writes every entry that was changed before it began, and frees those
// that are leaving and were not changed since. Regular rounds offer the others,
// which are in use, to the cache again.
func (f *flusher) round(ctx context.Context, regular bool) error {
	f.leaving = f.m.leaving.drain(f.leaving)
	var errs error
	for i := range f.m.stripes {
		if err := f.stripe(ctx, &f.m.stripes[i]); err != nil {
			errs = err
		}
	}
	if err := f.commit(); err != nil {
		errs = err
	}
	f.dismiss(regular && errs == nil)
	f.note(errs)
	return errs
}

// stripe writes the changed entries of one stripe, but for a last batch that is
// not full.
func (f *flusher) stripe(ctx context.Context, s *stripe) error {
	s.mu.Lock()
	id := s.dirty
	s.dirty = 0
	s.mu.Unlock()
	var errs error
	for id != 0 {
		if err := ctx.Err(); err != nil {
			f.putBack(s, id)
			return err
		}
		id = f.copyOut(s, id)
		if len(f.batch) > batchRecords-copyRecords {
			if err := f.commit(); err != nil {
				errs = err
			}
		}
	}
	return errs
}

// copyOut copies some entries of a list to the batch and returns the rest.
func (f *flusher) copyOut(s *stripe, id entryID) entryID {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := 0; id != 0 && n < copyRecords; n++ {
		e := f.m.arena.at(id)
		f.batch = f.batch[:len(f.batch)+1]
		r := &f.batch[len(f.batch)-1]
		e.version++
		r.key, r.version, r.id = e.key, e.version, id
		r.plain = e.profile.AppendBinary(r.plain[:0])
		id, e.next = e.after(), 0
	}
	return id
}

// putBack returns the rest of a list to its stripe.
func (f *flusher) putBack(s *stripe, id entryID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id != 0 {
		e := f.m.arena.at(id)
		next := e.after()
		e.push(id, &s.dirty)
		id = next
	}
}

// commit writes the batch. When that fails, its entries are to be written again.
func (f *flusher) commit() error {
	if len(f.batch) == 0 {
		return nil
	}
	defer func() { f.batch = f.batch[:0] }()
	err := f.m.archive.write(f.batch)
	if err == nil {
		f.m.counts.written.Add(uint64(len(f.batch)))
		return nil
	}
	f.m.counts.writeErrors.Add(1)
	for _, r := range f.batch {
		f.again(r.id)
	}
	return err
}

func (f *flusher) again(id entryID) {
	e := f.m.arena.at(id)
	s := &f.m.stripes[stripeOf(f.m.hash.sum(e.key))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if !e.dirty() {
		e.push(id, &s.dirty)
	}
}

// dismiss frees the entries that are leaving and written; the others are offered
// again or stay for the next round.
func (f *flusher) dismiss(offer bool) {
	stay := f.leaving[:0]
	for _, id := range f.leaving {
		if !f.free(id, offer) {
			stay = append(stay, id)
		}
	}
	f.leaving = stay
	f.m.counts.staying.Store(int64(len(stay)))
}

// free frees an entry or offers it, and reports whether it did either.
func (f *flusher) free(id entryID, offer bool) bool {
	e := f.m.arena.at(id)
	h := f.m.hash.sum(e.key)
	s := &f.m.stripes[stripeOf(h)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.dirty() {
		if offer {
			f.m.known.touch(h)
			f.m.known.offer(h, id)
		}
		return offer
	}
	s.known.remove(h, id)
	f.m.arena.give(id)
	if f.m.archive == nil {
		f.m.counts.lost.Add(1)
	}
	return true
}

// unwritten counts the changed entries.
func (f *flusher) unwritten() int {
	n := 0
	for i := range f.m.stripes {
		s := &f.m.stripes[i]
		s.mu.Lock()
		for id := s.dirty; id != 0; id = f.m.arena.at(id).after() {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// note logs when writing begins to fail and when it works again.
func (f *flusher) note(err error) {
	switch {
	case err != nil && !f.failing:
		f.m.log.Error().Err(err).Msg("profiles cannot be written to the store and are kept in memory")
	case err == nil && f.failing:
		f.m.log.Info().Msg("profiles are written to the store again")
	}
	f.failing = err != nil
}
