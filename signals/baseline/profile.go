package baseline

// Profile is everything remembered about one subject. It holds no pointer, so
// that the garbage collector never scans it. The zero value is a subject never
// seen. Times in it are unix seconds.
type Profile struct {
	Own   Contribution
	Local Local
}

// Local is the part of a profile that only this gateway knows.
type Local struct {
	Objects  Objects
	Sessions [MaxSessions]Session // never persisted

	At           uint32  // up to here the next four are decayed
	Minute, Hour float32 // requests, with half-lives of 1 and 60 min
	Failures     float32 // failed logins, half-life 15 min
	Actor        float32 // accumulated risk in nats, half-life 15 min

	// The highest rates of the current hour among verified requests, and moving
	// averages of ln(1+rate) over the peaks of earlier hours. The anchors are the
	// same means with a memory of 180 days.
	PeakHour                  uint32 // unix hour of the peaks
	MinutePeak, HourPeak      float32
	MinuteMean, MinuteVar     float32
	HourMean, HourVar         float32
	MinuteAnchor, HourAnchor  float32
	ObjectsMean, ObjectsVar   float32 // of ln(1+distinct objects per hour)
	RateSamples, ObjectSample uint16  // hours behind the averages, saturating

	Classes    uint8  // bit per models.Class used with a verified success
	GlobalHour uint16 // hour, modulo 65536, of the last contribution to the global tables
}

// Reset makes p the profile of a subject never seen.
func (p *Profile) Reset() { *p = Profile{} }

// Established reports whether the subject has earned a place among the known:
// at least 3 verified successes on at least 2 distinct UTC days.
func (p *Profile) Established() bool { return p.Own.Successes >= 3 && p.Own.Days >= 2 }

// Seen reports whether anything was ever learned about the subject.
func (p *Profile) Seen() bool { return p.Own.Successes > 0 }
