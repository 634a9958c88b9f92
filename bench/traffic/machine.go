package traffic

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"github.com/riskgate/riskgate/models"
)

// machine is an honest client with an API key: it polls at an even pace, or sends
// a batch every hour, from one to three addresses of one operator.
type machine struct {
	id        string
	r         *rand.Rand
	addresses []netip.Addr
	agent     string
	ja4       string
	every     time.Duration // between polls; of a batch client between batches
	batch     int           // requests of a batch, 0: polls
	left      int           // of the running batch
	objects   int64
	at, end   time.Time
}

var libraries = []string{
	"python-requests/2.32.5", "Go-http-client/1.1", "okhttp/5.1.0", "curl/8.15.0", "axios/1.11.0",
	"Apache-HttpClient/5.5 (Java/21.0.8)", "",
}

func newMachine(c Config, i int) *machine {
	r := c.random(machineStream, uint64(i))
	m := &machine{
		id: "client-" + strconv.Itoa(i), r: r, objects: 5_000_000 + int64(i)*10_000, end: c.end(),
		every: time.Duration(20 * math.Pow(30, r.Float64()) * float64(time.Second)), // 20 s to 10 min
	}
	library := r.IntN(len(libraries))
	m.agent, m.ja4 = libraries[library], fmt.Sprintf("t13d%02d11h1_%012x_%012x", 10+library, library+1, library+7)
	network := pick(r, clouds)
	if chance(r, 0.4) {
		network = pick(r, offices)
	}
	host := r.Uint32()
	for n := range 1 + r.Uint32N(3) {
		m.addresses = append(m.addresses, hostIn(network, host+n))
	}
	if chance(r, 0.3) {
		m.every, m.batch = time.Hour, 30+r.IntN(170)
	}
	m.at = c.Start.Add(time.Duration(r.Float64() * float64(m.every)))
	m.left = m.batch
	return m
}

// next adds the pace with a tenth of jitter; within a batch a quarter of a
// second to a second.
func (m *machine) next() (time.Time, bool) {
	if m.left > 0 {
		m.left--
		m.at = m.at.Add(time.Duration(250+m.r.IntN(750)) * time.Millisecond)
	} else {
		m.at = m.at.Add(time.Duration(float64(m.every) * (0.95 + 0.1*m.r.Float64())))
		m.left = m.batch
	}
	return m.at, m.at.Before(m.end)
}

func (m *machine) emit(e *Event) {
	e.Time, e.Person = m.at, m.id
	e.Subject = models.Subject{Kind: models.Client, ID: m.id}
	e.Credential, e.CredentialID = models.APIKey, m.id
	e.Address = m.addresses[m.r.IntN(len(m.addresses))]
	e.Agent, e.JA4, e.HeaderOrder = m.agent, m.ja4, uint32(len(m.agent))
	e.Method, e.Status, e.Object = "GET", 200, -1
	e.Route, e.Path = "orders.list", "/v1/orders"
	if chance(m.r, 0.5) {
		e.Object = m.objects + m.r.Int64N(200)
		e.Route, e.Path = "orders.read", fmt.Sprintf("/v1/orders/%d", e.Object)
	}
}
