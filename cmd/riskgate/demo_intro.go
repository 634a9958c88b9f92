package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway"
)

// line is one command that the demo prints. It prints the status that it gets.
type line struct{ title, want, command string }

// introduce prints where things are, and what to try.
func (d *demonstration) introduce(out io.Writer, g *gateway.Gateway) error {
	lines, err := d.lines("http://" + g.Addr().String())
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nriskgate is running: http://%s   admin: http://%s/metrics\n", g.Addr(), g.AdminAddr())
	fmt.Fprintf(&b, "events: %s\nPaste a line; each prints the status it gets.\n", filepath.Join(d.folder, "events.jsonl"))
	for _, l := range lines {
		fmt.Fprintf(&b, "\n# %s: %s\n%s\n", l.title, l.want, l.command)
	}
	fmt.Fprintf(&b, "\n# why: the last decision, and what made it\ncurl -s 'http://%s/-/events?n=1'\n\n", g.AdminAddr())
	_, err = io.WriteString(out, b.String())
	return err
}

func (d *demonstration) lines(url string) ([]line, error) {
	now := time.Now()
	alice, err := d.backend.issuer.token("alice", "urn:pwd", now.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	bob, err := d.backend.issuer.token("bob", "urn:pwd", now.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	fresh := "$(curl -s '" + d.backend.issuer.url + "/token?user=bob&acr=urn:mfa')"
	shop := call(shopHost, shopAgent, "X-Api-Key: "+d.shop)
	bearer := func(addr, agent, token string) string { return call(addr, agent, "Authorization: Bearer "+token) }
	return []line{
		{"allowed: the shop's machine, as every day", "200", shop + " " + url + "/v1/orders/1001"},
		{"allowed: alice at home", "200", bearer(aliceHome, app, alice) + " " + url + "/v1/orders/1002"},
		{"throttled: the same machine asks for 100 orders at once", "429", shop + " '" + url + "/v1/orders/[2000-2099]' | tail -n 1"},
		{"stepped up: bob's token in another country, on another device", "401", bearer(stranger, script, bob) + " " + url + "/v1/orders/1003"},
		{"the same after bob logged in with a second factor", "200", bearer(stranger, script, fresh) + " " + url + "/v1/orders/1003"},
		{"denied: alice's token from a Tor exit", "403", bearer(torExit, script, alice) + " " + url + "/v1/orders/1004"},
	}, nil
}

// call is a curl that plays a client at addr and prints the status.
func call(addr, agent, credential string) string {
	return fmt.Sprintf(`curl -s -o /dev/null -w '%%{http_code}\n' -A '%s' -H 'X-Forwarded-For: %s' -H "%s"`, agent, addr, credential)
}
