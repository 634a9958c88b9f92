package models

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Feature indexes Features.Values. The order is part of the event format:
// append, never insert.
type Feature uint8

// The features. Every input of every lambda is here, rounded to float32 before
// it is used, so that a decision can be recomputed from its event alone.
const (
	// Network: decayed weights n, global shares q, novelty of the subject
	// (k+kappa*h)/(n+kappa) and hazard h of level 1 address, 2 ASN, 3 country.
	NetWeight1 Feature = iota
	NetWeight2
	NetWeight3
	NetTotal // sum of the weights of the table
	NetShare1
	NetShare2
	NetShare3
	NetNovelty1
	NetNovelty2
	NetNovelty3
	NetHazard1
	NetHazard2
	NetHazard3
	NetOdds   // reputation odds multiplier R of the source, >= e^-1.5; 1: unknown
	NetTrust2 // tau of ASN, 0..1
	NetTrust3 // tau of country

	// Device: the same of level 1 fingerprint, 2 family, 3 device type.
	DevWeight1
	DevWeight2
	DevWeight3
	DevTotal
	DevShare1
	DevShare2
	DevShare3
	DevNovelty1
	DevNovelty2
	DevNovelty3
	DevHazard1
	DevHazard2
	DevHazard3
	DevOdds
	DevTrust2
	DevTrust3

	// Token.
	TokenStatus // TokenNone .. TokenForged
	TokenMissed // k: looks without the token
	TokenLooks  // n: looks since a token was issued
	TokenTrust  // tau of the token

	// Time.
	TimeHour   // 0..23, UTC
	TimeOwn    // circular-kernel count of this hour
	TimeTotal  // sum of the subject's hour table
	TimeGlobal // share of this hour among all subjects

	// Travel, since the last look with a location.
	TravelDistance // km between both places
	TravelRadii    // km, sum of both accuracy radii
	TravelElapsed  // seconds
	TravelSoftened // 1: last place VPN, hosting or relay, or this one is in the table, or may soon be

	// Rate: decayed requests, own mean and variance of ln(1+y) over 30 days and
	// over the 180-day anchor, samples behind them.
	RateMinute
	RateHour
	RateMinuteMean
	RateMinuteVar
	RateHourMean
	RateHourVar
	RateMinuteAnchor
	RateHourAnchor
	RateSamples

	// Enumeration: distinct object ids in the hour.
	ObjectsDistinct
	ObjectsRequests
	ObjectsRun
	ObjectsRefused // share of 403 and 404
	ObjectsMean
	ObjectsVar

	// Per request.
	SessionKind    // SessionChange code
	FailedLogins   // decayed count
	PrivilegeFirst // 0, 1 first use, 2 rare for the role
	IdleDays
	SanityNats // sum of the client-sanity rules that fired
	SanityRule // bits of the rules that fired, as a small integer
	FaultCount
	SinceLook // minutes since the last look

	// State carried into the decision, in nats.
	ActorNats   // E_u after decay, before this request
	VerdictNats // analyst's verdict
	CreditNats  // step-up credit, <= 0
	ModeNats    // b_mode

	// Lambdas of the last look of this session, reused bit for bit.
	HeldNetwork
	HeldInfrastructure
	HeldDevice
	HeldToken
	HeldTime
	HeldTravel

	// Scrape: decayed response bytes per hour, own mean and variance of ln(1+y)
	// over the hours behind RateSamples.
	BytesHour
	BytesMean
	BytesVar

	// Slow scrape: distinct objects of the UTC day, this one included, own mean and
	// variance of ln(1+y) over earlier days.
	DayObjects
	DayMean
	DayVar

	// Path: moving average of -ln p of the endpoints, own mean and variance of it.
	PathNats
	PathMean
	PathVar

	// Rhythm: ln of the standard deviation of ln inter-arrival, lately and usually.
	RhythmNow
	RhythmOwn

	// Enumeration: own mean and variance of the share of 403 and 404.
	RefusedMean
	RefusedVar

	// Samples behind the averages, each 0..255, packed by PackCounts: of objects per
	// hour and per day; of path, of the rhythm now and of the usual one.
	ObjectCounts
	StepCounts

	// Rate of impossible journeys among honest looks from a new ASN after such a
	// pause; 0: of the first model.
	TravelHazard

	// Enumeration: ln(1+ids in a row), the most that is usual; 0: none known.
	ObjectsRunTop

	// Round-trip times, ms; 0: unknown. The distance is that between the gateway and
	// the claimed place of the client, km beyond its accuracy radius, see KnowsDistance.
	RTTConnection
	RTTHandshake
	RTTDistance

	NumFeatures
)

