//go:build !race

package streaming

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

func TestPublishAllocates(t *testing.T) {
	r := openTestRing(t, filepath.Join(t.TempDir(), "ring"), 1)
	ev := typical(t)
	if n := testing.AllocsPerRun(200, func() { r.Publish(ev) }); n != 0 {
		t.Errorf("Publish allocates %v times, want 0", n)
	}
	for r.Publish(ev) {
	}
	if n := testing.AllocsPerRun(200, func() { r.Publish(ev) }); n != 0 {
		t.Errorf("Publish into a full ring allocates %v times, want 0", n)
	}
}

func TestDecodingARecordAllocates(t *testing.T) {
	rec := record(typical(t))
	var d decoder
	var ev models.Event
	if n := testing.AllocsPerRun(200, func() { d.decode(rec, &ev) }); n != 0 {
		t.Errorf("decode allocates %v times, want 0", n)
	}
}

func TestRefusingAllocates(t *testing.T) {
	r, now, addr := NewRefusals(), time.Unix(1, 0), netip.MustParseAddr("192.0.2.1")
	if n := testing.AllocsPerRun(200, func() { r.Add(now, addr, models.UnknownKey) }); n != 0 {
		t.Errorf("Add allocates %v times, want 0", n)
	}
}

func TestIDAllocates(t *testing.T) {
	g, now := NewIDs(), time.Unix(1, 0)
	if n := testing.AllocsPerRun(200, func() { g.New(now) }); n != 0 {
		t.Errorf("New allocates %v times, want 0", n)
	}
}
