package signals

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// Everything learned is there after a restart: the same request has the same
// features, to the bit.
func TestRestart(t *testing.T) {
	keys, err := baseline.NewKeys([]byte("another example key of 32 bytes!"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Baseline.Store.Path = filepath.Join(t.TempDir(), "state")
	cfg.Baseline.Store.KeyFile = "given"
	cfg.Baseline.Store.ReadTimeout = time.Second
	open := func() *gate {
		m, err := baseline.Open(cfg.Baseline, keys, day0, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		g := &gate{t: t, c: New(cfg, m, earth, nil, keys), m: m}
		if err := g.c.Load(); err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := open()
	ada := user("ada")
	at := g.live(ada, day0, 10, shot{addr: home, agent: firefox, ja4: ja4})
	s := shot{at: at, addr: mobile, agent: firefox, ja4: ja4}
	before := g.collect(ada, s)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	g.c.Run(ctx, zerolog.Nop())
	if err := g.m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	g = open()
	defer func() { _ = g.m.Close(context.Background()) }()
	if after := g.collect(ada, s); after.Features != before.Features || after.Evidence != before.Evidence {
		t.Errorf("before the restart\n%+v\nafter it\n%+v", before.Features, after.Features)
	}
}

// Whoever cannot be looked up is unknown, not new: nothing speaks against him.
func TestMemoryGone(t *testing.T) {
	g, ada, at := settled(t)
	if err := g.m.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	ev := g.send(ada, shot{at: at, addr: sydney, agent: chrome, ja4: otherJA4})
	if !ev.Features.Has(models.BaselineMissing) || ev.Established {
		t.Errorf("flags %b", ev.Features.Flags)
	}
	for _, group := range []models.Group{models.Network, models.Device, models.Token, models.Time, models.Travel} {
		if e := ev.Evidence[group]; e.Confidence != 0 || e.State != models.Unavailable {
			t.Errorf("%s: confidence %g (%s)", group, e.Confidence, e.State)
		}
	}
	if score(ev) >= 30 {
		t.Errorf("score %.1f", score(ev))
	}
}

func TestConcurrently(t *testing.T) {
	g := newGate(t, earth, nil)
	shared := user("shared")
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Go(func() {
			own := user("own" + strconv.Itoa(w))
			for i := range 300 {
				at := day0.Add(time.Duration(i) * 40 * time.Minute)
				for _, id := range []*models.Identity{own, shared, nil} {
					g.send(id, shot{at: at, addr: []string{home, mobile, munich}[i%3], agent: firefox, ja4: ja4})
				}
				g.c.Failed(own, (&shot{at: at, addr: home}).view())
			}
		})
	}
	wait.Wait()
	ref, _ := g.m.Acquire(shared.Pseudonym, baseline.Ordinary, day0.AddDate(0, 0, 10))
	defer ref.Release(false)
	if p := ref.Profile(); p == nil || !p.Established() {
		t.Error("1200 requests establish nobody")
	}
}

// A list that classes an address never lowers its score, and lists are replaced
// while requests run.
func TestListsRaise(t *testing.T) {
	g, ada, at := settled(t)
	f := func(kind string) {
		t.Helper()
		for _, addr := range []string{home, munich, sydney, nowhere} {
			g.c.SetLists(nil)
			before := score(g.collect(ada, shot{at: at, addr: addr, agent: firefox, ja4: ja4}))
			fresh := score(g.collect(user("new"), shot{at: at, addr: addr, agent: firefox, ja4: ja4}))
			g.c.SetLists(listOf(t, kind, addr))
			if after := score(g.collect(ada, shot{at: at, addr: addr, agent: firefox, ja4: ja4})); after < before {
				t.Errorf("%s on a list of kind %s: %.2f instead of %.2f", addr, kind, after, before)
			}
			if after := score(g.collect(user("new"), shot{at: at, addr: addr, agent: firefox, ja4: ja4})); after <= fresh {
				t.Errorf("%s on a list of kind %s says nothing about a newcomer", addr, kind)
			}
		}
	}
	for _, kind := range []string{"hosting", "vpn", "tor", "listed"} {
		f(kind)
	}
}

func listOf(t *testing.T, kind, addr string) *geo.Lists {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(name, []byte(addr+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := geo.LoadLists(map[string][]string{kind: {name}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}
