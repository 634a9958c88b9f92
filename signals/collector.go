package signals

import (
	"context"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/device"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/signals/keyed"
)

// Locator tells where an address is; geo.Databases is one. The state is
// Unavailable for an address that it does not know. Flags are Source* bits.
type Locator interface {
	Lookup(addr netip.Addr, connID uint64) (models.Place, models.Flag, models.State)
	Ready() bool
}

// Collector gathers what is known about a request and its subject, before the
// decision, and learns from the event, after it. Its methods may be called at
// the same time.
type Collector struct {
	memory  *baseline.Memory
	world   *baseline.World
	locator Locator
	lists   atomic.Pointer[geo.Lists]
	here    atomic.Pointer[geo.Location] // of the gateway; nil: nobody knows
	hash    keyed.Hash
	agents  *device.Agents
	tokens  *device.Tokens
	save    time.Duration
	crowd   bool              // novelty is everybody's only
	blank   *baseline.Profile // of whom nothing is known; never written
}

// The labels of the keys this package derives.
const (
	labelHash  = "riskgate/signals/hash/v1"
	labelToken = "riskgate/signals/device-token/v1"
	worldName  = "world"
)

// New returns a Collector on the memory of subjects, the source of places, and
// the lists of addresses, which may be nil. The world's tables begin empty; Load
// reads what was saved.
func New(cfg Config, memory *baseline.Memory, locator Locator, lists *geo.Lists, keys baseline.Keys) *Collector {
	hash := keyed.New(keys.Derive(labelHash))
	c := &Collector{
		memory:  memory,
		world:   baseline.NewWorld(),
		locator: locator,
		hash:    hash,
		agents:  device.NewAgents(hash, cfg.Agents),
		tokens:  device.NewTokens(keys.Derive(labelToken), hash),
		save:    cfg.Save,
		crowd:   !cfg.PersonalNovelty,
		blank:   new(baseline.Profile),
	}
	c.lists.Store(lists)
	c.SetLocation(cfg.Geo.Location)
	return c
}

// SetLists replaces the lists of addresses.
func (c *Collector) SetLists(l *geo.Lists) { c.lists.Store(l) }

// Lists returns the lists of addresses in force, which may be nil.
func (c *Collector) Lists() *geo.Lists { return c.lists.Load() }

// AttackMode returns b_mode, the log-odds that a wave of failed logins is worth at
// that time: 0 to 1.5, 0 outside an attack.
func (c *Collector) AttackMode(at time.Time) float64 { return c.world.Mode(baseline.Stamp(at)) }

// User returns the hash of a user name on a login route, for
// models.Observed.LoginUser. Set it before Collect.
func (c *Collector) User(name []byte) uint32 {
	if len(name) == 0 {
		return 0
	}
	return keyed.Short(c.hash.Sum(keyed.User, name))
}

// Load reads the world's tables from the memory's store. Without a saved table
// they stay empty.
func (c *Collector) Load() error {
	saved, err := c.memory.Global(worldName)
	if err != nil || saved == nil {
		return err
	}
	if err := c.world.UnmarshalBinary(saved); err != nil {
		return fmt.Errorf("load global table %s: %w", worldName, err)
	}
	return nil
}

// Save writes the world's tables to the memory's store.
func (c *Collector) Save() error {
	return c.memory.PutGlobal(worldName, c.world.AppendBinary(nil))
}

// Run saves the world's tables from time to time until ctx ends, and a last time
// then. The memory must be closed after it returns.
func (c *Collector) Run(ctx context.Context, log zerolog.Logger) {
	log = log.With().Str("component", "signals").Logger()
	tick := time.NewTicker(c.save)
	defer tick.Stop()
	failing := false
	for done := false; !done; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			done = true
		}
		err := c.Save()
		if err != nil && !failing {
			log.Error().Err(err).Msg("what is normal for everybody cannot be saved")
		}
		failing = err != nil
	}
}
