package streaming

import "runtime"

// readState says what the reader found.
type readState uint8

const (
	readEmpty   readState = iota // nothing more was claimed
	readPending                  // claimed, still being written
	readVoid                     // nothing in it
	readRecord
)

// read returns the record at pos, which aliases the ring until it is released,
// and the position of the next.
func (r *Ring) read(pos uint64) (record []byte, next uint64, state readState) {
	if pos == r.head.Load() {
		return nil, pos, readEmpty
	}
	at := r.offset(pos)
	commit := r.file.word(at + atCommit).Load()
	size := int(r.file.word(at + atLength).Load())
	next = pos + footprint(size)
	switch uint32(commit) {
	case markWritten:
		return r.file.data[at+overhead:][:size:size], next, readRecord
	case markVoid:
		return nil, next, readVoid
	}
	return nil, pos, readPending
}

// await sleeps until there may be something at pos, or until stop is closed. It
// returns at once where there is something already.
func (r *Ring) await(pos uint64, stop <-chan struct{}) {
	r.reader.Store(true)
	if _, _, state := r.read(pos); state > readPending {
		r.reader.Store(false)
		return
	}
	select {
	case <-r.wake:
	case <-stop:
	}
	r.reader.Store(false)
}

// settle waits until every claimed record is committed, some microseconds.
func (r *Ring) settle() {
	for pos := r.released; ; {
		_, next, state := r.read(pos)
		switch state {
		case readEmpty:
			return
		case readPending:
			runtime.Gosched()
		default:
			pos = next
		}
	}
}

// recover walks from the tail over everything that was claimed, makes void what
// was never committed, and continues behind it.
func (r *Ring) recover() {
	tail := r.file.header.tail
	pos := tail
	for {
		next, ok := r.inspect(pos, tail)
		if !ok {
			break
		}
		pos = next
	}
	r.head.Store(pos)
	r.count.Store(uint64(r.recovery.Records))
}

// inspect checks the record at pos and returns the position behind it; false
// where none was claimed there.
func (r *Ring) inspect(pos, tail uint64) (next uint64, ok bool) {
	at := r.offset(pos)
	size := r.file.word(at + atLength).Load()
	if r.file.word(at+atPos).Load() != pos+1 || size > r.file.header.size {
		return 0, false
	}
	need := footprint(int(size))
	if at+need > r.file.header.size || pos+need-tail > r.file.header.size {
		return 0, false
	}
	commit := r.file.word(at + atCommit).Load()
	switch {
	case uint32(commit) == markVoid:
	case uint32(commit) == markWritten && commit>>32 == r.sum(at, int(size)):
		r.recovery.Records++
	default:
		r.file.word(at + atCommit).Store(markVoid)
		r.recovery.abandon(r.file.word(at + atSeq).Load())
	}
	return pos + need, true
}

func (v *Recovery) abandon(seq uint64) {
	if v.Abandoned == 0 {
		v.First = seq
	}
	v.Abandoned++
	v.First, v.Last = min(v.First, seq), max(v.Last, seq)
}