// MaxFeatures bounds the features of all versions, learned weights included.
const MaxFeatures = 128

// PackCounts returns up to three counts, each 0..255, as one feature, which a
// float32 holds exactly.
func PackCounts(a, b, c uint8) float64 { return float64(uint32(a) | uint32(b)<<8 | uint32(c)<<16) }

// AfterLogout reports whether the request showed a token of a session that had been
// ended.
func (f *Features) AfterLogout() bool { return f.Values[SessionKind] == SessionAfterLogout }

// Counts returns what PackCounts packed into feature i; zeros for what it cannot
// have packed.
func (f *Features) Counts(i Feature) (a, b, c float64) {
	v := f.Values[i]
	if !(v >= 0 && v < 1<<24) {
		return 0, 0, 0
	}
	n := uint32(v)
	return float64(n & 0xff), float64(n >> 8 & 0xff), float64(n >> 16)
}

// FeaturesVersion is the version of the layout written by this build.
const FeaturesVersion = 2

// Flag is a bit of Features.Flags.
type Flag uint32

// The flags.
const (
	IsLook            Flag = 1 << iota // look groups are evaluated, not reused
	IsSessionChange                    // something changed inside a session
	IsMachine                          // subject is a client
	IsAnonymous                        // only reputation, sanity, payload and behavior speak
	IsEnrolling                        // machine client in its first days
	IsLoginRoute                       // b_mode applies
	NetUnavailable                     // no geo database
	NetUnknown                         // address not in the geo database: levels 2 and 3 from the prefix
	BaselineMissing                    // store too slow or broken: the subject is unknown, not new
	SourceHosting                      // hosting provider
	SourceVPN                          // commercial VPN
	SourceTor                          // Tor exit
	SourceListed                       // on published lists of bad addresses
	SourceRelay                        // private relay
	DeviceTokenIssued                  // the subject was issued a device token
	HasAgent                           // the request carries a user agent
	AboveTLS                           // a fingerprint of the handshake is part of the device
	MissingLocation                    // no location now or at the last look
	IsEstablished                      // admitted to the known subjects
	HoldsCredit                        // a credit was found for subject, device and ASN
	DeclaredSource                     // a machine client calls from a network declared for it
	TokenBornTrusted                   // the device token was trusted when it was issued
	TokenVouches                       // the device token is trusted and old enough to pass trust on
	// SecondModel: scrape, slow scrape, path and rhythm were assessed, objects are
	// compared over the hours that had any, the refused share with the caller's own,
	// and lambdas of looks are multiples of 2^-9. Events of earlier builds lack it and
	// are recomputed as they were computed.
	SecondModel
	Explored       // asked to step up although the score does not ask for it
	LearnedWeights // weights or slope of the risk section were learned
	IsConfirmed    // an analyst vouches for the subject
	// TimesAnswers: rtt was assessed. Events of earlier builds lack it.
	TimesAnswers
	// KnowsDistance: RTTDistance is known, 0 km included.
	KnowsDistance
	// BlockNetwork: no AS number is known, level 2 of the network is a block of
	// addresses, /16 or IPv6 /32. Events of earlier builds lack it.
	BlockNetwork
	// BlockCountry: no country is known, level 3 is that block. Events of earlier
	// builds lack it.
	BlockCountry
)

// The values of TokenStatus.
const (
	TokenNone    = 0 // no token shown
	TokenValid   = 1 // of this subject
	TokenForeign = 2 // of another subject
	TokenForged  = 3 // bad signature
)

// The values of SessionKind, by rising nats.
const (
	SessionSame        = 0
	SessionKnownASN    = 1 // ASN changed to one the subject uses
	SessionUnknownASN  = 2
	SessionFamily      = 3 // agent family changed
	SessionFingerprint = 4 // fingerprint changed
	SessionCountry     = 5 // country changed within 5 minutes
	SessionTwoPlaces   = 6 // one token from two places, interleaved
	SessionAfterLogout = 7 // token used after logout or expiry
	NumSessionKinds    = 8
)

// Features is every number and bit that a decision was computed from. The zero
// value is a request about which nothing is known.
type Features struct {
	Flags  Flag
	States [NumGroups]State
	Values [NumFeatures]float32
}

// Has reports whether every bit of mask is set.
func (f *Features) Has(mask Flag) bool { return f.Flags&mask == mask }

// Set stores v, rounded to float32.
func (f *Features) Set(i Feature, v float64) { f.Values[i] = float32(v) }

