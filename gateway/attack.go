package gateway

import (
	"time"

	"github.com/rs/zerolog"
)

// attackCalm is how long attack mode must have been absent before its end is said,
// so that a wave that comes and goes is one.
const attackCalm = 5 * time.Minute

// attack tells when attack mode begins and ends. The zero value has seen none. One
// goroutine uses it.
type attack struct {
	since time.Time // zero: none is running
	last  time.Time // when it was last seen
	peak  float64   // log-odds
}

// look takes over the log-odds that attack mode has now and says what is new.
func (a *attack) look(odds float64, now time.Time, log zerolog.Logger) {
	switch running := !a.since.IsZero(); {
	case odds > 0:
		if !running {
			*a = attack{since: now}
			log.Warn().Float64("log_odds", odds).Msg("attack mode begins: more logins fail than is usual at this hour")
		}
		a.last, a.peak = now, max(a.peak, odds)
	case running && now.Sub(a.last) >= attackCalm:
		log.Info().Dur("lasted", a.last.Sub(a.since)).Float64("peak_log_odds", a.peak).Msg("attack mode has ended")
		*a = attack{}
	}
}

// lookForAttack says when attack mode begins and ends.
func (g *Gateway) lookForAttack() {
	now := g.options.Clock()
	g.attack.look(g.collector.AttackMode(now), now, g.log.With().Str("component", "signals").Logger())
}
