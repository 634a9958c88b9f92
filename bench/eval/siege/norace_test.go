//go:build !race

package siege

// The populations of the tests.
const siegeUsers, siegeMachines, stormUsers = 100, 100, 600
