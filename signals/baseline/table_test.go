package baseline

import (
	"math"
	"testing"

	"github.com/riskgate/riskgate/models"
)

const t0 = uint32(1_700_000_000 / day * day) // midnight

func TestDecayByTime(t *testing.T) {
	var c Contribution
	c.decay(t0)
	c.Network[0] = Slot{Fine: 1, Mid: 2, Coarse: 3, Weight: 8}
	c.Device[0] = Slot{Fine: 4, Mid: 5, Coarse: 6, Weight: 8}
	c.Novelty.set(tokenNovelty, Ratio{4, 8})
	o := &models.Observed{Address: 1, Network: 2, Country: 3, Fingerprint: 4, Family: 5, DeviceType: 6}
	f := func(days uint32, net, dev float64) {
		t.Helper()
		got, gotDev := c.NetworkWeights(o, t0+days*day), c.DeviceWeights(o, t0+days*day)
		if math.Abs(got.Total-net) > 1e-9 || got.Level != [3]float64{got.Total, got.Total, got.Total} {
			t.Errorf("network after %d days: %v, want %g", days, got, net)
		}
		if math.Abs(gotDev.Total-dev) > 1e-9 {
			t.Errorf("device after %d days: %v, want %g", days, gotDev, dev)
		}
	}
	f(0, 8, 8)
	f(90, 8/math.Sqrt2, 8/math.Sqrt2)
	f(180, 4, 4)
	late := c.TokenNovelty(t0 + 120*day)
	if late != (Ratio{1, 2}) {
		t.Errorf("ratio after two half-lives: %v", late)
	}
	lazy := c.NetworkWeights(o, t0+60*day)
	c.decay(t0 + 30*day)
	c.decay(t0 + 60*day)
	if eager := c.NetworkWeights(o, t0+60*day); math.Abs(eager.Total-lazy.Total) > 1e-6 {
		t.Errorf("decayed in steps %g, at once %g", eager.Total, lazy.Total)
	}
	c.decay(t0)
	if c.At != t0+60*day {
		t.Error("time went backwards")
	}
}

// Ten thousand requests in an hour teach no more than one.
func TestOncePerHour(t *testing.T) {
	table := make([]Slot, NetworkSlots)
	for i := range uint32(10000) {
		remember(table, 1, 2, 3, 1, t0+i%3600)
	}
	if table[0].Weight != 1 {
		t.Errorf("weight %g after an hour, want 1", table[0].Weight)
	}
	for fine := range uint32(100) {
		remember(table, 10+fine, 2, 3, 1, t0+100)
	}
	if w := weigh(table, 1, 2, 3); w.Level[1] != 1 {
		t.Errorf("the ASN has weight %g after an hour of a hundred addresses, want 1", w.Level[1])
	}
	remember(table, 1, 2, 3, 1, t0+3600)
	if table[0].Weight != 2 {
		t.Errorf("weight %g in the second hour, want 2", table[0].Weight)
	}
}

// A value younger than a week holds at most three tenths of the table.
func TestYoungValuesAreCapped(t *testing.T) {
	var c Contribution
	for h := range uint32(10) {
		c.decay(t0 + h*3600)
		remember(c.Network[:], 1, 2, 3, 1, t0+h*3600)
	}
	if c.Network[0].Weight < 9.9 {
		t.Errorf("a new subject learns only %g of 10", c.Network[0].Weight)
	}
	start := t0 + 10*day
	for h := range uint32(6 * 24) {
		now := start + h*3600
		c.decay(now)
		remember(c.Network[:], 100+h%5, 9, 8, 1, now)
	}
	w := weigh(c.Network[:], 1, 9, 8)
	if share := w.Level[1] / w.Total; share > 0.3+1e-6 || share < 0.25 {
		t.Errorf("the young ASN holds %.3f of the table, want at most 0.3", share)
	}
	for h := range uint32(5 * 24) {
		now := start + (7*24+h)*3600
		c.decay(now)
		remember(c.Network[:], 100+h%5, 9, 8, 1, now)
	}
	if w := weigh(c.Network[:], 1, 9, 8); w.Level[1]/w.Total < 0.5 {
		t.Errorf("after a week it still holds only %.3f", w.Level[1]/w.Total)
	}
}

// A full table makes room without losing what is known of the ASN.
func TestMakeRoomKeepsTheNetwork(t *testing.T) {
	table := make([]Slot, NetworkSlots)
	for i := range uint32(NetworkSlots) {
		remember(table, 1+i, 2, 3, 1, t0+i*3600)
	}
	before := weigh(table, 0, 2, 3)
	if !remember(table, 99, 7, 3, 1, t0+100*3600) {
		t.Fatal("no room for a new address")
	}
	after := weigh(table, 99, 2, 3)
	if after.Level[0] != 1 || after.Level[1] != before.Level[1] {
		t.Errorf("new address %g, ASN %g; want 1 and %g", after.Level[0], after.Level[1], before.Level[1])
	}
}

func TestHours(t *testing.T) {
	var c Contribution
	at := func(days, hour uint32) uint32 { return t0 + days*day + hour*3600 }
	for d := range uint32(20) {
		c.decay(at(d, 9))
		c.addHour(at(d, 9), 1)
	}
	here, total := c.HourOf(9)
	beside, _ := c.HourOf(8)
	far, _ := c.HourOf(20)
	if total < 14 || here != total/2 || beside != total/4 || far != 0 {
		t.Errorf("09: %g, 08: %g, 20: %g of %g", here, beside, far, total)
	}
	for d := range uint32(300) {
		c.decay(at(20+d, 9))
		c.addHour(at(20+d, 9), 1)
		c.addHour(at(20+d, 23), 1)
	}
	if late, _ := c.HourOf(0); late == 0 {
		t.Error("midnight is no neighbor of 23:00")
	}
	c.decay(at(2000, 0))
	if _, total := c.HourOf(9); total != 0 {
		t.Errorf("%g looks are left after five years", total)
	}
}
