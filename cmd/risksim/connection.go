package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/signals/device"
)

// answer is what came back for one request.
type answer struct {
	status int
	action string // of X-Riskgate-Action, "" if the upstream does not tell it
	reason string // title of the problem that the gateway answered with, or the step-up it asks for; "" if none
	id     string // of X-Request-Id, "" if the other end gives none
	stepUp bool   // the answer is an RFC 9470 challenge
	cookie string // "name=value" of the device token that came with it, "" if none did
}

// connection sends requests one after the other and dials again when it must. It
// writes the request line as it was recorded, which a client library would mend.
type connection struct {
	address string
	host    string
	secure  bool
	keys    bool
	keySeed string
	timeout time.Duration

	conn net.Conn // nil: dial first
	in   *bufio.Reader
}

func newConnection(o options) (*connection, error) {
	u, err := url.Parse(o.target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("--target %s, want http://host:port or https://host:port", o.target)
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), u.Scheme)
	}
	return &connection{
		address: address, host: u.Host, secure: u.Scheme == "https",
		keys: o.keys == "per-client", keySeed: o.keySeed, timeout: o.timeout,
	}, nil
}

func (c *connection) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// exchange sends one request, written out with that method, and reads its answer.
// A kept connection that the gateway closed meanwhile is replaced once.
func (c *connection) exchange(method, request string) (answer, error) {
	kept := c.conn != nil
	a, err := c.try(method, request)
	if err != nil && kept {
		a, err = c.try(method, request)
	}
	return a, err
}

func (c *connection) try(method, request string) (a answer, err error) {
	if err := c.dial(); err != nil {
		return a, err
	}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := c.conn.SetDeadline(time.Now().Add(c.timeout)); err != nil {
		return a, err
	}
	if _, err := io.WriteString(c.conn, request); err != nil {
		return a, err
	}
	response, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	a = answer{status: response.StatusCode, action: response.Header.Get("X-Riskgate-Action")}
	a.id = response.Header.Get("X-Request-Id")
	a.stepUp = strings.Contains(response.Header.Get("WWW-Authenticate"), "insufficient_user_authentication")
	a.cookie = deviceCookie(response)
	a.reason = problemTitle(response)
	if a.stepUp {
		a.reason = "step-up required"
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return a, err
	}
	if response.Close {
		c.close()
	}
	return a, nil
}

// deviceCookie returns the device token that an answer sets.
func deviceCookie(r *http.Response) string {
	for _, c := range r.Cookies() {
		if c.Name == device.CookieName {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

func (c *connection) dial() (err error) {
	if c.conn != nil {
		return nil
	}
	d := &net.Dialer{Timeout: c.timeout}
	if c.secure {
		c.conn, err = tls.DialWithDialer(d, "tcp", c.address, nil)
	} else {
		c.conn, err = d.Dial("tcp", c.address)
	}
	if err != nil {
		c.conn = nil
		return err
	}
	c.in = bufio.NewReader(c.conn)
	return nil
}

// request returns the request as it is written.
func (c *connection) request(l traffic.Line) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\n", l.Method, l.Target, c.host, l.Client)
	field := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + oneLine.Replace(value) + "\r\n")
		}
	}
	field("User-Agent", l.Agent)
	field("Referer", l.Referer)
	for _, f := range usualFields(l.Agent) {
		field(f[0], f[1])
	}
	if c.keys {
		wire, _ := keyOf(c.keySeed, l.Client)
		field("X-Api-Key", wire)
	}
	if l.Method == http.MethodPost || l.Method == http.MethodPut || l.Method == http.MethodPatch {
		field("Content-Length", "0") // a log holds no bodies
	}
	b.WriteString("\r\n")
	return b.String()
}

// usualFields returns the fields that every client of the agent's kind sends and
// no log records. Without them each browser would look like a forgery.
func usualFields(agent string) [][2]string {
	if !human(agent) {
		return [][2]string{{"Accept", "*/*"}, {"Accept-Encoding", "gzip"}}
	}
	return [][2]string{
		{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
		{"Accept-Language", "en-US,en;q=0.5"},
		{"Accept-Encoding", "gzip, deflate"},
	}
}

// oneLine keeps a recorded value from ending its field.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ", "\x00", " ")

// problemTitle returns the title of an RFC 9457 problem, at most 64 KiB into the
// body, "" if the answer is none.
func problemTitle(r *http.Response) string {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if kind != "application/problem+json" {
		return ""
	}
	var problem struct {
		Title string `json:"title"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&problem) != nil {
		return ""
	}
	return problem.Title
}
