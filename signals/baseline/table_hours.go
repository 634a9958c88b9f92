package baseline

// hourUnit is one look in Contribution.Hours.
const hourUnit = 4

// monthFactor is what a 30-day period leaves of a count with a half-life of 90
// days: 2^(-1/3) of 256, rounded down like the counts.
const monthFactor = 203

// addHour counts a look of that weight in an hour of the day. The caller has
// brought c to that time.
func (c *Contribution) addHour(now uint32, weight float64) {
	n := &c.Hours[now/3600%24]
	add := uint8(weight * hourUnit)
	if int(*n)+int(add) > 255 {
		for i := range c.Hours {
			c.Hours[i] /= 2
		}
	}
	*n += add
}

// decayHours brings the table from one 30-day period to a later one.
func (c *Contribution) decayHours(from, to uint32) {
	for ; from < to && c.Hours != ([24]uint8{}); from++ {
		for i := range c.Hours {
			c.Hours[i] = uint8(int(c.Hours[i]) * monthFactor >> 8)
		}
	}
}

func (c *Contribution) addHours(part *Contribution) {
	for i := range c.Hours {
		c.Hours[i] = uint8(min(255, int(c.Hours[i])+int(part.Hours[i])))
	}
}

// HourOf returns the subject's activity at that hour of day, smoothed over its
// neighbors by (1/4, 1/2, 1/4), and in all hours, both in looks.
func (c *Contribution) HourOf(hour int) (here, total float64) {
	for _, n := range c.Hours {
		total += float64(n)
	}
	before, after := c.Hours[(hour+23)%24], c.Hours[(hour+1)%24]
	here = 0.25*float64(before) + 0.5*float64(c.Hours[hour]) + 0.25*float64(after)
	return here / hourUnit, total / hourUnit
}
