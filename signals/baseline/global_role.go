package baseline

import (
	"math"

	"github.com/riskgate/riskgate/models"
)

const (
	rareShare     = 0.02 // of the looks of a role, below which a class of routes is rare for it
	rareRoleLooks = 100  // of a role, before that means anything
)

// LearnRole counts a look of a role, and of the classes of routes that its bearer
// ever used with a verified success: a bit per models.Class. Call it where Learn
// of the profile said share.
func (w *World) LearnRole(role uint32, used uint8, now uint32) {
	if role == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	one := w.t.scale(now)
	w.t.add(role, one)
	for _, c := range [...]models.Class{models.Sensitive, models.Admin} {
		if used&(1<<c) != 0 {
			w.t.add(roleClass(role, c), one)
		}
	}
}

// Rare reports whether hardly anybody of a role uses routes of that class: fewer
// than one in fifty of its looks are of somebody who does. Of a role hardly seen
// nothing is rare.
func (w *World) Rare(role uint32, c models.Class, now uint32) bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	looks := w.t.count(role)
	return role != 0 && looks/w.t.scale(now) >= rareRoleLooks && w.t.count(roleClass(role, c)) < rareShare*looks
}

func roleClass(role uint32, c models.Class) uint32 { return max(1, role*0x9e3779b1+uint32(c)+1) }

// count returns how often a value was added, in scaled looks, or a little more.
func (t *tables) count(h uint32) float64 {
	count := math.Inf(1)
	for r := range t.Sketch {
		count = min(count, float64(t.Sketch[r][sketchCell(r, h)]))
	}
	return count
}
