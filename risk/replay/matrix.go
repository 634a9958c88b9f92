package replay

import (
	"encoding/json"
	"fmt"

	"github.com/riskgate/riskgate/models"
)

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

// MarshalJSON writes an object of the old actions, in it one of the new ones;
// zeros are left out.
func (m Matrix) MarshalJSON() ([]byte, error) {
	all := map[string]map[string]int64{}
	for old := range m {
		row := map[string]int64{}
		for now, n := range m[old] {
			if n != 0 {
				row[models.Action(now).String()] = n
			}
		}
		if len(row) > 0 {
			all[models.Action(old).String()] = row
		}
	}
	return json.Marshal(all)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Matrix) UnmarshalJSON(text []byte) error {
	var all map[string]map[string]int64
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*m = Matrix{}
	for from, row := range all {
		for to, n := range row {
			old, ok1 := models.ParseAction(from)
			now, ok2 := models.ParseAction(to)
			if !ok1 || !ok2 {
				return fmt.Errorf("matrix: %s to %s, want names of actions", from, to)
			}
			m[old][now] = n
		}
	}
	return nil
}
