package kafka

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/url"
	"strconv"
	"sync"
	"time"

	kafka "github.com/segmentio/kafka-go"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// headerBytes is about what the headers of a message take.
const headerBytes = 512

// headerWriter makes the headers: CloudEvents in binary mode, and what tells
// consumers whether anything is missing.
//
// Node, boot and seq number the events of a process without holes. Pboot and pseq
// number, in the same way, what the sending process put into this partition; an
// event that outlived its own process has another boot than pboot.
type headerWriter struct {
	boot    string
	sources sync.Map // node -> "/riskgate/node"
}

func newHeaderWriter(boot uint64) headerWriter {
	return headerWriter{boot: strconv.FormatUint(boot, 10)}
}

// The attributes of each kind of event.
var (
	types = [models.NumEventKinds]string{
		models.DecisionEvent:       "io.riskgate.decision.v1",
		models.AuthenticationEvent: "io.riskgate.authentication.v1",
		models.FindingEvent:        "io.riskgate.finding.v1",
		models.RefusalEvent:        "io.riskgate.refusal.v1",
		models.ConfigEvent:         "io.riskgate.config.v1",
	}
	schemas = [models.NumEventKinds]string{
		models.DecisionEvent:       "https://schema.ocsf.io/" + ocsf.SchemaVersion + "/classes/api_activity",
		models.AuthenticationEvent: "https://schema.ocsf.io/" + ocsf.SchemaVersion + "/classes/authentication",
		models.FindingEvent:        "https://schema.ocsf.io/" + ocsf.SchemaVersion + "/classes/detection_finding",
		models.RefusalEvent:        "https://schema.ocsf.io/" + ocsf.SchemaVersion + "/classes/api_activity",
	}
)

func (w *headerWriter) source(node string) string {
	if s, ok := w.sources.Load(node); ok {
		return s.(string)
	}
	s := "/riskgate/" + url.PathEscape(node)
	w.sources.Store(node, s)
	return s
}

// records hands messages to the client one by one, reusing its memory.
type records struct {
	group   []*streaming.Message
	writer  *headerWriter
	next    int
	record  kafka.Record
	key     bytesReader
	value   bytesReader
	headers []kafka.Header
	scratch []byte
}

// bytesReader is a kafka.Bytes over memory of ours.
type bytesReader struct{ bytes.Reader }

// Close does nothing.
func (*bytesReader) Close() error { return nil }

// ReadRecord returns the next record, valid until the next call.
func (r *records) ReadRecord() (*kafka.Record, error) {
	if r.next == len(r.group) {
		return nil, io.EOF
	}
	m := r.group[r.next]
	r.next++
	r.record = kafka.Record{Time: m.Time, Value: &r.value, Headers: r.build(m)}
	r.value.Reset(m.Value)
	if len(m.Key) > 0 {
		r.key.Reset(m.Key)
		r.record.Key = &r.key
	}
	return &r.record, nil
}

// build writes the headers of m.
func (r *records) build(m *streaming.Message) []kafka.Header {
	if cap(r.scratch) < headerBytes {
		r.scratch = make([]byte, 0, headerBytes)
	}
	r.headers, r.scratch = r.headers[:0], r.scratch[:0]
	r.add("content-type", "application/json")
	r.add("ce_specversion", "1.0")
	r.with("ce_id", ocsf.AppendUUID(r.scratch, m.ID))
	r.add("ce_source", r.writer.source(m.Node))
	r.add("ce_type", types[m.Kind])
	r.with("ce_time", m.Time.UTC().AppendFormat(r.scratch, time.RFC3339Nano))
	if len(m.Key) > 0 {
		r.with("ce_subject", append(r.scratch, m.Key...))
	}
	if schema := schemas[m.Kind]; schema != "" {
		r.add("ce_dataschema", schema)
	}
	if m.Trace[0] != 0 {
		r.with("ce_traceparent", appendTraceparent(r.scratch, m))
	}
	r.add("node", m.Node)
	r.with("boot", strconv.AppendUint(r.scratch, m.Boot, 10))
	r.with("seq", strconv.AppendUint(r.scratch, m.Seq, 10))
	r.add("pboot", r.writer.boot)
	r.with("pseq", strconv.AppendUint(r.scratch, m.Number, 10))
	return r.headers
}

func (r *records) add(key, value string) {
	r.with(key, append(r.scratch, value...))
}

// with takes the value that grown has beyond scratch.
func (r *records) with(key string, grown []byte) {
	from := len(r.scratch)
	r.scratch = grown
	r.headers = append(r.headers, kafka.Header{Key: key, Value: grown[from:len(grown):len(grown)]})
}

// appendTraceparent makes the event a span of the request's trace; its id is
// taken from the event's.
func appendTraceparent(dst []byte, m *streaming.Message) []byte {
	dst = append(append(append(dst, "00-"...), m.Trace[:]...), '-')
	dst = hex.AppendEncode(dst, m.ID[8:])
	return append(dst, "-00"...)
}
