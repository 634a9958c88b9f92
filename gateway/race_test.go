//go:build race

package gateway

// raced says that everything is ten times slower.
const raced = true
