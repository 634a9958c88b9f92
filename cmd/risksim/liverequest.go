package main

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
)

// request returns a request as it is written. Fresh asks for a token of a login
// that has just been repeated with a second factor. Everybody speaks TLS to the
// proxy that risksim plays: without it there are no device tokens.
func (l *liveRun) request(host string, t *task, fresh bool) string {
	e := &t.e
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nX-Forwarded-Proto: https\r\n", e.Method, e.Path, host, e.Address)
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + oneLine.Replace(value) + "\r\n")
		}
	}
	field("User-Agent", e.Agent)
	for _, f := range usualFields(e.Agent) {
		field(f[0], f[1])
	}
	field("Cookie", l.cookie(e))
	field("X-Correlation-Id", strconv.Itoa(t.seq)) // by which the upstream knows what to answer
	body := ""
	switch e.Credential {
	case models.APIKey:
		field("X-Api-Key", wireOf(l.o.keySeed, e.CredentialID))
	case models.JWT:
		field("Authorization", "Bearer "+l.token(t, fresh))
	}
	if e.LoginUser != "" {
		body = "user=" + url.QueryEscape(e.LoginUser)
		field("Content-Type", "application/x-www-form-urlencoded")
	}
	if e.Method == "POST" {
		field("Content-Length", strconv.Itoa(len(body)))
	}
	return b.String() + "\r\n" + body
}

// cookie returns what the browser of an event shows.
func (l *liveRun) cookie(e *traffic.Event) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.jars.Begin(e)
	return l.jars.Shown(e)
}

// token returns the token of an event's session, as of now.
func (l *liveRun) token(t *task, fresh bool) string {
	now := time.Now()
	auth, acr := now, "urn:pwd"
	if l.clock.scale > 0 {
		auth = l.clock.begin.Add(time.Duration(float64(t.e.AuthTime.Sub(l.clock.first)) / l.clock.scale))
	}
	if fresh {
		auth, acr = now, "urn:mfa"
	}
	return l.signer.token(t.e.Subject, t.e.CredentialID, acr, auth, now)
}

// metOf names what a request met: "200", "401 step-up", "no answer".
func metOf(a answer, fault error) string {
	switch {
	case fault != nil:
		return "no answer"
	case a.stepUp:
		return strconv.Itoa(a.status) + " step-up"
	}
	return strconv.Itoa(a.status)
}

// table tells what each label met.
func (l *liveRun) table() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(l.byLabel)) {
		fmt.Fprintf(&b, "label    %-18s", name)
		for _, met := range slices.Sorted(maps.Keys(l.byLabel[name])) {
			fmt.Fprintf(&b, "  %s: %d", met, l.byLabel[name][met])
		}
		b.WriteString("\n")
	}
	return b.String()
}
