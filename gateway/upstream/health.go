package upstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/valyala/fasthttp"
)

// check is a running health check of one target.
type check struct {
	config HealthConfig
	host   string
	cancel context.CancelFunc
}

// watch makes sure that t is checked as c says. The state of a target survives a
// change of its check; without a check it counts as up. The caller holds u.mu.
func (u *Upstreams) watch(t *target, c PoolConfig) {
	host := hostOf(c, t)
	if host == "" {
		host = t.host
	}
	if t.check != nil && t.check.host == host && sameHealth(t.check.config, c.Health) {
		return
	}
	t.stopCheck()
	if c.Health.Path == "" {
		t.down.Store(false)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.check = &check{config: c.Health, host: host, cancel: cancel}
	u.checks.Add(1)
	go func(k check) {
		defer u.checks.Done()
		u.run(ctx, t, k)
	}(*t.check)
}

func sameHealth(a, b HealthConfig) bool {
	same := slices.Equal(a.Status, b.Status)
	a.Status, b.Status = nil, nil
	return same && a.Path == b.Path && a.Interval == b.Interval && a.Timeout == b.Timeout &&
		a.Healthy == b.Healthy && a.Unhealthy == b.Unhealthy
}

// stopCheck ends the check without waiting; Close waits for all.
func (t *target) stopCheck() {
	if t.check != nil {
		t.check.cancel()
		t.check = nil
	}
}

// run checks t until ctx ends. The first check comes at once, and alone decides
// if it fails: a target that starts broken gets no requests.
func (u *Upstreams) run(ctx context.Context, t *target, k check) {
	passed, failed := 0, k.config.Unhealthy-1
	for wait := time.Duration(0); sleep(ctx, wait); wait = jittered(k.config.Interval) {
		err := t.probe(k)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			passed, failed = 0, failed+1
		} else {
			passed, failed = passed+1, 0
		}
		switch {
		case failed >= k.config.Unhealthy && t.down.CompareAndSwap(false, true):
			u.log.Warn().Str("pool", t.pool).Str("upstream", t.url).Int("fails", failed).Err(err).
				Msg("upstream taken out of rotation")
		case passed >= k.config.Healthy && t.down.CompareAndSwap(true, false):
			u.log.Info().Str("pool", t.pool).Str("upstream", t.url).Msg("upstream back in rotation")
		}
	}
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// jittered returns d less up to a tenth, so that gateways do not check in step.
func jittered(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/10+1))
}

var errStatus = errors.New("unexpected status")

// probe asks once, over a connection of its own.
func (t *target) probe(k check) error {
	deadline := time.Now().Add(k.config.Timeout)
	n, err := t.dial(t, k.config.Timeout)
	if err != nil {
		return err
	}
	c := newConn(n)
	c.open()
	defer c.close()
	if err := n.SetDeadline(deadline); err != nil {
		return err
	}
	_, err = fmt.Fprintf(n, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", k.config.Path, k.host)
	if err != nil {
		return err
	}
	resp := fasthttp.AcquireResponse()
	defer fasthttp.ReleaseResponse(resp)
	h, _, err := readHead(c.br, resp)
	if err != nil {
		return err
	}
	if !passes(k.config.Status, h.status) {
		return fmt.Errorf("%w %d", errStatus, h.status)
	}
	return nil
}

func passes(wanted []int, status int) bool {
	if len(wanted) == 0 {
		return status < 300
	}
	return slices.Contains(wanted, status)
}
