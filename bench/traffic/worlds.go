package traffic

import (
	"slices"
	"time"
)

// World names a kind of world. The zero value is that of the fixture networks.
type World string

// The worlds. A and B have one event per session, its first authenticated
// request; API has every request.
const (
	WorldA   World = "A"   // people who log in, with the published marginals
	WorldB   World = "B"   // the same with the noise of the published data set
	WorldAPI World = "API" // machine clients and people's whole sessions
)

// Size is how large a world is. A zero field means the published size: 20,000
// users and 300 days for A and B; 900 users, 1,450 machines and 21 days for API.
type Size struct{ Users, Machines, Days int }

// Attack is how many attacks of one kind a world has.
type Attack struct {
	Label   Label
	Variant Variant
	Count   int // of Stuffing and ThresholdFlood: requests of the one campaign
}

// String returns "vpn", or "targeted/own_hour" for a variant.
func (a Attack) String() string {
	if a.Variant == Plain {
		return a.Label.String()
	}
	return a.Label.String() + "/" + a.Variant.String()
}

// NewWorld returns a world with the attackers that section 5.4 of the risk model
// describes, in the last 30 % of its days. An unknown name gives world A.
func NewWorld(w World, seed uint64, start time.Time, size Size) Config {
	full := Size{Users: 20_000, Days: 300}
	if w == WorldAPI {
		full = Size{Users: 900, Machines: 1450, Days: 21}
	}
	c := Config{
		World: w, Seed: seed, Start: start, Users: or(size.Users, full.Users),
		Machines: or(size.Machines, full.Machines), Days: or(size.Days, full.Days),
	}
	c.Attacks = takeovers(c.Users * c.Days)
	if w == WorldAPI {
		c.Attacks = misuses(c.Users, c.Machines)
	}
	return c
}

// takeovers are the attackers of a login world, each as often as one login in a
// hundred of the days in which they come; variants a quarter of that.
func takeovers(userDays int) []Attack {
	n := max(40, userDays/2000)
	return []Attack{
		{NaiveTakeover, Plain, n}, {VPNTakeover, Plain, n}, {TargetedTakeover, Plain, n},
		{VeryTargeted, Plain, n}, {ResidentialProxy, Plain, n},
		{VPNTakeover, VPNExit, n / 4}, {TargetedTakeover, OwnHour, n / 4},
	}
}

// misuses are the attackers of an API world: of each kind one for 60 subjects, no
// fewer than six, and one stuffing campaign.
func misuses(users, machines int) []Attack {
	n := max(6, (users+machines)/60)
	return []Attack{
		{TokenReplay, Interleaved, n}, {TokenReplay, Afterwards, n}, {Enumeration, Sequential, n}, {Enumeration, Random, n},
		{KeyTheft, Plain, n}, {SlowScrape, Plain, n}, {ImpossibleTravel, Plain, n}, {ResidentialProxy, Plain, n},
		{NaiveTakeover, Plain, n}, {Stuffing, Plain, 40 * (users + machines)},
	}
}

// Without returns the world without the attackers of these labels. A stuffing
// campaign, for instance, raises the risk of every browser that it imitates.
func (c Config) Without(labels ...Label) Config {
	c.Attacks = slices.DeleteFunc(slices.Clone(c.Attacks), func(a Attack) bool { return slices.Contains(labels, a.Label) })
	return c
}

// Only returns the world with no attackers but those of these labels.
func (c Config) Only(labels ...Label) Config {
	c.Attacks = slices.DeleteFunc(slices.Clone(c.Attacks), func(a Attack) bool { return !slices.Contains(labels, a.Label) })
	return c
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}
