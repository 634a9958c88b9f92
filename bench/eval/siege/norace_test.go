//go:build !race

package siege

// The populations of the tests, and whether they are large enough to hold figures.
const siegeUsers, siegeMachines, stormUsers, held = 100, 100, 600, true
