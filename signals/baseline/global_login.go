package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// minutes counts events per minute and knows what is usual at each hour of the
// day: moving averages of ln(1+count).
type minutes struct {
	Minute uint32 // unix minute being counted
	Count  float64
	Last   float64 // count of the minute before
	Usual  [24]average
}

type average struct{ Mean, Var, N float64 }

const (
	usualStep  = 0.01
	usualPrior = 60  // minutes
	usualMean  = 1.8 // about 5 a minute
	usualVar   = 0.5
)

// add counts one event.
func (m *minutes) add(now uint32) {
	m.roll(now)
	m.Count++
}

// roll closes the minutes that are over; of a long silence the last hour.
func (m *minutes) roll(now uint32) {
	minute := now / 60
	if m.Minute == 0 {
		m.Minute = minute
	}
	if minute > m.Minute+60 {
		m.close()
		m.Minute = minute - 60
	}
	for m.Minute < minute {
		m.close()
	}
}

func (m *minutes) close() {
	m.Usual[m.Minute/60%24].take(models.Ln(1 + m.Count))
	m.Last, m.Count = m.Count, 0
	m.Minute++
}

func (a *average) blended() (mean, sigma float64) {
	k := a.N + usualPrior
	mean = (a.N*a.Mean + usualPrior*usualMean) / k
	variance := (a.N*a.Var + usualPrior*usualVar) / k
	return mean, math.Sqrt(variance + NoiseVariance)
}

func (a *average) take(x float64) {
	mean, sigma := a.blended()
	x = min(max(x, mean-maxSigmas*sigma), mean+maxSigmas*sigma)
	step := max(usualStep, 1/(a.N+1))
	delta := x - a.Mean
	a.Mean += step * delta
	a.Var = (1 - step) * (a.Var + step*delta*delta)
	a.N = min(a.N+1, 1/usualStep)
}

// z is how many standard deviations the busier of this minute and the last lies
// above what is usual.
func (m *minutes) z() float64 {
	mean, sigma := m.Usual[m.Minute/60%24].blended()
	return (models.Ln(1+max(m.Count, m.Last)) - mean) / sigma
}

// The counters of tables.Logins.
const (
	failedLogins = iota
	unknownUsers
)

func (t *tables) learnLogin(ev *models.Event, now uint32) {
	user := ev.Observed.LoginUser
	account := t.Accounts.find(user)
	if ev.Login == models.LoginFailed {
		t.Logins[failedLogins].add(now)
		if user != 0 && (account == nil || account.left(now, accountHalfLife) < faded) {
			t.Logins[unknownUsers].add(now)
		}
	}
	if account = t.Accounts.take(user, now, accountHalfLife); account == nil {
		return
	}
	account.N = float32(account.left(now, accountHalfLife))
	account.B = float32(float64(account.B) * halved(account.At, now, behaviorLife))
	account.At = max(account.At, now)
	if ev.Login == models.LoginFailed {
		account.B = min(account.B+1, maxWeight)
	} else {
		account.N = min(account.N+1, maxWeight)
	}
}

// FailedLogins returns the decayed number of failed logins of a user name, by
// its hash.
func (w *World) FailedLogins(user, now uint32) float64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	e := w.t.Accounts.find(user)
	if e == nil {
		return 0
	}
	return float64(e.B) * halved(e.At, now, behaviorLife)
}

const (
	modeSlope = 0.3
	modeStart = 3 // standard deviations
	modeRange = 5
)

// modeNats is attack mode: 0.3*clip(z - 3, 0, 5), 0 to 1.5, added to the log-odds of
// the score beside the evidence. Z is how many standard deviations failed logins, or
// those of names that never logged in, whichever are more, lie above what is usual:
// (ln(1+n) - mu)/sqrt(v + 0.04) of n per minute, with mu and v of this hour of the
// day. DataDome counted 1.18 attempts per address in a campaign of 108 million, which
// no counter of an address sees; the figures are riskgate's own.
func (t *tables) modeNats(now uint32) float64 {
	z := 0.0
	for i := range t.Logins {
		t.Logins[i].roll(now)
		z = max(z, t.Logins[i].z())
	}
	return modeSlope * min(modeRange, max(0, z-modeStart))
}

func (w *World) setMode(nats float64, now uint32) {
	w.mode.Store(uint64(now/60)<<32 | uint64(math.Float32bits(float32(nats))))
}

// Mode returns b_mode, 0 to 1.5: how far a wave of failed logins raises every
// anonymous request. It ends a minute after the last login.
func (w *World) Mode(now uint32) float64 {
	m := w.mode.Load()
	if minute := uint32(m >> 32); now/60 > minute+1 || minute == 0 {
		return 0
	}
	return float64(math.Float32frombits(uint32(m)))
}
