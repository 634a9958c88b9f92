package streaming

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
)

// FindingEventsLost is the finding that reports missing sequence numbers.
const FindingEventsLost = "events_lost"

// gap counts events lost in a row.
type gap struct {
	from, to uint64
	lost     [numLostClasses]uint64
}

func (g *gap) count() uint64 { return g.lost[LostAllow] + g.lost[LostKeep] }

func (g *gap) add(seq uint64, c LostClass) {
	if g.count() == 0 {
		g.from = seq
	}
	g.to = seq
	g.lost[c]++
}

// appendTo appends the gap as JSON.
func (g *gap) appendTo(dst []byte, node string, boot uint64, reason string) []byte {
	name, err := json.Marshal(node)
	if err != nil {
		panic("BUG: streaming: a string that is no JSON: " + err.Error())
	}
	dst = append(append(dst, `{"gap":{"node":`...), name...)
	dst = strconv.AppendUint(append(dst, `,"boot":`...), boot, 10)
	dst = strconv.AppendUint(append(dst, `,"from":`...), g.from, 10)
	dst = strconv.AppendUint(append(dst, `,"to":`...), g.to, 10)
	dst = strconv.AppendUint(append(dst, `,"count":`...), g.count(), 10)
	dst = strconv.AppendUint(append(dst, `,"allow":`...), g.lost[LostAllow], 10)
	dst = strconv.AppendUint(append(dst, `,"keep":`...), g.lost[LostKeep], 10)
	dst = append(append(dst, `,"reason":"`...), reason...)
	return append(dst, `"}}`...)
}

// reportGap publishes what is missing, if there is room for the report and for a
// record of size bytes behind it. The caller holds mu.
func (r *Ring) reportGap(now time.Time, size int) bool {
	if r.head.Load()+footprint(fixedBytes)+footprint(size)-r.safe.Load() > r.file.header.size {
		return false // no need to compose it
	}
	ev := &r.gapEvent
	ev.Reset()
	ev.Kind, ev.ID, ev.Time, ev.Finding = models.FindingEvent, r.ids.New(now), now, FindingEventsLost
	ev.Node, ev.Boot, ev.Seq = r.node, r.boot, r.seq+1
	ev.Count = uint32(min(r.gap.count(), 1<<32-1))
	ev.Payload = r.gap.appendTo(ev.Payload, r.node, r.boot, "ring_full")
	own := shapeOf(ev)
	head := r.head.Load()
	_, need := r.plan(head, own.size)
	if size > 0 {
		_, more := r.plan(head+need, size)
		need += more
	}
	if head+need-r.safe.Load() > r.file.header.size {
		return false
	}
	pos, ok := r.reserve(own.size, ev.Seq)
	if !ok {
		return false
	}
	r.seq++
	r.gap = gap{}
	r.commit(pos, ev, &own)
	return true
}

// flushGap reports lost events once there is room, where no event came to do so.
func (r *Ring) flushGap(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gap.count() != 0 {
		r.reportGap(now, 0)
	}
}

// event returns the finding that reports what a killed process left half written.
func (v *Recovery) event(ids *IDs, node string, now time.Time) *models.Event {
	g := gap{from: v.First, to: v.Last}
	g.lost[LostKeep] = uint64(v.Abandoned)
	return &models.Event{
		Kind: models.FindingEvent, ID: ids.New(now), Time: now, Finding: FindingEventsLost,
		Count: uint32(v.Abandoned), Payload: g.appendTo(nil, node, v.Boot, "killed"),
	}
}
