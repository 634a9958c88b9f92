package models

import "slices"

// VerdictKind says what an analyst found out about a subject. The zero value is
// no verdict.
type VerdictKind uint8

// The kinds of verdict.
const (
	NoVerdict  VerdictKind = iota
	Confirm                // the subject, and what it comes with, is genuine
	Forgive                // what its requests left behind no longer counts
	Quarantine             // something speaks against it that requests do not show
	Report                 // since some time somebody else has been acting as it
	NumVerdictKinds
)

var verdictKindNames = [NumVerdictKinds]string{"none", "confirm", "forgive", "quarantine", "report"}

// String returns the name used in files of verdicts, events and metrics.
func (k VerdictKind) String() string { return nameOf(verdictKindNames[:], int(k)) }

// VerdictKinds returns the names of all kinds but none.
func VerdictKinds() []string { return slices.Clone(verdictKindNames[1:]) }

// ParseVerdictKind returns the kind with that name; none has no name.
func ParseVerdictKind(name string) (VerdictKind, bool) {
	i, ok := indexOf(verdictKindNames[:], name)
	return VerdictKind(i), ok && i > 0
}

// Ruling is a verdict as it takes effect on what is remembered of its subject,
// which it does once. Times are unix seconds.
type Ruling struct {
	Kind  VerdictKind
	At    uint32 // when it was given
	Since uint32 // from when on it speaks; 0: always
}

// MaxRulings is how many rulings take effect together: the last of each kind.
const MaxRulings = int(NumVerdictKinds) - 1

// Rulings are those of one subject, oldest first; empty ones may stand between.
type Rulings [MaxRulings]Ruling

// Has reports whether a verdict of that kind is among them.
func (r *Rulings) Has(k VerdictKind) bool {
	for i := range r {
		if r[i].Kind == k {
			return true
		}
	}
	return false
}
