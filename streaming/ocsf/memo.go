package ocsf

import (
	"bytes"
	"math"

	"github.com/riskgate/riskgate/models"
)

// memo keeps texts that events repeat, for one goroutine. The zero memo keeps
// nothing.
type memo struct {
	floats   *[1 << floatBits]floatText
	agents   *[1 << agentBits]agentText
	class    *fragment[classKey]
	metadata *fragment[metadataKey]
	control  *fragment[controlKey]
	start    *fragment[startKey]
	decision *fragment[decisionKey]
	caller   *fragment[callerKey]
}

// forgetful is the memo of who asks for none; it is never changed.
var forgetful memo

// Remembering returns o with a memory of what events repeat: encoding is faster,
// and for one goroutine only. The strings of the events must not change later.
func (o Options) Remembering() Options {
	o.memo = &memo{
		floats: new([1 << floatBits]floatText), agents: new([1 << agentBits]agentText),
		class: new(fragment[classKey]), metadata: new(fragment[metadataKey]), control: new(fragment[controlKey]),
		start: new(fragment[startKey]), decision: new(fragment[decisionKey]), caller: new(fragment[callerKey]),
	}
	return o
}

// fragment is a piece of an event that depends on key alone, as it was written
// last.
type fragment[K comparable] struct {
	key  K
	text []byte
}

// recall appends what write makes of key.
func recall[K comparable](dst []byte, f *fragment[K], key K, write func([]byte, *K) []byte) []byte {
	if f == nil {
		return write(dst, &key)
	}
	if f.key != key || len(f.text) == 0 {
		f.key, f.text = key, write(f.text[:0], &key)
	}
	return append(dst, f.text...)
}

type (
	classKey    struct{ class, activity, severity int64 }
	metadataKey struct {
		version string
		trace   bool
	}
	controlKey struct {
		action, disposition, score, level, confidence int64
		alert                                         bool
	}
	startKey struct {
		kind models.EventKind
		node string
		boot uint64
	}
	decisionKey struct {
		action, byRisk, byPolicy models.Action
		mode, policyMode         models.Mode
		class                    models.Class
		clear                    bool
	}
	callerKey struct {
		subject                         models.SubjectKind
		credential                      models.CredentialKind
		established, machine, canStepUp bool
		tls                             models.TLSFacts
	}
)

const (
	floatBits = 8
	agentBits = 5
	maxFloat  = 24           // bytes of the longest
	narrow    = 0xffff << 48 // marks the key of a float32; such a float64 is no number
	spread    = 0x9e3779b97f4a7c15
)

type floatText struct {
	key  uint64
	text [maxFloat]byte
	n    uint8 // 0: empty
}

// append appends value as appendFloat does. Scores, points and facts of a caller
// stay the same from request to request.
func (m *memo) append(dst []byte, value float64, bits int) []byte {
	key := math.Float64bits(value)
	if bits == 32 {
		key = narrow | uint64(math.Float32bits(float32(value)))
	}
	if m.floats == nil || value != value {
		return appendFloat(dst, value, bits)
	}
	t := &m.floats[key*spread>>(64-floatBits)]
	if t.key != key || t.n == 0 {
		t.key, t.n = key, uint8(len(appendFloat(t.text[:0], value, bits)))
	}
	return append(dst, t.text[:]...)[:len(dst)+int(t.n)]
}

// maxRemembered is the longest agent that is kept.
const maxRemembered = 256

type agentText struct{ agent, text []byte }

// reduced appends agent as appendReduced does.
func (m *memo) reduced(dst, agent []byte) []byte {
	if m.agents == nil || len(agent) > maxRemembered {
		return appendReduced(dst, agent)
	}
	key := uint64(len(agent))
	for i := 0; i < len(agent); i += 7 {
		key = key*31 + uint64(agent[i])
	}
	t := &m.agents[key*spread>>(64-agentBits)]
	if !bytes.Equal(t.agent, agent) || len(t.text) == 0 {
		t.agent = append(t.agent[:0], agent...)
		t.text = appendReduced(t.text[:0], agent)
	}
	return append(dst, t.text...)
}
