// Package deadline tells which deadlines of a connection need not be moved.
package deadline

import "time"

// slack is how much of a timeout may be missing from a deadline that is left as it
// is: a 16th. Setting one costs as much as reading a header.
const slack = 16

// Stays reports whether a deadline in force may stay although another one is due, for
// a wait of at most timeout: it is hardly earlier, and not later. Early is by how much.
func Stays(early, timeout time.Duration) bool { return 0 <= early && early < timeout/slack }
