//go:build !race

package eval

// fraction divides the populations of the tests.
const fraction = 1