// Get returns feature i.
func (f *Features) Get(i Feature) float64 { return float64(f.Values[i]) }

// Three returns features first to first+2, the levels of a group.
func (f *Features) Three(first Feature) [3]float64 {
	return [3]float64{f.Get(first), f.Get(first + 1), f.Get(first + 2)}
}

// ErrFeatures says that bytes are no Features that this build reads.
var ErrFeatures = errors.New("models: malformed features")

const (
	featuresHead = 8 // bytes before the states
	maskBytes    = (int(NumFeatures) + 7) / 8
)

// FeatureMask has a bit for each value that is not +0; value 0 is the lowest bit
// of the first word.
type FeatureMask [(MaxFeatures + 63) / 64]uint64

// Mask returns which values are not +0.
func (f *Features) Mask() (m FeatureMask) {
	for w := range m {
		part := f.Values[min(64*w, len(f.Values)):min(64*w+64, len(f.Values))]
		var set uint64
		for i := len(part) - 1; i >= 0; i-- {
			set = set<<1 | (uint64(math.Float32bits(part[i]))+math.MaxUint32)>>32
		}
		m[w] = set
	}
	return m
}

// Count returns how many bits are set.
func (m FeatureMask) Count() (n int) {
	for _, w := range m {
		n += bits.OnesCount64(w)
	}
	return n
}

// AppendBinary appends the little-endian layout: version u16, number of states
// u8, number of values u8, flags u32, states a byte each, a bit for each value
// (value 0 is the lowest of the first byte) that says whether it is there, and
// those that are as float32. The others are +0.
func (f *Features) AppendBinary(dst []byte) []byte {
	mask := f.Mask()
	dst = binary.LittleEndian.AppendUint16(dst, FeaturesVersion)
	dst = append(dst, byte(NumGroups), byte(NumFeatures))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Flags))
	for _, s := range f.States {
		dst = append(dst, byte(s))
	}
	for i := range maskBytes {
		dst = append(dst, byte(mask[i/8]>>(i%8*8)))
	}
	for w, left := range mask {
		for ; left != 0; left &= left - 1 {
			v := f.Values[64*w+bits.TrailingZeros64(left)]
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	return dst
}

// UnmarshalBinary reads what AppendBinary wrote, of this or an earlier build:
// states and values that the writer did not know yet stay zero. It refuses
// other versions, trailing bytes, unknown states and values that are not finite.
func (f *Features) UnmarshalBinary(src []byte) error {
	if len(src) < featuresHead {
		return fmt.Errorf("%w: %d bytes, want at least %d", ErrFeatures, len(src), featuresHead)
	}
	if v := binary.LittleEndian.Uint16(src); v != FeaturesVersion {
		return fmt.Errorf("%w: version %d, want %d", ErrFeatures, v, FeaturesVersion)
	}
	states, values := int(src[2]), int(src[3])
	if states > int(NumGroups) || values > int(NumFeatures) {
		return fmt.Errorf("%w: %d states and %d values, want at most %d and %d",
			ErrFeatures, states, values, NumGroups, NumFeatures)
	}
	*f = Features{Flags: Flag(binary.LittleEndian.Uint32(src[4:]))}
	src = src[featuresHead:]
	if want := states + (values+7)/8; len(src) < want {
		return fmt.Errorf("%w: %d bytes of states, want %d", ErrFeatures, len(src), want)
	}
	if err := f.readStates(src[:states]); err != nil {
		return err
	}
	return f.readValues(src[states:], values)
}

func (f *Features) readStates(src []byte) error {
	for i, s := range src {
		if s >= byte(NumStates) {
			return fmt.Errorf("%w: state %d of group %s", ErrFeatures, s, Group(i))
		}
		f.States[i] = State(s)
	}
	return nil
}

// readValues reads the bits for n values and those that are there.
func (f *Features) readValues(src []byte, n int) error {
	mask, left := src[:(n+7)/8], src[(n+7)/8:]
	for i := range 8 * len(mask) {
		if mask[i/8]>>(i%8)&1 == 0 {
			continue
		}
		if i >= n || len(left) < 4 {
			return fmt.Errorf("%w: value %d is not there", ErrFeatures, i)
		}
		v := math.Float32frombits(binary.LittleEndian.Uint32(left))
		if v != v || v > math.MaxFloat32 || v < -math.MaxFloat32 {
			return fmt.Errorf("%w: value %d is not finite", ErrFeatures, i)
		}
		f.Values[i], left = v, left[4:]
	}
	if len(left) != 0 {
		return fmt.Errorf("%w: %d bytes too many", ErrFeatures, len(left))
	}
	return nil
}
