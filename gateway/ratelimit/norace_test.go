//go:build !race

package ratelimit

// flood is how many addresses TestFlood sends.
const flood = 1_000_000
