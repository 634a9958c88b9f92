package streaming

import (
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"sync/atomic"

	"github.com/riskgate/riskgate/models"
)

// The words before each record. Records start at multiples of align and never
// wrap: what is left at the end is filled with a pad.
const (
	atCommit = 0  // 0 while written, then a mark and the checksum
	atLength = 8  // u32 bytes of the record, u32 zero
	atSeq    = 16 // number within the boot
	atPos    = 24 // position since the ring was made; tells this lap from the last
	overhead = 32
	align    = 32
)

// The lower half of the commit word; the upper is the checksum.
const (
	markWritten = 0x44524357
	markVoid    = 0x44494f56 // nothing in it: padding, or abandoned by a killed process
)

// maxRecord bounds a record; see textLimit for how it is kept.
const maxRecord = 192 << 10

// Ring holds events until a sink has acknowledged them, in a file that outlives
// the process. Any number of goroutines publish, one reads.
type Ring struct {
	node string
	boot uint64
	ids  *IDs

	mu       sync.Mutex // guards what follows, for some tens of nanoseconds
	file     *ringFile
	seq      uint64
	gap      gap
	gapEvent models.Event
	closed   bool

	head     atomic.Uint64 // everything before has been claimed
	safe     atomic.Uint64 // everything before may be overwritten
	released uint64        // tail in the newer header; the reader's own

	reader   atomic.Bool   // the reader waits for wake
	wake     chan struct{} // one token
	lost     [numLostClasses]atomic.Uint64
	count    atomic.Uint64 // records claimed, less those released
	recovery Recovery
}

// LostClass tells apart events of different worth.
type LostClass uint8

// The classes of lost events.
const (
	LostAllow LostClass = iota // decisions that forwarded the request: allow and monitor
	LostKeep                   // everything else
	numLostClasses
)

// String returns the metric label.
func (c LostClass) String() string { return [...]string{"allow", "keep"}[c] }

func lostClassOf(ev *models.Event) LostClass {
	if ev.Kind == models.DecisionEvent && ev.Action <= models.Monitor && ev.Denial == "" {
		return LostAllow
	}
	return LostKeep
}

// Recovery says what the process before left in the ring.
type Recovery struct {
	Records   int    // committed and not acknowledged: will be sent
	Abandoned int    // half written when the process was killed: skipped
	Boot      uint64 // of the process that wrote them
	First     uint64 // sequence numbers of the abandoned ones, from and to
	Last      uint64
	Reset     bool        // the file held something else, which was overwritten
	Bytes     models.Size // size in use; the configured one comes once this is drained
}

// OpenRing opens or makes the ring for the events of this node and boot.
func OpenRing(c RingConfig, node string, boot uint64) (*Ring, error) {
	file, fresh, reset, err := openRingFile(c)
	if err != nil {
		return nil, err
	}
	r := &Ring{node: node, boot: boot, ids: NewIDs(), file: file, wake: make(chan struct{}, 1)}
	r.recovery = Recovery{Reset: reset, Boot: file.header.boot}
	if !fresh {
		r.recover()
	}
	if want := c.dataSize(); r.recovery.Records == 0 && file.header.size != want {
		if err := r.resize(c, want); err != nil {
			return nil, errors.Join(err, file.close())
		}
	}
	r.recovery.Bytes = r.file.sizeOf()
	r.file.write(r.file.header.tail, boot)
	r.released = r.file.header.tail
	r.safe.Store(r.released)
	return r, nil
}

// resize makes an empty ring anew, in the same file and under the same lock.
func (r *Ring) resize(c RingConfig, want uint64) error {
	if err := r.file.unmap(); err != nil {
		return err
	}
	if err := allocate(r.file.file, want, c); err != nil {
		return err
	}
	file, err := mapRing(r.file.file, header{size: want})
	if err != nil {
		return err
	}
	file.format()
	r.file = file
	r.head.Store(0)
	return nil
}

// Recovered says what the process before left in the ring.
func (r *Ring) Recovered() Recovery { return r.recovery }

