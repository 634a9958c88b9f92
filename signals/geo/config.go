// Package geo tells where an address is and what kind of network it belongs to,
// and turns that into evidence about the network, its reputation, travel and
// round-trip times.
package geo

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Config names the databases and lists about addresses. Every one of them may be
// missing: what is unknown lowers confidence and never raises a score.
type Config struct {
	// City is a City database (GeoIP2, GeoLite2 or DB-IP City Lite, .mmdb).
	// Default none.
	City string `yaml:"city" path:"true"`
	// ASN is an ASN database (GeoLite2-ASN or DB-IP ASN Lite, .mmdb). Default none.
	ASN string `yaml:"asn" path:"true"`
	// Anonymous is a GeoIP2-Anonymous-IP or GeoIP-Anonymous-Plus database.
	// Default none.
	Anonymous string `yaml:"anonymous" path:"true"`
	// Lists maps hosting, vpn, tor, listed and relay to text files with one
	// address, prefix or AS number (AS64496) per line, and hosting_asn to files
	// with AS numbers alone. Default none.
	Lists map[string][]string `yaml:"lists" path:"true"`
	// Location is where this gateway stands: round-trip times are compared with how
	// far from there an address is said to be. Default none: they are not.
	Location *Location `yaml:"location"`
	// Refresh is how often the database files are looked at for a replacement.
	// Default 5s.
	Refresh time.Duration `yaml:"refresh"`
	// Cache is how many networks are remembered, 60 bytes each. Default 65536.
	Cache int `yaml:"cache"`
}

// Location is a place on earth.
type Location struct {
	// Latitude is in degrees, positive in the north.
	Latitude float64 `yaml:"latitude"`
	// Longitude is in degrees, positive in the east.
	Longitude float64 `yaml:"longitude"`
}

// DefaultLocation returns no place: both coordinates must be given.
func DefaultLocation() Location { return Location{math.NaN(), math.NaN()} }

func (l *Location) validate() (p models.Problems) {
	degrees := func(path string, v, most float64) {
		switch {
		case math.IsNaN(v):
			p.Add(path, "missing", fmt.Sprintf("want degrees from %g to %g", -most, most))
		case v < -most || v > most:
			p.Add(path, v, fmt.Sprintf("want degrees from %g to %g", -most, most))
		}
	}
	degrees("latitude", l.Latitude, 90)
	degrees("longitude", l.Longitude, 180)
	return p
}

// ListKinds are the names that Config.Lists knows, sorted.
func ListKinds() []string {
	return []string{"hosting", "hosting_asn", "listed", "relay", "tor", "vpn"}
}

// DefaultConfig returns the configuration without databases.
func DefaultConfig() Config {
	return Config{Refresh: 5 * time.Second, Cache: 1 << 16}
}

// Validate reports every mistake that shows without opening a file.
func (c Config) Validate() (p models.Problems) {
	if c.Refresh < 100*time.Millisecond || c.Refresh > 24*time.Hour {
		p.Add("refresh", c.Refresh, "want 100ms to 24h")
	}
	if c.Cache < 1024 || c.Cache > 1<<24 {
		p.Add("cache", c.Cache, "want 1024 to 16777216")
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Lists)) {
		if !slices.Contains(ListKinds(), kind) {
			p.Add("lists."+kind, kind, "want hosting, hosting_asn, listed, relay, tor or vpn")
		}
		if slices.Contains(c.Lists[kind], "") {
			p.Add("lists."+kind, `""`, "want the name of a file")
		}
	}
	if c.Location != nil {
		p.Under("location", c.Location.validate())
	}
	return p
}
