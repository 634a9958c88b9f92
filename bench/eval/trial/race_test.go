//go:build race

package trial

// The race detector is ten times slower: the gate only runs, its floors are those
// of the suite without it.
const gateUsers, gateDays, gated = 300, 60, false
