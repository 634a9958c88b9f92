package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// SourceKeys are the hashes under which the reputation of a request's source is
// kept, finest first.
type SourceKeys struct {
	Address uint32
	Block   uint32 // of the /24 or IPv6 /48
	Network uint32 // of the ASN
	Agent   uint32 // of fingerprint of the handshake and agent family
}

// Source counts attempts and bad ones, decayed up to At.
type Source struct {
	Key  uint32
	N, B float32
	At   uint32
}

// sources is a table of fixed size: sets of four, of which the one with the
// least behind it makes room.
type sources []([sourceWays]Source)

const (
	sourceWays  = 4
	sourceSets  = 1 << 14
	accountSets = 1 << 12

	sourceHalfLife  = day
	accountHalfLife = 30 * day // of passed logins
)

func newSources(sets int) sources { return make(sources, sets) }

func (s sources) set(key uint32) *[sourceWays]Source {
	return &s[(key*0x9e3779b1>>8)%uint32(len(s))]
}

// find returns the entry of key, or nil. Key 0 has none.
func (s sources) find(key uint32) *Source {
	set := s.set(key)
	for i := range set {
		if set[i].Key == key && key != 0 {
			return &set[i]
		}
	}
	return nil
}

// take returns the entry of key, made if need be, or nil for key 0.
func (s sources) take(key, now uint32, halfLife float64) *Source {
	if key == 0 {
		return nil
	}
	if e := s.find(key); e != nil {
		return e
	}
	set := s.set(key)
	worst := 0
	for i := range set {
		if set[i].left(now, halfLife) < set[worst].left(now, halfLife) {
			worst = i
		}
	}
	set[worst] = Source{Key: key, At: now}
	return &set[worst]
}

// left is how many attempts an entry still stands for.
func (e *Source) left(now uint32, halfLife float64) float64 {
	return float64(e.N) * halved(e.At, now, halfLife)
}

func (e *Source) count(bad float64, now uint32) {
	by := halved(e.At, now, sourceHalfLife)
	e.N = float32(min(float64(e.N)*by+1, maxWeight))
	e.B = float32(min(float64(e.B)*by+bad, maxWeight))
	e.At = max(e.At, now)
}

// learnSource counts one attempt at every level.
func (t *tables) learnSource(keys SourceKeys, bad float64, now uint32) {
	t.Attempts++
	if t.Started == 0 {
		t.Started = now
	}
	t.World.count(bad, now)
	for _, key := range [4]uint32{keys.Address, keys.Block, keys.Network, keys.Agent} {
		if e := t.Sources.take(key, now, sourceHalfLife); e != nil {
			e.count(bad, now)
		}
	}
}

const (
	shrinkage   = 20 // attempts that a level must show to weigh as much as the one above
	leastBad    = 4  // bad attempts that it should have shown by then, were it like the one above
	worldPrior  = 100
	priorShare  = 0.2 // of bad attempts, before there is experience
	maxBadShare = 0.999
	rareSource  = 5      // attempts in a day
	experience  = 10_000 // attempts before rarity means anything
)

// The bounds of the odds, and what the classes of address add, as logarithms.
const (
	minLogOdds = -1.5
	maxLogOdds = 4.0

	hostingNats = 1.25
	vpnNats     = 0.7
	torNats     = 2.5
	listedNats  = 2.0
	rareNats    = 0.5
)

// odds returns the reputation of address and agent, as multipliers of the odds.
func (t *tables) odds(q *Query) (net, dev float64) {
	now := q.Now
	world := t.World.share(priorShare, worldPrior, now)
	asn := t.share(q.Source.Network, world, now)
	block := t.share(q.Source.Block, asn, now)
	address := t.share(q.Source.Address, block, now)
	nats := logOdds(address) - logOdds(world) + ClassNats(q.Classes)
	if t.rare(q) {
		nats += rareNats
	}
	net = bounded(nats)
	dev = bounded(logOdds(t.share(q.Source.Agent, world, now)) - logOdds(world))
	return net, dev
}

// bounded returns e^nats within the bounds, and exactly 1 for none.
func bounded(nats float64) float64 {
	return models.Exp(min(maxLogOdds, max(minLogOdds, nats)))
}

func (t *tables) share(key uint32, above float64, now uint32) float64 {
	e := t.Sources.find(key)
	if e == nil {
		return above
	}
	return e.share(above, max(shrinkage, leastBad/above), now)
}

// share is (b + strength*above)/(n + strength).
func (e *Source) share(above, strength float64, now uint32) float64 {
	by := halved(e.At, now, sourceHalfLife)
	return min(maxBadShare, (float64(e.B)*by+strength*above)/(float64(e.N)*by+strength))
}

func logOdds(share float64) float64 { return models.Ln(share / (1 - share)) }

// ClassNats is what the classes of an address say by themselves: the strongest
// counts. A private relay runs in somebody's data center without being one, and a
// machine client is expected to live in one.
func ClassNats(classes models.Flag) float64 {
	nats := 0.0
	if classes&models.SourceHosting != 0 && classes&(models.SourceRelay|models.IsMachine) == 0 {
		nats = hostingNats
	}
	if classes&models.SourceVPN != 0 && classes&models.SourceRelay == 0 {
		nats = math.Max(nats, vpnNats)
	}
	if classes&models.SourceListed != 0 {
		nats = math.Max(nats, listedNats)
	}
	if classes&models.SourceTor != 0 {
		nats = math.Max(nats, torNats)
	}
	return nats
}

// rare reports whether hardly anybody comes from this ASN. It means something
// only after a day and many attempts.
func (t *tables) rare(q *Query) bool {
	if q.Known || !q.Located || t.Attempts < experience || q.Now < t.Started+day {
		return false
	}
	e := t.Sources.find(q.Source.Network)
	return e == nil || e.left(q.Now, sourceHalfLife) < rareSource
}
