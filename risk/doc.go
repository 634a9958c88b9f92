// Package risk weighs evidence into a score, an action and the reasons for it.
package risk
