package streaming

import (
	"context"
	"encoding/hex"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// batch is what the sink gets at once. Two of them pass between encoder and
// sender, so that one is filled while the other is on its way.
type batch struct {
	messages []Message
	buffer   []byte // values, each with a line feed behind it
	keys     []byte
	records  int    // in the ring, those without a message included
	end      uint64 // position behind the last
	first    int64  // time of the first event, unix nanoseconds
}

// encoder is the state of the goroutine that reads the ring.
type encoder struct {
	pos   uint64
	codec decoder
	event models.Event
}

// encode turns records into batches until the ring is drained.
func (s *Stream) encode() {
	defer close(s.full)
	for b := range s.free {
		if !s.fill(b) {
			return
		}
		s.full <- b
	}
}

// fill waits for records and puts them into b. False means that no more come.
func (s *Stream) fill(b *batch) bool {
	*b = batch{messages: b.messages[:0], buffer: b.buffer[:0], keys: b.keys[:0], end: s.encoder.pos}
	for b.end == s.encoder.pos {
		if s.encoder.pos == s.ring.head.Load() && s.draining() {
			return false
		}
		s.ring.await(s.encoder.pos, s.drain)
		s.linger()
		s.collect(b)
	}
	s.encoder.pos = b.end
	return true
}

func (s *Stream) draining() bool {
	select {
	case <-s.drain:
		return true
	default:
		return false
	}
}

// smallRecord is about the least that an event takes, to judge from the bytes in
// the ring whether a batch is full already.
const smallRecord = 768

// linger lets the first event of a batch wait for company.
func (s *Stream) linger() {
	waiting := s.ring.head.Load() - s.encoder.pos
	if s.config.Batch.Delay == 0 || waiting >= uint64(s.config.Batch.Events)*smallRecord {
		runtime.Gosched()
		return
	}
	t := time.NewTimer(s.config.Batch.Delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.drain:
		runtime.Gosched()
	}
}

// collect adds records to b until it is full or the ring has no more.
func (s *Stream) collect(b *batch) {
	for b.records < s.config.Batch.Events && len(b.buffer) < int(s.config.Batch.Bytes) {
		record, next, state := s.ring.read(b.end)
		switch state {
		case readEmpty, readPending:
			return
		case readRecord:
			b.records++
			if !s.skip {
				s.add(b, record)
			}
		}
		b.end = next
	}
}

// add decodes a record and encodes it for the sink.
func (s *Stream) add(b *batch, record []byte) {
	ev := &s.encoder.event
	if err := s.encoder.codec.decode(record, ev); err != nil {
		if s.counts.encodeErrors.Add(1) == 1 {
			s.log.Error().Str("component", "streaming").Err(err).Msg("record in the ring cannot be read")
		}
		return
	}
	if b.first == 0 {
		b.first = ev.Time.UnixNano()
	}
	m := Message{Kind: ev.Kind, ID: ev.ID, Time: ev.Time, Node: ev.Node, Boot: ev.Boot, Seq: ev.Seq}
	if len(ev.TraceID) == len(m.Trace) {
		copy(m.Trace[:], ev.TraceID)
	}
	b.keys, m.Key = appendKey(b.keys, ev)
	from := len(b.buffer)
	b.buffer = append(ocsf.AppendEvent(b.buffer, ev, s.options), '\n')
	m.Value = b.buffer[from : len(b.buffer)-1]
	b.messages = append(b.messages, m)
}

// appendKey appends what keeps the events of a subject in order: its pseudonym;
// for a configuration its hash; for anonymous callers nothing.
func appendKey(buffer []byte, ev *models.Event) (grown, key []byte) {
	from := len(buffer)
	switch {
	case ev.Kind == models.ConfigEvent:
		buffer = hex.AppendEncode(buffer, ev.ConfigHash[:])
	case ev.Subject != models.Anonymous:
		buffer = hex.AppendEncode(buffer, ev.Pseudonym[:])
	default:
		return buffer, nil
	}
	return buffer, buffer[from:len(buffer):len(buffer)]
}

// send delivers batches in order until there are no more, or ctx ends.
func (s *Stream) send(ctx context.Context) {
	for b := range s.full {
		if ctx.Err() == nil && s.deliver(ctx, b) {
			s.counts.sent.Add(uint64(b.records))
			s.ring.release(b.end, b.records)
			s.ring.flushGap(s.now())
		}
		s.counts.oldest.Store(0)
		s.free <- b
	}
}

// deliver tries until the sink has the batch; false where ctx ended before.
func (s *Stream) deliver(ctx context.Context, b *batch) bool {
	s.counts.oldest.Store(b.first)
	pause, failed := 50*time.Millisecond, 0
	for {
		err := s.sink.Write(ctx, b.messages)
		if err == nil {
			break
		}
		s.counts.sinkErrors.Add(1)
		if failed++; failed == 1 {
			s.log.Warn().Str("component", "streaming").Str("sink", s.sink.Name()).Err(err).
				Msg("sink fails, events wait in the ring")
		}
		if !sleep(ctx, pause/2+rand.N(pause/2)) {
			return false
		}
		pause = min(2*pause, s.config.Batch.Retry)
	}
	if failed > 0 {
		s.log.Info().Str("component", "streaming").Str("sink", s.sink.Name()).Int("fails", failed).
			Msg("sink works again")
	}
	for i := range b.messages {
		s.counts.bytes.Add(uint64(len(b.messages[i].Value)))
	}
	return true
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
