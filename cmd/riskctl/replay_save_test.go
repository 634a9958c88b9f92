package main

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
)

// What was learned from a log is what a gateway with the same key begins with.
func TestAGatewayBeginsWithWhatWasSaved(t *testing.T) {
	const agent, issuer = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "https://idp.example"
	var log strings.Builder
	for day := range 12 {
		for hour := range 3 {
			at := begin.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
			fmt.Fprintf(&log, "192.0.2.7 - ada [%s] \"GET /orders HTTP/1.1\" 200 9 \"-\" \"%s\"\n", at.Format("02/Jan/2006:15:04:05 -0700"), agent)
		}
	}
	folder := t.TempDir()
	key, store, file := filepath.Join(folder, "cluster.key"), filepath.Join(folder, "state"), filepath.Join(folder, "access.log")
	if err := os.WriteFile(file, []byte(log.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, report := runWith(t, nil, "keys", "cluster", key); code != 0 {
		t.Fatal(report)
	}
	args := []string{"replay", "--from", file, "--save", store, "--key-file", key, "--issuer", issuer}
	if code, out, report := runWith(t, nil, args...); code != 0 || report != "riskctl: what was learned is in "+store+"\n" {
		t.Fatalf("exit code %d\n%s%s", code, out, report)
	}
	e := firstRequest(t, store, key, issuer, "ada", agent)
	if !e.Established || e.Features.Get(models.NetWeight1) == 0 || e.Features.Get(models.DevWeight1) == 0 {
		t.Errorf("ada is not known: %+v", e.Features)
	}
	if e := firstRequest(t, store, key, issuer, "bob", agent); e.Established {
		t.Error("bob is known")
	}
	if code, _, report := runWith(t, nil, args...); code != 1 || !strings.Contains(report, "is not empty") {
		t.Errorf("what was saved is overwritten: exit code %d\n%s", code, report)
	}
	nobody := filepath.Join(folder, "nobody")
	if code, _, report := runWith(t, nil, "replay", "--from", file, "--save", nobody, "--key-file", key); code != 0 || !strings.Contains(report, "hint: no gateway will find the users") {
		t.Errorf("without an issuer: exit code %d\n%s", code, report)
	}
	if code, _, _ := runWith(t, nil, "replay", "--from", file, "--save", store); code != 2 {
		t.Errorf("without a key: exit code %d", code)
	}
}

// firstRequest is what a gateway makes of the first request after its start.
func firstRequest(t *testing.T, store, key, issuer, user, agent string) *models.Event {
	t.Helper()
	keys, err := baseline.LoadKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := signals.DefaultConfig()
	cfg.Baseline.Store.Path, cfg.Baseline.Store.ReadTimeout = store, time.Minute
	now := begin.AddDate(0, 0, 12)
	m, err := baseline.Open(cfg.Baseline, keys, now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(context.Background())
	places, err := geo.Open(geo.DefaultConfig(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	c := signals.New(cfg, m, places, nil, keys)
	if err := c.Load(); err != nil {
		t.Fatal(err)
	}
	s := models.Subject{Kind: models.User, Issuer: issuer, ID: user}
	id := &models.Identity{Subject: s, Pseudonym: gateway.Pseudonyms(keys)(s), Credential: models.JWT, CredentialID: "sid"}
	view := &models.Request{Time: now, Client: netip.MustParseAddr("192.0.2.7"), Path: []byte("/orders"), Agent: []byte(agent)}
	e := &models.Event{Time: now, Client: view.Client, Subject: models.User, Pseudonym: id.Pseudonym}
	route := signals.NewRouteFacts("orders", "/orders", models.Normal)
	c.Collect(view, id, &route, e)
	return e
}
