//go:build !race

package trial

// The world of the gate, and whether its floors are held.
const gateUsers, gateDays, gated = 3000, 300, true
