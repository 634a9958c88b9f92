package signals

import (
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/geo"
)

// SetLocation says where the gateway stands; nil: nobody knows.
func (c *Collector) SetLocation(l *geo.Location) { c.here.Store(l) }

// setRTT sets how soon the client answers, and how far from here its address is
// said to be.
func (c *Collector) setRTT(f *models.Features, rtt models.RoundTrips, there *models.Place) {
	f.Set(models.RTTConnection, milliseconds(rtt.TCP))
	f.Set(models.RTTHandshake, milliseconds(rtt.TLS))
	here := c.here.Load()
	if rtt.TCP == 0 || here == nil || !there.HasLocation {
		return
	}
	f.Flags |= models.KnowsDistance
	d := geo.Distance(here.Latitude, here.Longitude, float64(there.Latitude), float64(there.Longitude))
	f.Set(models.RTTDistance, max(0, d-float64(there.Radius)))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
