package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

// learnLook learns the values of a verified look. Again says that it is one of
// those that a long session is given although nothing changed in it.
func (c *Contribution) learnLook(ev *models.Event, weight float64, now uint32, again bool) {
	f, o := &ev.Features, &ev.Observed
	c.decay(now)
	t := trial{
		now:     now,
		again:   again,
		calm:    ev.Assessment.Score < calmScore || movedMachine(ev),
		machine: f.Has(models.IsMachine),
		vouched: ev.Passed || f.Flags&vouchers != 0,
	}
	settled := t.vouched || c.settledIn(o, now)
	c.learnNetwork(o, weight, t)
	if o.Fingerprint != 0 {
		c.learnDevice(o, weight, t)
	}
	c.learnToken(f, o, weight, t, settled)
	c.addHour(now, weight)
	c.learnPlace(f, o, now)
}

// vouchers are what a look may come with for its values to be trusted at once.
const vouchers = models.IsConfirmed | models.TokenVouches | models.DeclaredSource | models.IsEnrolling

func (c *Contribution) learnNetwork(o *models.Observed, weight float64, t trial) {
	w := c.NetworkWeights(o, t.now)
	if !t.again {
		c.Novelty.countLevels(netNovelty, &w, weight)
	}
	c.try(OnASN, o.Network, w.Level[1] > 0, t)
	c.try(OnCountry, o.Country, w.Level[2] > 0, t)
	remember(c.Network[:], o.Address, o.Network, Fold16(o.Country), weight, t.now)
}

// learnDevice does the same for the device. Its values are put on probation only
// once a device token tells devices apart.
func (c *Contribution) learnDevice(o *models.Observed, weight float64, t trial) {
	w := c.DeviceWeights(o, t.now)
	if !t.again {
		c.Novelty.countLevels(devNovelty, &w, weight)
	}
	if c.TokenAt != 0 {
		c.try(OnFamily, o.Family, w.Level[1] > 0, t)
		c.try(OnDeviceType, o.DeviceType, w.Level[2] > 0, t)
	}
	remember(c.Device[:], o.Fingerprint, o.Family, Fold16(o.DeviceType), weight, t.now)
}

// countLevels counts, level by level, how often a value was new given that the
// finer one was. Nothing is new to an empty table.
func (v *Novelty) countLevels(first int, w *Weights, weight float64) {
	if w.Total == 0 {
		return
	}
	news := 0
	for news < Levels && w.Level[news] == 0 {
		news++
	}
	v.count(first, news, weight)
}

// settledIn reports whether the network and the country of a look are trusted.
func (c *Contribution) settledIn(o *models.Observed, now uint32) bool {
	w := c.NetworkWeights(o, now)
	return c.Trust(OnASN, o.Network, w.Level[1] > 0) == 1 && c.Trust(OnCountry, o.Country, w.Level[2] > 0) == 1
}

// learnToken learns how often the device token is missing, where the caller is
// settled: who is let in from a new place without one must not make that usual.
func (c *Contribution) learnToken(f *models.Features, o *models.Observed, weight float64, t trial, settled bool) {
	valid := f.Get(models.TokenStatus) == models.TokenValid
	if c.TokenAt != 0 && !t.again && settled {
		missing := 0
		if !valid {
			missing = 1
		}
		c.Novelty.count(tokenNovelty, missing, weight)
	}
	if !valid {
		return
	}
	if c.TokenAt == 0 {
		c.TokenAt = t.now
	}
	if f.Get(models.TokenTrust) < 1 {
		c.try(OnToken, o.DeviceToken, false, t)
	}
}

func (c *Contribution) learnPlace(f *models.Features, o *models.Observed, now uint32) {
	if !o.Place.HasLocation || now < c.Location.At {
		return
	}
	c.Location = Location{
		Latitude:  hundredths(o.Place.Latitude),
		Longitude: hundredths(o.Place.Longitude),
		Radius:    uint16(min(max(o.Place.Radius, 0), math.MaxUint16)),
		At:        now,
	}
	if f.Flags&SoftSources != 0 {
		c.Location.Softened = 1
	}
}

// SoftSources are the classes of address that say little about where somebody is.
const SoftSources = models.SourceVPN | models.SourceHosting | models.SourceRelay | models.SourceTor

func hundredths(degrees float32) int16 {
	return int16(math.Round(float64(min(max(degrees, -180), 180)) * 100))
}
