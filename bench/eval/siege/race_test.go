//go:build race

package siege

// The populations of the tests: the race detector is ten times slower. They are
// too small to hold figures.
const siegeUsers, siegeMachines, stormUsers, floodUsers, floodRequests, held = 40, 50, 300, 200, 10_000, false
