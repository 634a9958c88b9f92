package gateway

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/signals/geo"
)

// reloadCounts is what operators see of reloads.
type reloadCounts struct {
	done, failed atomic.Uint64
}

// Reload reads the configuration again and swaps it in. An error says why
// nothing has changed. The event file is opened anew either way, for tools that
// rotate it by renaming.
func (g *Gateway) Reload() error {
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.reopen != nil {
		g.reopen()
	}
	if err := g.reload(); err != nil {
		g.counts.failed.Add(1)
		g.log.Error().Err(err).Msg("reload failed, the old configuration goes on")
		return err
	}
	g.counts.done.Add(1)
	g.log.Info().Msg("reloaded")
	return nil
}

// renew reloads because a file has changed. An error is logged there. It is returned
// where the configuration could not be read, to be tried again: a file with a secret may
// still be to come.
func (g *Gateway) renew() error {
	_, err := g.options.Load()
	if err != nil && err.Error() == g.unread {
		return err
	}
	if g.unread = ""; err != nil {
		g.unread = err.Error()
	}
	_ = g.Reload()
	return err
}

func (g *Gateway) reload() error {
	next, err := g.options.Load()
	if err != nil {
		return err
	}
	g.refused.Store(next)
	if err := g.needsRestart(next); err != nil {
		return err
	}
	if err := g.apply(next); err != nil {
		return err
	}
	g.config.Store(next)
	g.refused.Store(nil)
	g.configureLearning(&next.Risk)
	g.follow(next)
	g.publishConfig(next)
	return nil
}

// apply hands c to every part. When one refuses it, those before get the
// configuration in force back, so that a bad one changes nothing.
func (g *Gateway) apply(c *config.Config) error {
	steps := []func(*config.Config) error{
		func(c *config.Config) error { return g.geo.Reload(c.Signals.Geo) },
		g.reloadLists,
		func(c *config.Config) error { g.collector.SetLocation(c.Signals.Geo.Location); return nil },
		func(c *config.Config) error { return g.upstreams.Reload(c.Upstream) },
		func(c *config.Config) error { return g.listener.Reload(c.Listener) },
		g.swap,
		func(c *config.Config) error { return g.limiter.Reload(c.RateLimit) },
		g.reloadVerdicts, // last: what it replaced may not be there any more to be read again
	}
	for i, step := range steps {
		err := step(c)
		if err == nil {
			continue
		}
		for _, undo := range steps[:i] {
			if back := undo(g.config.Load()); back != nil {
				g.log.Error().Err(back).Msg("part keeps the refused configuration")
			}
		}
		return err
	}
	return nil
}

func (g *Gateway) reloadLists(c *config.Config) error {
	lists, err := g.readLists(c)
	if err != nil {
		return err
	}
	g.collector.SetLists(lists)
	return nil
}

// readLists reads the lists of addresses and says how much is in each.
func (g *Gateway) readLists(c *config.Config) (*geo.Lists, error) {
	lists, err := geo.LoadLists(c.Signals.Geo.Lists)
	if err != nil || len(c.Signals.Geo.Lists) == 0 {
		return lists, err
	}
	said := g.log.Info().Str("component", "geo")
	for _, kind := range slices.Sorted(maps.Keys(c.Signals.Geo.Lists)) {
		said.Int(kind, lists.Entries(kind))
	}
	said.Msg("lists read")
	return lists, nil
}

func (g *Gateway) loadVerdicts(c *config.Config) error {
	return g.verdicts.Load(c.Verdict, g.options.Clock())
}

// reloadVerdicts refuses a file that c names for the first time. The one in force does
// not keep the rest of c from being taken.
func (g *Gateway) reloadVerdicts(c *config.Config) error {
	err := g.loadVerdicts(c)
	if err != nil && c.Verdict == g.config.Load().Verdict {
		g.sayRefused(err)
		return nil
	}
	return err
}

func (g *Gateway) sayRefused(err error) {
	g.log.Error().Str("component", "verdict").Err(err).Msg("verdicts refused, the old ones stay in force")
}

// renewVerdicts reads the file of verdicts again, and nothing else. An error is logged
// unless it is the last one again.
func (g *Gateway) renewVerdicts() error {
	c := g.config.Load().Verdict
	replace := g.verdicts.Read(c, g.options.Clock())
	g.reloading.Lock()
	defer g.reloading.Unlock()
	if g.config.Load().Verdict != c {
		return nil // a reload has read another file meanwhile
	}
	was := g.verdicts.Problem()
	err := replace()
	if err != nil && err.Error() != was {
		g.sayRefused(err)
	}
	return err
}

// needsRestart returns an error that names the first value that only a restart
// can change, and its place.
func (g *Gateway) needsRestart(next *config.Config) error {
	for _, part := range []struct {
		path      string
		old, next any
	}{
		{"memory", g.fixed.Memory, next.Memory},
		{"listener.address", g.fixed.Listener.Address, next.Listener.Address},
		{"admin", g.fixed.Admin, next.Admin},
		{"signals.baseline", g.fixed.Signals.Baseline, next.Signals.Baseline},
		{"signals.agents", g.fixed.Signals.Agents, next.Signals.Agents},
		{"signals.personal_novelty", g.fixed.Signals.PersonalNovelty, next.Signals.PersonalNovelty},
		{"signals.save", g.fixed.Signals.Save, next.Signals.Save},
		{"ratelimit.max_keys", g.fixed.RateLimit.MaxKeys, next.RateLimit.MaxKeys},
		{"stepup.entries", g.fixed.StepUp.Entries, next.StepUp.Entries},
		{"streaming", g.fixed.Streaming, next.Streaming},
	} {
		path := different(part.path, reflect.ValueOf(part.old), reflect.ValueOf(part.next))
		if path != "" {
			return fmt.Errorf("%s%s: changed, want the old value until a restart", g.place(next, path), path)
		}
	}
	return nil
}

// place returns "file:line:col: " of a path, nothing where no file is known.
func (g *Gateway) place(c *config.Config, path string) string {
	if len(g.options.Files) == 0 {
		return ""
	}
	return g.options.Files[0] + ":" + c.Place(path) + ": "
}

// different returns the path of the first value below path in which two values
// of one type differ, nothing if they are equal.
func different(path string, a, b reflect.Value) string {
	if reflect.DeepEqual(a.Interface(), b.Interface()) {
		return ""
	}
	if a.Kind() == reflect.Struct {
		for i := range a.NumField() {
			f := a.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if !f.IsExported() || name == "" || name == "-" {
				continue
			}
			if deeper := different(path+"."+name, a.Field(i), b.Field(i)); deeper != "" {
				return deeper
			}
		}
	}
	return path
}
