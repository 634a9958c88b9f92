//go:build !race

package trial

// The world of the gate.
const gateUsers, gateDays = 4000, 300
