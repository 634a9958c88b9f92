package upstream

import (
	"bytes"

	"github.com/riskgate/riskgate/models"
)

// maxTraceState bounds the tracestate that is passed on (W3C Trace Context asks
// for at least 512 characters).
const maxTraceState = 512

// TraceID returns the trace id of the client's traceparent (W3C Trace Context):
// 32 lower-case hex digits that alias the view. It is nil unless there is exactly
// one traceparent and it is valid. Versions unknown to us are read as far as
// version 00 goes.
func TraceID(view *models.Request) []byte {
	v, ok := view.Header("traceparent")
	if !ok || view.CountHeader("traceparent") != 1 || !validTraceparent(v) {
		return nil
	}
	return v[3:35]
}

func validTraceparent(v []byte) bool {
	if len(v) < 55 || v[2] != '-' || v[35] != '-' || v[52] != '-' {
		return false
	}
	version := v[:2]
	if !lowerHex(version) || string(version) == "ff" {
		return false
	}
	if len(v) > 55 && (string(version) == "00" || v[55] != '-') {
		return false
	}
	trace, span := v[3:35], v[36:52]
	return lowerHex(trace) && lowerHex(span) && lowerHex(v[53:55]) && !zeros(trace) && !zeros(span)
}

func lowerHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zeros(b []byte) bool {
	for _, c := range b {
		if c != '0' {
			return false
		}
	}
	return true
}

// addTrace sends traceparent, and the client's tracestate if its trace goes on.
func (h *Headers) addTrace(out *Request, view *models.Request) {
	if len(h.TraceID) != 32 || len(h.SpanID) != 16 {
		return
	}
	b := append(append(h.scratch[:0], "00-"...), h.TraceID...)
	b = append(append(append(b, '-'), h.SpanID...), "-00"...)
	if h.Sampled {
		b[len(b)-1] = '1'
	}
	out.AddBytesV("traceparent", b)
	h.scratch = b
	if bytes.Equal(TraceID(view), h.TraceID) {
		addTraceState(out, view)
	}
}

// addTraceState passes on the tracestate lines, whole or not at all.
func addTraceState(out *Request, view *models.Request) {
	total := 0
	for i := range view.NumFields {
		if models.EqualFold(view.Name(i), "tracestate") {
			total += len(view.Value(i)) + 1
		}
	}
	if total > maxTraceState+1 {
		return
	}
	for i := range view.NumFields {
		if models.EqualFold(view.Name(i), "tracestate") {
			out.add(view.Name(i), view.Value(i))
		}
	}
}
