package traffic

// What changes from Config.Drift on.
const (
	driftRoams = 0.25 // more of the visits with the phone are over its carrier
	driftVPN   = 120  // of 1,000 people take a commercial VPN, who had none
	driftPace  = 3    // times as fast do browsers update
)

// drifted reports whether that moment, in days since the start, is after the world
// has changed.
func (c *Config) drifted(days float64) bool { return c.Drift > 0 && days >= float64(c.Drift) }

// aged returns the days for which browsers have been updated at their first pace.
func (c *Config) aged(days float64) float64 {
	if !c.drifted(days) {
		return days
	}
	return days + (driftPace-1)*(days-float64(c.Drift))
}

// roaming returns the share of a person's visits with the phone that are over its
// carrier.
func (c *Config) roaming(p *person, days float64) float64 {
	if c.drifted(days) {
		return p.roams + driftRoams
	}
	return p.roams
}

// exitOf returns where a person's VPN comes out, nil without one.
func (c *Config) exitOf(p *person, days float64) *block {
	if p.vpn {
		return p.exit
	}
	if !c.drifted(days) {
		return nil
	}
	fate := mix(c.Seed ^ mix(driftStream<<56|uint64(p.number)))
	if fate%1000 >= driftVPN {
		return nil
	}
	exits := theWorld().territories[p.country].exits
	return exits[fate>>32%uint64(len(exits))]
}
