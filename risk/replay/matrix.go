package replay

import "github.com/riskgate/riskgate/models"

// Matrix counts decisions by the old action, the first index, and the new one.
// The zero value is empty.
type Matrix [models.NumActions][models.NumActions]int64

// Total returns how many decisions were counted.
func (m *Matrix) Total() (n int64) {
	for old := range m {
		for _, count := range m[old] {
			n += count
		}
	}
	return n
}

// Changed returns how many decisions have another action.
func (m *Matrix) Changed() int64 {
	n := m.Total()
	for a := range m {
		n -= m[a][a]
	}
	return n
}

// NewlyRefused returns how many requests were forwarded and would be asked to
// step up or denied.
func (m *Matrix) NewlyRefused() int64 {
	return m.where(func(old, now models.Action) bool { return !refuses(old) && refuses(now) })
}

// NewlyAllowed returns how many requests were asked to step up or denied and would
// be forwarded.
func (m *Matrix) NewlyAllowed() int64 {
	return m.where(func(old, now models.Action) bool { return refuses(old) && !refuses(now) })
}

// Old returns how many decisions had the action.
func (m *Matrix) Old(a models.Action) int64 {
	return m.where(func(old, _ models.Action) bool { return old == a })
}

// New returns how many decisions would have the action.
func (m *Matrix) New(a models.Action) int64 {
	return m.where(func(_, now models.Action) bool { return now == a })
}

func (m *Matrix) where(counts func(old, now models.Action) bool) (n int64) {
	for old := range m {
		for now, count := range m[old] {
			if counts(models.Action(old), models.Action(now)) {
				n += count
			}
		}
	}
	return n
}
