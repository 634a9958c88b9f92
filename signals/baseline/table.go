package baseline

import "github.com/riskgate/riskgate/models"

// The half-lives, in seconds. Everything decays by time alone.
const (
	day          = 24 * 3600
	netHalfLife  = 180 * day
	devHalfLife  = 180 * day
	newHalfLife  = 60 * day // of novelty ratios
	monthSeconds = 30 * day
	faded        = 1e-3 // weights below are dropped
)

// Fold16 shortens a hash to the 16 bits that slots and sessions keep.
func Fold16(h uint32) uint16 { return uint16(h ^ h>>16) }

// halved returns 2^(-dt/halfLife) for the time from at to now; 1 if now is not
// later.
func halved(at, now uint32, halfLife float64) float64 {
	if now <= at {
		return 1
	}
	return models.Exp2(-float64(now-at) / halfLife)
}

// decay brings c to time now. The first call sets the time.
func (c *Contribution) decay(now uint32) {
	if c.At == 0 {
		c.At = now
	}
	c.mature(now)
	if now <= c.At {
		return
	}
	net, dev := halved(c.At, now, netHalfLife), halved(c.At, now, devHalfLife)
	decaySlots(c.Network[:], net)
	decaySlots(c.Device[:], dev)
	c.Novelty.decay(halved(c.At, now, newHalfLife))
	c.decayHours(c.At/monthSeconds, now/monthSeconds)
	c.At = now
}

func decaySlots(table []Slot, by float64) {
	for i := range table {
		s := &table[i]
		if s.Weight = float32(float64(s.Weight) * by); s.Weight < faded {
			*s = Slot{}
		}
	}
}

const (
	// youngDays is how long a value counts as young.
	youngDays = 7
	// bornDays is how long it is remembered when a value was born.
	bornDays = 90
)

// mature forgets when the slots were born that are old by now. What was not old at
// the last learning is younger than bornDays then, so that days modulo 255 suffice.
func (c *Contribution) mature(now uint32) {
	long := now > c.At && now-c.At >= bornDays*day
	for _, table := range [2][]Slot{c.Network[:], c.Device[:]} {
		for i := range table {
			if s := &table[i]; s.Born != 0 && (long || s.age(now/day) >= bornDays) {
				s.Born = 0
			}
		}
	}
}

// age returns how many days before today a slot was born, if that is less than 255.
func (s *Slot) age(today uint32) uint32 { return (today%255 + 255 - uint32(s.Born-1)) % 255 }

// young reports whether a slot was born in the week before.
func (s *Slot) young(now uint32) bool { return s.Born != 0 && s.age(now/day) < youngDays }

func bornOn(now uint32) uint8 { return uint8(1 + int(now/day)%255) }

// findSlot returns the index of the slot with that path, or -1.
func findSlot(table []Slot, fine, mid uint32, coarse uint16) int {
	for i := range table {
		s := &table[i]
		if s.Weight > 0 && s.Fine == fine && s.Mid == mid && s.Coarse == coarse {
			return i
		}
	}
	return -1
}

// lightest returns the index of the slot with the least weight.
func lightest(table []Slot) int {
	best := 0
	for i := range table {
		if table[i].Weight < table[best].Weight {
			best = i
		}
	}
	return best
}

// Weights are the decayed weights of the values of one request in a table, finest
// level first, and the weight of the whole table.
type Weights struct {
	Level [Levels]float64
	Total float64
}

// NetworkWeights returns how well the subject is known to use address, ASN and
// country of o, at time now.
func (c *Contribution) NetworkWeights(o *models.Observed, now uint32) Weights {
	w := weigh(c.Network[:], o.Address, o.Network, Fold16(o.Country))
	return w.scaled(halved(c.At, now, netHalfLife))
}

// DeviceWeights is the same for fingerprint, family and device type.
func (c *Contribution) DeviceWeights(o *models.Observed, now uint32) Weights {
	w := weigh(c.Device[:], o.Fingerprint, o.Family, Fold16(o.DeviceType))
	return w.scaled(halved(c.At, now, devHalfLife))
}

func weigh(table []Slot, fine, mid uint32, coarse uint16) (w Weights) {
	for i := range table {
		s := &table[i]
		v := float64(s.Weight)
		if v == 0 {
			continue
		}
		w.Total += v
		if s.Fine == fine {
			w.Level[0] += v
		}
		if s.Mid == mid {
			w.Level[1] += v
		}
		if s.Coarse == coarse {
			w.Level[2] += v
		}
	}
	return w
}

func (w Weights) scaled(by float64) Weights {
	for i := range w.Level {
		w.Level[i] *= by
	}
	w.Total *= by
	return w
}

// KnowsNetwork reports whether the subject was seen on the network with that
// folded hash.
func (c *Contribution) KnowsNetwork(folded uint16) bool {
	for i := range c.Network {
		if c.Network[i].Weight > 0 && Fold16(c.Network[i].Mid) == folded {
			return true
		}
	}
	return false
}

// remember adds weight to the path, within the caps: once an hour for each fine
// and each mid value, and no more than three tenths of the table for what is
// younger than a week. It reports whether the path is in the table afterwards.
func remember(table []Slot, fine, mid uint32, coarse uint16, weight float64, now uint32) bool {
	i := findSlot(table, fine, mid, coarse)
	hour := uint8(now / 3600)
	for j := range table {
		if s := &table[j]; s.Weight > 0 && s.Hour == hour && (s.Fine == fine || s.Mid == mid) {
			return i >= 0
		}
	}
	if i < 0 || table[i].young(now) {
		weight = allowed(table, mid, weight, now)
	}
	if weight < faded {
		return i >= 0
	}
	if i < 0 {
		i = makeRoom(table)
		table[i] = Slot{Fine: fine, Mid: mid, Coarse: coarse, Born: bornOn(now)}
	}
	table[i].Weight += float32(weight)
	table[i].Hour = hour
	return true
}

// youngShare is what a young value may hold of the whole table.
const youngShare = 0.3

// allowed returns how much of weight a young path under mid may take. Where
// nothing is older than a week there is nothing to protect yet.
func allowed(table []Slot, mid uint32, weight float64, now uint32) float64 {
	var rest, young, old float64
	for i := range table {
		s := &table[i]
		w := float64(s.Weight)
		switch {
		case !s.young(now):
			old += w
			rest += w
		case s.Mid == mid:
			young += w
		default:
			rest += w
		}
	}
	if old == 0 {
		return weight
	}
	return min(weight, max(0, float64(rest*(youngShare/(1-youngShare)))-young))
}

// makeRoom empties the lightest slot. What it held is given to the heaviest slot
// with the same mid value, so that the coarser levels lose nothing.
func makeRoom(table []Slot) int {
	i := lightest(table)
	heir := -1
	for j := range table {
		s := &table[j]
		if j != i && s.Weight > 0 && s.Mid == table[i].Mid && (heir < 0 || s.Weight > table[heir].Weight) {
			heir = j
		}
	}
	if heir >= 0 && table[i].Weight > 0 {
		table[heir].Weight += table[i].Weight
	}
	table[i] = Slot{}
	return i
}
