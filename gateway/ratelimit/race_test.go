//go:build race

package ratelimit

// flood is how many addresses TestFlood sends; the race detector is ten times
// slower.
const flood = 200_000
