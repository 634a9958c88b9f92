// Package streaming carries events off the request path without blocking it.
package streaming

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// Stream takes events from the request path through the ring to a sink.
type Stream struct {
	config   Config
	ring     *Ring
	refusals *Refusals
	sink     Sink
	skip     bool // the sink keeps nothing: do not even decode
	options  ocsf.Options
	now      func() time.Time
	log      zerolog.Logger

	free, full chan *batch
	drain      chan struct{} // closed: deliver what is there, then end
	ticking    chan struct{} // closed: no more refusals
	abort      context.CancelFunc
	running    sync.WaitGroup // encoder and sender
	ticker     sync.WaitGroup

	encoder encoder
	counts  counts
}

// counts are the numbers behind Stats.
type counts struct {
	sent, bytes, sinkErrors, encodeErrors atomic.Uint64
	oldest                                atomic.Int64 // unix nanoseconds, 0: none
}

// Stats is a reading of a stream's counters. All but Pending, PendingBytes and
// Oldest only rise.
type Stats struct {
	Sent         uint64 // acknowledged by the sink
	Bytes        uint64 // of them, encoded
	LostAllow    uint64 // decisions that forwarded, lost because the ring was full
	LostKeep     uint64 // all other events lost so
	Pending      uint64 // in the ring
	PendingBytes uint64
	Oldest       time.Duration // age of the oldest event in the ring; 0: none waits
	SinkErrors   uint64        // failed attempts
	EncodeErrors uint64        // records that could not be read back
	Rejected     uint64        // events that the sink can never take, given up
	Recovered    Recovery
}

// New opens the ring of node and boot; boot is unix milliseconds of the start of
// the process. Product is the version shown in events. Now tells the time. The
// stream closes sink when it stops.
func New(c Config, node string, boot uint64, product string, sink Sink, now func() time.Time, log zerolog.Logger) (*Stream, error) {
	ring, err := OpenRing(c.Ring, node, boot)
	if err != nil {
		return nil, err
	}
	_, skip := sink.(Discard)
	s := &Stream{
		config: c, ring: ring, refusals: NewRefusals(), sink: sink, skip: skip,
		options: ocsf.Options{Privacy: c.Privacy, Version: product}.Remembering(), now: now, log: log,
		free: make(chan *batch, 2), full: make(chan *batch, 2),
		drain: make(chan struct{}), ticking: make(chan struct{}),
		encoder: encoder{pos: ring.released},
	}
	s.free <- &batch{}
	s.free <- &batch{}
	s.tellRecovery()
	return s, nil
}

func (s *Stream) tellRecovery() {
	v := s.ring.Recovered()
	if v.Reset {
		s.log.Warn().Str("component", "streaming").Msg("ring held something unreadable and was made anew")
	}
	if v.Abandoned > 0 {
		s.ring.Publish(v.event(s.ring.ids, s.ring.node, s.now()))
	}
	if v.Records+v.Abandoned > 0 {
		s.log.Info().Str("component", "streaming").Int("events", v.Records).Int("half_written", v.Abandoned).
			Msg("events of the process before are in the ring")
	}
	if uint64(v.Bytes) != s.config.Ring.dataSize()+pageSize {
		s.log.Warn().Str("component", "streaming").Stringer("bytes", v.Bytes).
			Msg("ring keeps its old size until a start finds it empty")
	}
}

// Publish commits a copy of ev, see Ring.Publish.
func (s *Stream) Publish(ev *models.Event) bool { return s.ring.Publish(ev) }

// Refuse counts a refusal before authentication, see Refusals.Add.
func (s *Stream) Refuse(now time.Time, addr netip.Addr, denial models.Denial) {
	s.refusals.Add(now, addr, denial)
}

// NewID returns an event id for time now.
func (s *Stream) NewID(now time.Time) models.EventID { return s.ring.ids.New(now) }

// Sink returns the name of the sink.
func (s *Stream) Sink() string { return s.sink.Name() }

// Start begins to deliver.
func (s *Stream) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.abort = cancel
	s.running.Go(s.encode)
	s.running.Go(func() { s.send(ctx) })
	s.ticker.Go(s.tick)
}

// tick publishes the refusals of each second when it has ended.
func (s *Stream) tick() {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.flushRefusals(s.now().Unix())
		case <-s.ticking:
			s.flushRefusals(1 << 62)
			return
		}
	}
}

func (s *Stream) flushRefusals(before int64) {
	var ev models.Event
	s.refusals.flush(before, func(r *refusal) {
		r.event(&ev, s.ring.ids.New(r.last))
		s.ring.Publish(&ev)
	})
}

// Stop delivers what is in the ring until ctx ends, then closes sink and ring.
// What could not be delivered stays in the ring file for the next process.
// Publishing afterwards loses the event.
func (s *Stream) Stop(ctx context.Context) error {
	if s.abort == nil { // never started
		return errors.Join(s.sink.Close(), s.ring.Close())
	}
	close(s.ticking)
	s.ticker.Wait()
	close(s.drain)
	done := make(chan struct{})
	go func() { s.running.Wait(); close(done) }()
	var late error
	select {
	case <-done:
	case <-ctx.Done():
		late = ctx.Err()
	}
	s.abort()
	<-done
	if err := errors.Join(s.sink.Close(), s.ring.Close()); err != nil {
		return err
	}
	return late
}

// Stats returns the counters at time now.
func (s *Stream) Stats(now time.Time) Stats {
	st := Stats{
		Sent: s.counts.sent.Load(), Bytes: s.counts.bytes.Load(),
		LostAllow: s.ring.Lost(LostAllow), LostKeep: s.ring.Lost(LostKeep),
		SinkErrors: s.counts.sinkErrors.Load(), EncodeErrors: s.counts.encodeErrors.Load(),
		Recovered: s.ring.Recovered(),
	}
	if r, ok := s.sink.(interface{ Rejected() uint64 }); ok {
		st.Rejected = r.Rejected()
	}
	st.Pending, st.PendingBytes = s.ring.Pending()
	if oldest := s.counts.oldest.Load(); oldest != 0 && st.Pending > 0 {
		st.Oldest = max(0, now.Sub(time.Unix(0, oldest)))
	}
	return st
}
