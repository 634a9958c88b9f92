package traffic

import (
	"fmt"
	"math/rand/v2"
)

// claim is what a browser says of itself, made once for each model and version.
type claim struct {
	agent, browser, os string
	model              *model
}

// drawModel draws a model of one form by weight.
func drawModel(r *rand.Rand, f form) int {
	all := catalog()
	total := 0.0
	for i := range all {
		if all[i].form == f {
			total += all[i].weight
		}
	}
	u, last := r.Float64()*total, 0
	for i := range all {
		if all[i].form != f {
			continue
		}
		last = i
		if u -= all[i].weight; u < 0 {
			break
		}
	}
	return last
}

// claims remembers what each model says in each version and build.
type claims struct{ known map[[3]int]*claim }

// builds is how many builds of a version are about at the same time.
const builds = 8

func (c *claims) of(number, version, build int) *claim {
	key := [3]int{number, version, build}
	if found := c.known[key]; found != nil {
		return found
	}
	m := &catalog()[number]
	text := m.versionText(version, build)
	made := &claim{agent: fmt.Sprintf(m.agent, text), browser: m.browser + " " + text, os: m.os, model: m}
	c.known[key] = made
	return made
}

// versionText returns a version in the form of the engine.
func (m *model) versionText(version, build int) string {
	n := m.version + version
	switch m.browser {
	case "Safari":
		return fmt.Sprintf("%d.%d", n, build)
	case "Firefox":
		return fmt.Sprintf("%d.0.%d", n, build)
	}
	return fmt.Sprintf("%d.0.%d.%d", n, 5000+n*17%1000, 40+build*11)
}
