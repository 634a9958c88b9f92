package baseline

// The sizes of the tables.
const (
	NetworkSlots   = 12
	DeviceSlots    = 8
	ProbationSlots = 10
	MaxSessions    = 3
	Levels         = 3 // finest first: address, ASN, country; fingerprint, family, device type
)

// Contribution is the part of a profile that gateways share: what one of them
// has learned, or the fold of what all have. Everything in it decays by time
// alone, so that contributions add up. The zero value has learned nothing.
type Contribution struct {
	Network   [NetworkSlots]Slot
	Device    [DeviceSlots]Slot
	Probation [ProbationSlots]Probation

	At    uint32 // last learned look; the weights and counts are decayed up to here
	First uint32 // first verified success
	Last  uint32 // last verified success

	Successes uint32 // verified
	Days      uint16 // distinct UTC days with a verified success
	Passed    uint8  // step-ups passed, saturating
	Failed    uint8  // step-ups failed, saturating

	Novelty Novelty
	TokenAt uint32 // when a device token was first seen valid; 0: never

	Hours [24]uint8 // looks by hour of day in quarters, see addHour

	Location Location
}

// Slot is one value of a table: a path of three levels and its weight. The zero
// value is empty.
type Slot struct {
	Fine, Mid uint32 // hashes: address and ASN, or fingerprint and family
	Weight    float32
	Coarse    uint16 // hash, folded: country, or device type
	Hour      uint8  // unix hour, modulo 256, of the last addition
	Born      uint8  // 0: older than 90 days; else 1 + day since 1970 modulo 255
}

// ProbationKind says of which level a value on probation is. The zero value is
// an empty entry.
type ProbationKind uint8

// The kinds of value that are put on probation.
const (
	NoProbation ProbationKind = iota
	OnASN
	OnCountry
	OnFamily
	OnDeviceType
	OnToken
	OnSubject // the subject itself, see freeze: Value is when, in unix seconds
	OnVerdict // none: Value is when the last verdict that took effect was given
	numProbationKinds
)

// onValue reports whether it is a value that is on probation.
func (k ProbationKind) onValue() bool { return k > NoProbation && k < OnSubject }

// Probation is the state of one value that has not yet earned trust (rule R).
type Probation struct {
	Value   uint32
	Counted uint16 // unix hour, modulo 65536, of the last day counted
	Days    uint8  // counted, from 1
	Kind    ProbationKind
}

// Location is a place, coarse enough for six bytes. At 0 means none.
type Location struct {
	Latitude, Longitude int16  // hundredths of a degree
	Radius              uint16 // km
	Softened            uint8  // 1: seen from a VPN, hosting or relay address
	At                  uint32
}

// Session is one record of a subject's live sessions.
type Session struct {
	Fingerprint uint32
	Last        uint32   // last request; 0: empty
	Held        [6]int16 // lambdas of the last look in parts of 1024, HeldNetwork first
	Credential  uint16   // hashes, folded
	Family      uint16
	Address     uint16
	Network     uint16
	Country     uint16
	Before      uint16 // network before this one
	Handshake   uint16
	Token       uint8 // status at the last look
	Flips       uint8 // changes back to Before, see session.go
}

const (
	objectBits  = 256
	objectWords = objectBits / 32
)

// Objects counts the distinct object ids of one hour by linear counting.
type Objects struct {
	Bits     [objectWords]uint32
	Last     int32  // last numeric id, modulo 2^32; 0 with Run 0: none
	Step     int32  // difference of the last two numeric ids, modulo 2^32
	Hour     uint16 // unix hour, modulo 65536
	Requests uint16 // with an object id, saturating
	Refused  uint16 // distinct objects answered 403 or 404, estimated
	Run      uint16 // numeric ids one step apart, in a row
}
