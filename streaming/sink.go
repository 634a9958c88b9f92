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
	Key   []byte
	Value []byte // JSON without line feeds

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
	l.buffer = appendLines(l.buffer[:0], messages)
	_, err := l.w.Write(l.buffer)
	return err
}

// Close does nothing.
func (l *Lines) Close() error { return nil }

// Name returns "stdout".
func (l *Lines) Name() string { return SinkStdout }

func appendLines(dst []byte, messages []Message) []byte {
	for i := range messages {
		if !messages[i].Done {
			dst = append(append(dst, messages[i].Value...), '\n')
		}
	}
	return dst
}
