package traffic

import (
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Figures of a stuffing campaign (sections 5.2 and 5.4 of the risk model).
const (
	stuffingTime    = 4 * time.Hour
	stuffingPerHost = 1.18   // attempts from one address
	stuffingSuccess = 0.0015 // of the attempts
	stuffingUnknown = 0.45   // of the names, to us
	stuffingAgents  = 20
)

// newStuffing plans a campaign of so many attempts within 4 h of a day of the
// attacks, from home networks of the whole world, each address little more than
// once.
func newStuffing(c *Config, serial, attempts int) *script {
	r := c.random(stuffingStream, uint64(serial))
	p := &plot{c: c}
	s := &script{attack: Attack{Label: Stuffing}, serial: serial, r: r, left: attempts}
	from, to := p.window()
	s.at = from.Add(time.Duration(r.Float64() * float64(max(to.Sub(from)-stuffingTime, time.Hour))))
	mean := float64(stuffingTime) / float64(attempts)
	s.pause = func() time.Duration { return time.Duration(mean * r.ExpFloat64()) }
	pool := make([]device, stuffingAgents)
	for i := range pool {
		pool[i] = newDevice(r, chance(r, 0.4))
		pool[i].phase = -i * versionDays // one version older than the last
	}
	var address netip.Addr
	s.fill = func(e *Event) {
		if !address.IsValid() || !chance(r, 1-1/stuffingPerHost) {
			in := r.IntN(len(countries))
			address = theWorld().territories[in].home(r, r.IntN(6)).address(r.Uint32())
		}
		e.Address = address
		pick(r, pool).show(e, 0)
		routes[loginRoute].call(e, 0, 401)
		e.Login, e.LoginUser = models.LoginFailed, "user-"+decimal(r.Int64N(int64(max(1, c.Users))))
		switch {
		case chance(r, stuffingUnknown):
			e.LoginUser = "leaked-" + decimal(r.Int64N(1<<40))
		case chance(r, stuffingSuccess/(1-stuffingUnknown)):
			e.Login, e.Status = models.LoginPassed, 200
		}
		e.Person = e.LoginUser
	}
	return s
}
