package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/models"
)

// The people and machines of the demo, at addresses of the fixture databases.
const (
	aliceHome  = "192.0.2.10"   // Berlin, a provider of homes
	alicePhone = "192.0.2.130"  // Berlin, a mobile carrier
	bobHome    = "192.0.2.20"   // Berlin
	shopHost   = "203.0.113.5"  // a cloud in Ashburn
	stranger   = "198.51.100.5" // Oslo, a provider of homes
	torExit    = "203.0.113.200"
	app        = "demo-app/2.1 (iPhone; iOS 19.1)"
	shopAgent  = "shop-backend/1.0"
	script     = "python-requests/2.32"
)

const seededDays = 30

// visitor is somebody of the past.
type visitor struct {
	user   string // "" for the machine client
	addr   string
	agent  string
	hour   int // of the day, UTC
	visits int // requests in a row
}

// seed lets a gateway on the same state live through the last month: alice from
// home and on the way, the shop's machine, and a crowd that tells what is usual.
func (d *demonstration) seed(now time.Time) error {
	start := now.AddDate(0, 0, -seededDays).UTC().Truncate(24 * time.Hour)
	clock := &pastClock{}
	clock.set(start)
	o := d.options(nil)
	o.Clock, o.Log = clock.read, zerolog.Nop()
	g, err := gateway.New(o)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for day := range seededDays {
		midnight := start.AddDate(0, 0, day)
		for _, v := range visitorsOf(day) {
			if err := d.visit(g.Pipeline(), clock, midnight, v, now); err != nil {
				return errors.Join(err, g.Stop(ctx))
			}
		}
	}
	return g.Stop(ctx)
}

// visitorsOf lists who came on one day, by hour.
func visitorsOf(day int) []visitor {
	var all []visitor
	for i := range 24 {
		addr := netip.AddrFrom4([4]byte{198, 51, 100, byte(1 + (i*37+day)%224)})
		all = append(all, visitor{fmt.Sprintf("user%02d", i), addr.String(), "demo-app/2.1 (Android 16; Pixel 9)", i, 2})
	}
	for _, hour := range []int{0, 6, 12, 18} {
		all = append(all, visitor{"", shopHost, shopAgent, hour, 5})
	}
	for _, hour := range []int{7, 13, 20} {
		all = append(all, visitor{"alice", aliceHome, app, hour, 3}, visitor{"bob", bobHome, app, hour, 3})
	}
	all = append(all, visitor{"alice", alicePhone, app, 17, 2})
	slices.SortStableFunc(all, func(a, b visitor) int { return a.hour - b.hour })
	return all
}

func (d *demonstration) visit(p *pipeline.Pipeline, clock *pastClock, midnight time.Time, v visitor, end time.Time) error {
	at := midnight.Add(time.Duration(v.hour)*time.Hour + 5*time.Minute)
	if at.After(end.Add(-time.Hour)) {
		return nil // still to come
	}
	clock.set(at)
	field := "X-Api-Key: " + d.shop
	if v.user != "" {
		token, err := d.backend.issuer.token(v.user, "urn:pwd", at)
		if err != nil {
			return err
		}
		field = "Authorization: Bearer " + token
	}
	var event models.Event
	for i := range v.visits {
		view := pastView(at.Add(time.Duration(i)*7*time.Second), v, field, 1000+(v.hour*31+i*7)%200)
		if denial := p.Decide(view, &event); denial != "" {
			return fmt.Errorf("%s at %s: %s", v.user, at, denial)
		}
		event.Status = 200
		p.Learn(&event)
	}
	return nil
}

// pastView is the view of a request that nobody sent.
func pastView(at time.Time, v visitor, credential string, order int) *models.Request {
	addr := netip.MustParseAddr(v.addr)
	path := fmt.Appendf(nil, "/v1/orders/%d", order)
	r := &models.Request{
		Time: at, Peer: addr, Client: addr, Method: []byte("GET"), Host: []byte("127.0.0.1:8080"),
		Path: path, Target: path, Agent: []byte(v.agent), Minor: 1,
	}
	for _, line := range []string{"Host: 127.0.0.1:8080", "User-Agent: " + v.agent, "Accept: */*", credential} {
		addField(r, line)
	}
	return r
}

func addField(r *models.Request, line string) {
	from := uint32(len(r.Raw))
	colon := from
	for line[colon-from] != ':' {
		colon++
	}
	r.Raw = append(append(r.Raw, line...), "\r\n"...)
	r.Fields[r.NumFields] = models.Field{
		Name:  models.Span{From: from, To: colon},
		Value: models.Span{From: colon + 2, To: from + uint32(len(line))},
	}
	r.NumFields++
}

// pastClock tells a time that only the seed moves.
type pastClock struct{ now atomic.Pointer[time.Time] }

func (c *pastClock) set(now time.Time) { c.now.Store(&now) }
func (c *pastClock) read() time.Time   { return *c.now.Load() }
