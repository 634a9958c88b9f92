//go:build race

package siege

// The populations of the tests: the race detector is ten times slower.
const siegeUsers, siegeMachines, stormUsers = 40, 50, 300
