package baseline

import (
	"errors"
	"time"
)

const (
	maxReads   = 64 // reads of the store at once
	maxRecalls = 4  // tries to hold a subject that leaves as fast as it is read
)

// load is one read of the store, shared by all who ask for the subject.
type load struct {
	done chan struct{} // closed when failed is final
	// failed says that the subject is not in memory now: the read failed, or there
	// was no room for it.
	failed bool
}

// recall brings a stored subject back and holds it. It waits for the store no
// longer than the read timeout; a late answer serves the next request. The
// stripe is released if the Ref returned holds nothing.
func (m *Memory) recall(q lookup) Ref {
	timer := time.NewTimer(m.readTimeout)
	defer timer.Stop()
	for range maxRecalls {
		l := m.startLoad(q)
		q.s.mu.Unlock()
		if l == nil || !l.wait(timer.C) {
			return Ref{}
		}
		q.s.mu.Lock()
		if r := m.find(q); r.s != nil {
			return r
		}
		if m.closed.Load() {
			break
		}
	}
	q.s.mu.Unlock()
	return Ref{}
}

// wait reports whether the read ended well before the time was up.
func (l *load) wait(timeout <-chan time.Time) bool {
	select {
	case <-l.done:
		return !l.failed
	case <-timeout:
		return false
	}
}

// startLoad joins or starts the read of a subject; nil: too many are under way.
// The caller has found the memory open.
func (m *Memory) startLoad(q lookup) *load {
	if l := q.s.loading[q.subject]; l != nil {
		return l
	}
	select {
	case m.readers <- struct{}{}:
	default:
		return nil
	}
	l := &load{done: make(chan struct{})}
	q.s.loading[q.subject] = l
	m.loads.Add(1)
	go m.read(q, l)
	return l
}

// read reads one subject and places it, ends the load, and does both under one
// hold of the stripe: nobody finds the subject neither loading nor in memory.
func (m *Memory) read(q lookup, l *load) {
	defer m.loads.Done()
	var profile Profile
	version, err := m.archive.read(q.subject, &profile)
	<-m.readers
	m.counts.reads.Add(1)

	q.s.mu.Lock()
	l.failed = !m.place(q, &profile, version, err)
	delete(q.s.loading, q.subject)
	q.s.mu.Unlock()
	close(l.done)
}

// place puts the outcome of a read into memory, unless the read failed. A
// subject without a sound record starts anew.
func (m *Memory) place(q lookup, profile *Profile, version uint32, err error) bool {
	if errors.Is(err, errCorrupt) {
		m.noteCorrupt(err)
	}
	switch {
	case err == nil:
		id := m.settle(q)
		if id == 0 {
			return false
		}
		e := m.arena.at(id)
		e.profile, e.version = *profile, version
		return true
	case errors.Is(err, errAbsent), errors.Is(err, errCorrupt):
		return m.create(q).s != nil
	default:
		m.counts.readErrors.Add(1)
		return false
	}
}

func (m *Memory) noteCorrupt(err error) {
	if m.counts.corrupt.Add(1) == 1 {
		m.log.Error().Err(err).Msg("a stored profile fails its check and is not used; further ones are only counted")
	}
}
