package replay

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/riskgate/riskgate/models"
)

// Bounds of what a Tally keeps, so that its memory does not grow with what it
// counts.
const (
	maxNames    = 1024
	maxSubjects = 1 << 18
)

// Others is the name under which routes and countries are counted beyond the
// first 1024.
const Others = "(others)"

// Change is one decision, as it was and as it would be.
type Change struct {
	Old, New             models.Action
	OldSlowed, NewSlowed bool
	Class                models.Class
	Route                string           // "" for none
	Country              string           // "" for unknown
	Subject              models.Pseudonym // zero for anonymous callers
}

// Subject counts the decisions about one caller that changed.
type Subject struct {
	Pseudonym    models.Pseudonym
	Changed      int64
	NewlyRefused int64
	NewlyAllowed int64
}

// Tally adds changes up. The zero value is empty. It is for one goroutine, and its
// counts depend on what was added alone, not on the order, as long as there are
// at most 1024 routes and countries and 262,144 callers with changes.
type Tally struct {
	All       Matrix
	Classes   [models.NumClasses]Matrix
	OldSlowed int64 // decisions under which the caller's bucket filled more slowly
	NewSlowed int64
	Anonymous int64 // changed decisions about callers without a pseudonym
	Untracked int64 // changed decisions about callers beyond the bound

	routes, countries map[string]*Matrix
	subjects          map[models.Pseudonym]*Subject
}

// Add counts one decision.
func (t *Tally) Add(c *Change) {
	if t.routes == nil {
		t.routes, t.countries = map[string]*Matrix{}, map[string]*Matrix{}
		t.subjects = map[models.Pseudonym]*Subject{}
	}
	t.All[c.Old][c.New]++
	t.Classes[c.Class][c.Old][c.New]++
	named(t.routes, c.Route)[c.Old][c.New]++
	named(t.countries, c.Country)[c.Old][c.New]++
	if c.OldSlowed {
		t.OldSlowed++
	}
	if c.NewSlowed {
		t.NewSlowed++
	}
	if c.Old != c.New {
		t.blame(c)
	}
}

func named(all map[string]*Matrix, name string) *Matrix {
	m := all[name]
	if m == nil {
		if len(all) >= maxNames {
			name = Others
		}
		if m = all[name]; m == nil {
			m = new(Matrix)
			all[name] = m
		}
	}
	return m
}

// blame counts a change for its caller.
func (t *Tally) blame(c *Change) {
	if c.Subject == (models.Pseudonym{}) {
		t.Anonymous++
		return
	}
	s := t.subjects[c.Subject]
	if s == nil {
		if len(t.subjects) >= maxSubjects {
			t.Untracked++
			return
		}
		s = &Subject{Pseudonym: c.Subject}
		t.subjects[c.Subject] = s
	}
	s.Changed++
	switch was, is := refuses(c.Old), refuses(c.New); {
	case is && !was:
		s.NewlyRefused++
	case was && !is:
		s.NewlyAllowed++
	}
}

// Named is the matrix of one route or country.
type Named struct {
	Name string
	Matrix
}

// Routes returns the matrices by route, those with most changes first.
func (t *Tally) Routes() []Named { return sorted(t.routes) }

// Countries returns the matrices by country, those with most changes first.
func (t *Tally) Countries() []Named { return sorted(t.countries) }

func sorted(all map[string]*Matrix) []Named {
	list := make([]Named, 0, len(all))
	for name, m := range all {
		list = append(list, Named{name, *m})
	}
	slices.SortFunc(list, func(a, b Named) int {
		return cmp.Or(cmp.Compare(b.Changed(), a.Changed()), cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// Callers returns how many callers have changes, up to the bound.
func (t *Tally) Callers() int { return len(t.subjects) }

// MostChanged returns up to n callers with most changes; of equal ones first those
// that are refused more often, then in the order of the pseudonyms.
func (t *Tally) MostChanged(n int) []Subject {
	list := make([]Subject, 0, len(t.subjects))
	for _, s := range t.subjects {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Subject) int {
		return cmp.Or(cmp.Compare(b.Changed, a.Changed), cmp.Compare(b.NewlyRefused, a.NewlyRefused),
			bytes.Compare(a.Pseudonym[:], b.Pseudonym[:]))
	})
	return list[:min(n, len(list))]
}
