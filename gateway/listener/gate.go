package listener

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// gate accepts connections within the limits and knows the open ones.
type gate struct {
	net.Listener
	owner *Listener
	stop  chan struct{} // closed once draining begins

	mu   sync.Mutex // guards the rest; never held across I/O
	open map[*conn]struct{}
	per  map[netip.Addr]int // open connections by address or /64, never zero
	shut bool               // draining: nothing more is let in

	accepted, refused atomic.Uint64
}

func newGate(owner *Listener) *gate {
	return &gate{
		owner: owner, stop: make(chan struct{}),
		open: make(map[*conn]struct{}), per: make(map[netip.Addr]int),
	}
}

// The pauses after a failed accept, for want of file descriptors, say.
const (
	minPause = 5 * time.Millisecond
	maxPause = time.Second
)

// Accept returns the next connection that the limits allow. Its only error is
// io.EOF: the listener was closed.
func (g *gate) Accept() (net.Conn, error) {
	for pause := minPause; ; {
		if g.stopped() { // before the server knew what to close
			_ = g.Close()
			return nil, io.EOF
		}
		accepted, err := g.Listener.Accept()
		switch {
		case err == nil:
			pause = minPause
			if c := g.admit(accepted); c != nil {
				return c, nil
			}
		case errors.Is(err, net.ErrClosed):
			return nil, io.EOF
		default:
			if pause == minPause {
				g.owner.log.Error().Err(err).Msg("cannot accept connections")
			}
			if !g.wait(pause) {
				return nil, io.EOF
			}
			pause = min(2*pause, maxPause)
		}
	}
}

func (g *gate) stopped() bool {
	select {
	case <-g.stop:
		return true
	default:
		return false
	}
}

// wait waits for d and reports whether accepting goes on.
func (g *gate) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-g.stop:
		return false
	}
}

// admit counts a connection in, or closes it and returns nil.
func (g *gate) admit(accepted net.Conn) net.Conn {
	c := &conn{Conn: accepted, listener: g.owner, id: g.accepted.Add(1), peer: peerOf(accepted)}
	if !g.enter(c) {
		g.refused.Add(1)
		_ = accepted.Close()
		return nil
	}
	if g.owner.settings.Load().tls == nil {
		return c
	}
	c.secure = &secureConn{Conn: tls.Server(c, g.owner.handshake), inner: c}
	return c.secure
}

func (g *gate) enter(c *conn) bool {
	set := g.owner.settings.Load()
	key := countKey(c.peer)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut || len(g.open) >= set.MaxConnections {
		return false
	}
	if g.per[key] >= set.ConnectionsPerAddress && !set.trusts(c.peer) {
		return false
	}
	g.open[c] = struct{}{}
	g.per[key]++
	return true
}

// leave counts a connection out. A second call for the same one does nothing.
func (g *gate) leave(c *conn) {
	key := countKey(c.peer)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, entered := g.open[c]; !entered {
		return
	}
	delete(g.open, c)
	if g.per[key]--; g.per[key] <= 0 {
		delete(g.per, key)
	}
}

// Close closes the socket. Both the server and Accept may come to do it.
func (g *gate) Close() error {
	if err := g.Listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// close lets nothing more in and ends the connections that never said anything.
func (g *gate) close() {
	g.mu.Lock()
	if !g.shut {
		g.shut = true
		close(g.stop)
	}
	silent := g.where(func(c *conn) bool { return !c.spoke.Load() })
	g.mu.Unlock()
	for _, c := range silent {
		c.abort()
	}
}

// drainPoll is how often the end of cut connections is looked for.
const drainPoll = 5 * time.Millisecond

// abort cuts every open connection and returns how many there were.
func (g *gate) abort() int {
	g.mu.Lock()
	all := g.where(func(*conn) bool { return true })
	g.mu.Unlock()
	for _, c := range all {
		c.abort()
	}
	return len(all)
}

// empty waits for every connection to be left, at most for d.
func (g *gate) empty(d time.Duration) {
	poll := time.NewTicker(drainPoll)
	defer poll.Stop()
	for end := time.Now().Add(d); g.count() > 0 && time.Now().Before(end); {
		<-poll.C
	}
}

// where returns the open connections that match; the caller holds mu.
func (g *gate) where(match func(*conn) bool) []*conn {
	var found []*conn
	for c := range g.open {
		if match(c) {
			found = append(found, c)
		}
	}
	return found
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.open)
}

// peerOf returns the other end of a connection, the zero Addr if it is none of
// IP.
func peerOf(c net.Conn) netip.Addr {
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

// countKey is what connections are counted by: the IPv4 address or the IPv6 /64,
// of which one customer has all.
func countKey(peer netip.Addr) netip.Addr {
	if !peer.Is6() {
		return peer
	}
	prefix, err := peer.Prefix(64)
	if err != nil {
		panic("BUG: an IPv6 address without a /64: " + err.Error())
	}
	return prefix.Addr()
}
