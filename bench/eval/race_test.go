//go:build race

package eval

// fraction divides the populations of the tests: the race detector is ten times
// slower, and the suite runs the whole without it.
const fraction = 10
