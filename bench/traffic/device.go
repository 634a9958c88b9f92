package traffic

import (
	"fmt"
	"math/rand/v2"
)

// browser is a family of user agents. JA4 and order of the header fields belong
// to the family, the version is in the agent string alone.
type browser struct {
	share   float64 // of devices of its form
	mobile  bool
	agent   string // %d takes the version
	version int    // on the first day
	ja4     string
	order   uint32
}

// browsers has made-up fingerprints in the form of JA4: one per engine and
// system, as browsers have.
var browsers = []browser{
	{0.45, false, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36", 140, "t13d1516h2_8daaf6152771_d8a2da3f94cd", 11},
	{0.15, false, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%[1]d.0.0.0 Safari/537.36 Edg/%[1]d.0.0.0", 140, "t13d1516h2_8daaf6152771_e5627efa2ab1", 12},
	{0.15, false, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:%[1]d.0) Gecko/20100101 Firefox/%[1]d.0", 142, "t13d1715h2_5b57614c22b0_3d5424432f57", 13},
	{0.15, false, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%d.0 Safari/605.1.15", 26, "t13d2014h2_a09f3c656075_14788d8d241b", 14},
	{0.10, false, "Mozilla/5.0 (X11; Linux x86_64; rv:%[1]d.0) Gecko/20100101 Firefox/%[1]d.0", 142, "t13d1715h2_5b57614c22b0_7121afd63204", 13},
	{0.60, true, "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36", 140, "t13d1517h2_8daaf6152771_b1ff8ab2d16f", 21},
	{0.35, true, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%d.0 Mobile/15E148 Safari/604.1", 26, "t13d2014h2_a09f3c656075_f62623592221", 22},
	{0.05, true, "Mozilla/5.0 (Android 15; Mobile; rv:%[1]d.0) Gecko/%[1]d.0 Firefox/%[1]d.0", 142, "t13d1715h2_5b57614c22b0_a54fffd0eb61", 23},
}

// device is a browser in somebody's hands. Versions change every 42 days, at a
// day of its own.
type device struct {
	browser *browser
	phase   int // days
	number  int // among its owner's
}

const versionDays = 42

func newDevice(r *rand.Rand, mobile bool) device {
	u := r.Float64()
	var last *browser
	for i := range browsers {
		if browsers[i].mobile != mobile {
			continue
		}
		last = &browsers[i]
		if u -= last.share; u < 0 {
			break
		}
	}
	return device{browser: last, phase: r.IntN(versionDays)}
}

// show fills in what the device sends on that day.
func (d device) show(e *Event, day int) {
	e.Agent = fmt.Sprintf(d.browser.agent, d.browser.version+(day+d.phase)/versionDays)
	e.JA4, e.HeaderOrder, e.Device = d.browser.ja4, d.browser.order, d.number
}
