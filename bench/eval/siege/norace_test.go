//go:build !race

package siege

// The populations of the tests, and whether they are large enough to hold figures.
const siegeUsers, siegeMachines, stormUsers, floodUsers, floodRequests, held = 100, 100, 600, 400, 50_000, true
