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

	At           uint32  // last request; up to here the next five are decayed
	Minute, Hour float32 // requests, with half-lives of 1 and 60 min
	Bytes        float32 // of responses, half-life 60 min
	Failures     float32 // failed logins, half-life 15 min
	Actor        float32 // accumulated risk in nats, half-life 15 min

	Daily  Daily
	Paths  Paths
	Rhythm Rhythm

	// The highest rates of the current hour among verified requests, and moving
	// averages over the peaks of earlier hours, of ln(1+rate) where it is a rate.
	// The anchors are the same means with a memory of 180 days.
	MinutePeak, HourPeak     Short // requests; minute 0: no verified request yet
	BytesPeak                Short
	PathPeak                 Fixed
	MinuteMean, MinuteVar    Fixed
	HourMean, HourVar        Fixed
	MinuteAnchor, HourAnchor Fixed
	BytesMean, BytesVar      Fixed
	PathMean, PathVar        Fixed
	ObjectsMean, ObjectsVar  Fixed  // distinct objects per hour
	RefusedMean, RefusedVar  Fixed  // share of objects refused in an hour, see RefusedShare
	DayMean, DayVar          Fixed  // distinct objects per day
	RunTop                   Fixed  // ln(1+ids in a row), the most that is usual; 0: none known
	PeakHour                 uint16 // unix hour of the peaks, modulo 65536
	RateSamples              uint16 // hours behind the averages, saturating
	ObjectSample, PathSample uint8  // the same
	DaySample                uint8  // days

	Classes    uint8  // bit per models.Class used with a verified success, and activeToday
	GlobalHour uint16 // hour, modulo 65536, of the last contribution to the global tables
}

// activeToday is a bit of Local.Classes: Daily.Day has seen a verified success.
const activeToday = 1 << 7

// refusedToday is another: the score refused something on Daily.Day, of which and of
// whose hours nothing is learned about objects.
const refusedToday = 1 << 6

// Reset makes p the profile of a subject never seen.
func (p *Profile) Reset() { *p = Profile{} }

// Established reports whether the subject has earned a place among the known:
// at least 3 verified successes on at least 2 distinct UTC days.
func (p *Profile) Established() bool { return p.Own.Successes >= 3 && p.Own.Days >= 2 }

// Seen reports whether anything was ever learned about the subject.
func (p *Profile) Seen() bool { return p.Own.Successes > 0 }