// Publish sets ev's node, boot and sequence number and commits a copy of it. It
// never blocks and does not allocate. False means that the ring is full and the
// event is lost; it is counted, and a finding will tell which numbers are missing.
func (r *Ring) Publish(ev *models.Event) bool {
	ev.Node, ev.Boot = r.node, r.boot
	s := shapeOf(ev)
	r.mu.Lock()
	pos, ok := r.claim(ev, s.size)
	r.mu.Unlock()
	if !ok {
		r.lost[lostClassOf(ev)].Add(1)
		return false
	}
	r.commit(pos, ev, &s)
	return true
}

// claim numbers ev and reserves its place, behind a report of what was lost
// before, if anything was. The caller holds mu.
func (r *Ring) claim(ev *models.Event, size int) (pos uint64, ok bool) {
	if r.gap.count() != 0 && !r.closed {
		r.reportGap(ev.Time, size)
	}
	r.seq++
	ev.Seq = r.seq
	if r.gap.count() == 0 && !r.closed {
		pos, ok = r.reserve(size, ev.Seq)
	}
	if !ok {
		r.gap.add(ev.Seq, lostClassOf(ev))
	}
	return pos, ok
}

// reserve takes room for a record and writes all of its header but the commit
// word. The position comes last: what has it, has the rest. The caller holds mu.
func (r *Ring) reserve(size int, seq uint64) (pos uint64, ok bool) {
	head := r.head.Load()
	pad, need := r.plan(head, size)
	if size > maxRecord || head+need-r.safe.Load() > r.file.header.size {
		return 0, false
	}
	if pad != 0 {
		r.stamp(head, int(pad-overhead), 0)
		r.file.word(r.offset(head) + atCommit).Store(markVoid)
		head += pad
		need -= pad
	}
	r.stamp(head, size, seq)
	r.head.Store(head + need)
	r.count.Add(1)
	return head, true
}

// plan returns how much must be skipped to keep a record of size bytes in one
// piece, and how much it takes, with what is skipped.
func (r *Ring) plan(head uint64, size int) (pad, need uint64) {
	need = footprint(size)
	if left := r.file.header.size - r.offset(head); left < need {
		pad = left
	}
	return pad, need + pad
}

// footprint returns how much of the ring a record of size bytes takes.
func footprint(size int) uint64 {
	return (overhead + uint64(size) + align - 1) &^ (align - 1)
}

func (r *Ring) offset(pos uint64) uint64 { return pos % r.file.header.size }

// stamp writes a record's header without committing it.
func (r *Ring) stamp(pos uint64, size int, seq uint64) {
	at := r.offset(pos)
	r.file.word(at + atCommit).Store(0)
	r.file.word(at + atLength).Store(uint64(size))
	r.file.word(at + atSeq).Store(seq)
	r.file.word(at + atPos).Store(pos + 1) // 0 is memory never written
}

// commit encodes ev at pos and lets the reader have it.
func (r *Ring) commit(pos uint64, ev *models.Event, s *shape) {
	at := r.offset(pos)
	room := r.file.data[at+overhead:][:0:s.size]
	if n := len(appendRecord(room, ev, s)); n != s.size {
		panic(fmt.Sprintf("BUG: streaming: record of %d bytes, want %d", n, s.size))
	}
	r.file.word(at + atCommit).Store(r.sum(at, s.size)<<32 | markWritten)
	if r.reader.Load() && r.reader.CompareAndSwap(true, false) {
		r.signal()
	}
}

// sum returns the checksum of a record and its header.
func (r *Ring) sum(at uint64, size int) uint64 {
	return uint64(crc32.Checksum(r.file.data[at+atLength:at+overhead+uint64(size)], castagnoli))
}

func (r *Ring) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// release lets everything before pos be overwritten. Only what both headers agree
// on is given away, so that a torn one loses nothing.
func (r *Ring) release(pos uint64, records int) {
	r.file.write(pos, r.boot)
	r.safe.Store(r.released)
	r.released = pos
	r.count.Add(^uint64(records - 1))
}

// Pending returns how many events and bytes wait for the sink.
func (r *Ring) Pending() (events, bytes uint64) {
	return r.count.Load(), r.head.Load() - r.safe.Load()
}

// Lost returns how many events of class c were lost since the start.
func (r *Ring) Lost(c LostClass) uint64 { return r.lost[c].Load() }

// Close gives the file back, after those who are publishing have finished. What
// was not released waits in it for the next process. Publishing afterwards loses
// the event.
func (r *Ring) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.settle()
	r.file.write(r.released, r.boot)
	return r.file.close()
}
