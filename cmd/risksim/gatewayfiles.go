package main

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

//go:embed gateway.yaml
var gatewayTemplate string

// clientIDs returns the ids of the keys of a world: one for each machine client.
func clientIDs(c traffic.Config) []string {
	ids := make([]string, c.Machines)
	for i := range ids {
		ids[i] = fmt.Sprintf("client-%d", i)
	}
	return ids
}

// writeGateway writes what a gateway for the world needs.
func writeGateway(o liveOptions, c traffic.Config) error {
	if err := os.MkdirAll(o.writeGateway, 0o755); err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(o.writeGateway, name) }
	if err := writePlaces(o.writeGateway); err != nil {
		return fmt.Errorf("databases: %w", err)
	}
	text, err := gatewayYAML(o, c.Machines > 0)
	if err != nil {
		return err
	}
	err = errors.Join(
		os.WriteFile(in("riskgate.yaml"), []byte(text), 0o600),
		os.WriteFile(in("jwks.json"), []byte(newSigner(o.keySeed).keySet()), 0o600),
	)
	if c.Machines > 0 {
		err = errors.Join(err, writeKeyFile(in("keys.yaml"), o.keySeed, "a simulated world", clientIDs(c)))
	}
	if _, missing := os.Stat(in("cluster.key")); missing != nil {
		err = errors.Join(err, baseline.CreateKeyFile(in("cluster.key")))
	}
	return err
}

// limits are those of a gateway: requests per second, and at once.
type limits struct{ Address, Subject, Burst int }

// limitsAt returns the default limits so many times as high as the world is fast,
// at most what a gateway takes; nil where the defaults are right.
func limitsAt(scale float64) *limits {
	if scale > 0 && scale <= 1 {
		return nil
	}
	const most, mostAtOnce = 1_000_000, 100_000
	if scale == 0 {
		return &limits{most, most, mostAtOnce}
	}
	times := func(n int, most float64) int { return int(min(most, math.Ceil(float64(n)*scale))) }
	is := ratelimit.DefaultConfig()
	return &limits{times(int(is.Address), most), times(int(is.Subject), most), times(is.Burst, mostAtOnce)}
}

func gatewayYAML(o liveOptions, machines bool) (string, error) {
	t, err := template.New("gateway").Parse(gatewayTemplate)
	if err != nil {
		return "", fmt.Errorf("BUG: %w", err)
	}
	back := o.upstream
	if back == "" {
		back = "127.0.0.1:8081"
	}
	var b strings.Builder
	err = t.Execute(&b, map[string]any{
		"Upstream": back, "Issuer": traffic.UserIssuer, "Audience": audience, "Routes": traffic.Routes(), "Login": models.Login,
		"Machines": machines, "Limits": limitsAt(o.timeScale),
	})
	return b.String(), err
}
