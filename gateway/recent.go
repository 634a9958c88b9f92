package gateway

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/riskgate/riskgate/gateway/admin"
	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// Of so many events in a span of time all are remembered; beyond, the newest few of
// each batch are a fair sample, and copying more would cost.
const (
	span      = 100 * time.Millisecond
	perSpan   = 32
	underLoad = 4 // of a batch
)

// recent is a sink that remembers the last decisions on their way to another.
type recent struct {
	streaming.Sink

	mu      sync.Mutex // guards what follows
	entries []remembered
	next    int
	begin   time.Time // of the span, by the events
	left    int       // of perSpan
}

type remembered struct {
	id    models.EventID
	value []byte
}

// remember puts a memory of n events before a sink. Nothing is encoded for a
// sink that keeps nothing, so there is nothing to remember either.
func remember(sink streaming.Sink, n int) (streaming.Sink, *recent) {
	r := &recent{Sink: sink, entries: make([]remembered, n)}
	if _, discards := sink.(streaming.Discard); discards || n == 0 {
		r.entries = nil
		return sink, r
	}
	return r, r
}

// Write remembers what the sink has taken.
func (r *recent) Write(ctx context.Context, messages []streaming.Message) error {
	if err := r.Sink.Write(ctx, messages); err != nil {
		return err
	}
	if len(messages) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(messages) - r.share(len(messages), messages[len(messages)-1].Time); i < len(messages); i++ {
		if m := &messages[i]; m.Kind == models.DecisionEvent {
			e := &r.entries[r.next]
			e.id, e.value = m.ID, append(e.value[:0], m.Value...)
			r.next = (r.next + 1) % len(r.entries)
		}
	}
	return nil
}

// share returns how many of n events, the last of time t, are remembered. The
// caller holds mu.
func (r *recent) share(n int, t time.Time) int {
	if since := t.Sub(r.begin); since < 0 || since >= span {
		r.begin, r.left = t, perSpan
	}
	n = min(n, max(r.left, underLoad))
	r.left -= min(n, r.left)
	return n
}

// Rejected returns how many events the sink behind has given up.
func (r *recent) Rejected() uint64 {
	if sink, ok := r.Sink.(interface{ Rejected() uint64 }); ok {
		return sink.Rejected()
	}
	return 0
}

// last returns copies of up to n events, newest first.
func (r *recent) last(n int) []json.RawMessage {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []json.RawMessage
	for i := range min(n, len(r.entries)) {
		e := &r.entries[(r.next+len(r.entries)-1-i)%len(r.entries)]
		if len(e.value) == 0 {
			break
		}
		all = append(all, bytes.Clone(e.value))
	}
	return all
}

func (r *recent) find(id string) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.entries, func(e remembered) bool {
		return len(e.value) > 0 && string(ocsf.AppendUUID(nil, e.id)) == id
	})
	if i < 0 {
		return nil
	}
	return bytes.Clone(r.entries[i].value)
}

// Recent implements admin.Gateway.
func (g *Gateway) Recent(n int) []json.RawMessage { return g.recent.last(n) }

// Explain implements admin.Gateway. It recomputes by the configuration that the
// decision was made by, as long as that is not long ago.
func (g *Gateway) Explain(id string) (json.RawMessage, error) {
	value := g.recent.find(id)
	if value == nil {
		return nil, admin.ErrNotFound
	}
	var e models.Event
	if err := ocsf.Decode(value, &e); err != nil {
		return nil, err
	}
	explanation, err := pipeline.Explain(&e, g.engines.of(e.ConfigHash))
	if err != nil {
		return nil, err
	}
	return json.Marshal(explanation)
}

// Candidates implements admin.Gateway.
func (g *Gateway) Candidates() (json.RawMessage, error) {
	hash := risk.New(g.riskOf(g.config.Load())).Hash()
	return json.Marshal(struct {
		Hash       string                `json:"config_hash"` // of the section in force
		Candidates []pipeline.Comparison `json:"candidates"`
	}{hex.EncodeToString(hash[:]), g.pipeline.Comparisons()})
}

// Verdicts implements admin.Gateway.
func (g *Gateway) Verdicts() (json.RawMessage, error) {
	return json.Marshal(g.verdicts.Status(g.options.Clock()))
}
