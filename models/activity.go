package models

import "slices"

// Activity says what a request does to the account of its caller, in the terms of
// OCSF. The zero value is nothing of the kind.
type Activity uint8

// The activities.
const (
	NoActivity     Activity = iota
	Logoff                  // ends the caller's session; OCSF Authentication
	PasswordChange          // OCSF Account Change
	NumActivities
)

var activityNames = [NumActivities]string{"none", "logoff", "password_change"}

// String returns the name used in files, events and metrics.
func (a Activity) String() string { return nameOf(activityNames[:], int(a)) }

// MarshalText writes the same as String.
func (a Activity) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads none, logoff or password_change.
func (a *Activity) UnmarshalText(text []byte) error {
	i, ok := indexOf(activityNames[:], string(text))
	if !ok {
		return unknownName(activityNames[:])
	}
	*a = Activity(i)
	return nil
}

// Values returns the names UnmarshalText reads.
func (a Activity) Values() []string { return slices.Clone(activityNames[:]) }
