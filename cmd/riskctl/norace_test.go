//go:build !race

package main

// raced says that everything is ten times slower.
const raced = false
