//go:build !linux

package upstream

// pollReadable cannot tell here: a connection closed while idle is noticed when
// it is used.
func pollReadable(uintptr) bool { return false }

// pollGone cannot tell here: a client that left is noticed when it is written to.
func pollGone(uintptr) bool { return false }
