package models

import (
	"fmt"
	"slices"
	"strings"
)

// MarshalText writes the same as String.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads enforce or shadow.
func (m *Mode) UnmarshalText(text []byte) error {
	v, ok := ParseMode(string(text))
	if !ok {
		return unknownName(modeNames[:])
	}
	*m = v
	return nil
}

// Values returns the names UnmarshalText reads.
func (m Mode) Values() []string { return slices.Clone(modeNames[:]) }

// MarshalText writes the same as String.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads normal, sensitive, admin or login.
func (c *Class) UnmarshalText(text []byte) error {
	v, ok := ParseClass(string(text))
	if !ok {
		return unknownName(classNames[:])
	}
	*c = v
	return nil
}

// Values returns the names UnmarshalText reads.
func (c Class) Values() []string { return slices.Clone(classNames[:]) }

// MarshalText writes the same as String.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the name of an action.
func (a *Action) UnmarshalText(text []byte) error {
	v, ok := ParseAction(string(text))
	if !ok {
		return unknownName(actionNames[:])
	}
	*a = v
	return nil
}

// Values returns the names UnmarshalText reads.
func (a Action) Values() []string { return slices.Clone(actionNames[:]) }

func unknownName(names []string) error {
	return fmt.Errorf("want one of %s", strings.Join(names, ", "))
}
