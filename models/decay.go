package models

import "time"

// ActorHalfLife is the half-life of what a subject's behavior leaves behind,
// Assessment.ActorNats.
const ActorHalfLife = 15 * time.Minute

// Decay returns what is left of v after elapsed: v * 2^(-elapsed/halfLife), the
// same bits on every machine. Time that runs backwards leaves v as it is.
func Decay(v float64, elapsed, halfLife time.Duration) float64 {
	if elapsed <= 0 {
		return v
	}
	return float64(v * Exp2(-float64(elapsed)/float64(halfLife)))
}
