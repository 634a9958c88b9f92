// Package adapt follows a step-up budget and learns weights from labels.
//
// It decides nothing: what it finds is a proposal of numbers for the risk section,
// which takes effect only as a configuration of its own, published like any other.
package adapt
