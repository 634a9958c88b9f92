package streaming

import (
	"context"
	"io"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Message is one encoded event on its way to a sink.
type Message struct {
	Kind  models.EventKind
	ID    models.EventID
	Time  time.Time
	Node  string
	Boot  uint64
	Seq   uint64
	Trace [32]byte // trace id in hexadecimal; zero: none
	// Key orders messages: those with one key arrive in the order of publishing.
	// Empty means that no order is asked for.
	Key []byte
	// Value is JSON without line feeds. It is only read: behind it, within its
	// capacity, are a line feed and the values of the messages that follow.
	Value []byte

	// Done is set by the sink for what it has delivered, and a retry leaves such
	// messages out. Place and Number belong to the sink: they are zero when the
	// message is first seen and kept over retries.
	Done   bool
	Place  int32
	Number uint64
}

// Sink takes encoded events. One goroutine calls Write, again and again with the
// same messages until it returns nil.
type Sink interface {
	// Write delivers the messages that are not Done. On error some may be Done.
	// It must not keep them.
	Write(ctx context.Context, messages []Message) error
	Close() error
	// Name is the metric label.
	Name() string
}

// Discard is the sink that takes everything and keeps nothing. Events are not
// even decoded for it.
type Discard struct{}

// Write does nothing.
func (Discard) Write(context.Context, []Message) error { return nil }

// Close does nothing.
func (Discard) Close() error { return nil }

// Name returns "discard".
func (Discard) Name() string { return SinkDiscard }

// Lines writes each message as a line to a writer that it does not own.
type Lines struct {
	w      io.Writer
	buffer []byte
}

// NewLines returns a sink that writes to w, one call for each batch.
func NewLines(w io.Writer) *Lines { return &Lines{w: w} }

// Write writes all messages at once. A message may be written again if that
// fails half-way.
func (l *Lines) Write(_ context.Context, messages []Message) error {
	all, buffer := lines(messages, l.buffer)
	l.buffer = buffer
	_, err := l.w.Write(all)
	return err
}

// Close does nothing.
func (l *Lines) Close() error { return nil }

// Name returns "stdout".
func (l *Lines) Name() string { return SinkStdout }

// lines returns the messages that are not Done as lines, without a copy where
// their values lie behind each other in memory, otherwise in buffer, which it
// returns as it has grown.
func lines(messages []Message, buffer []byte) (all, grown []byte) {
	if all, ok := joined(messages); ok {
		return all, buffer
	}
	buffer = buffer[:0]
	for i := range messages {
		if !messages[i].Done {
			buffer = append(append(buffer, messages[i].Value...), '\n')
		}
	}
	return buffer, buffer
}

// joined returns the memory from the first value to the last with its line feed,
// if it holds exactly the messages as lines and none of them is Done.
func joined(messages []Message) (all []byte, ok bool) {
	if len(messages) == 0 {
		return nil, false
	}
	all = messages[0].Value[:cap(messages[0].Value)]
	at := 0
	for i := range messages {
		v := messages[i].Value
		end := at + len(v)
		if messages[i].Done || len(v) == 0 || end >= len(all) || &all[at] != &v[0] || all[end] != '\n' {
			return nil, false
		}
		at = end + 1
	}
	return all[:at], true
}
