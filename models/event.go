package models

import (
	"net/netip"
	"time"
)

// EventID is a UUIDv7 (RFC 9562).
type EventID [16]byte

// EventKind says what an event reports. The zero value is a decision.
type EventKind uint8

// The kinds of event.
const (
	DecisionEvent       EventKind = iota // OCSF API Activity 6003
	AuthenticationEvent                  // OCSF Authentication 3002: a step-up was passed or failed
	FindingEvent                         // OCSF Detection Finding 2004
	RefusalEvent                         // OCSF 6003 with count: refusals before authentication
	ConfigEvent                          // the risk section, once per change
	NumEventKinds
)

var eventKindNames = [NumEventKinds]string{"decision", "authentication", "finding", "refusal", "config"}

// String returns the name used in CloudEvents types and metrics.
func (k EventKind) String() string { return nameOf(eventKindNames[:], int(k)) }

// Place is where an address is. The zero value is unknown.
type Place struct {
	Latitude, Longitude float32 // degrees
	Radius              float32 // km, accuracy
	ASN                 uint32  // 0: unknown
	Country             [2]byte // ISO 3166-1 alpha-2, 0 0: unknown
	HasLocation         bool
}

// Observed holds the values a request is remembered by: keyed 32-bit hashes,
// never the values themselves. Learning reads these and nothing else of the
// request, so that recorded events can be learned again.
type Observed struct {
	Address     uint32 // of the /32 or /64
	Network     uint32 // of the ASN, or of the /16 or IPv6 /32 where it is unknown
	Country     uint32
	Fingerprint uint32 // JA4 with the agent string
	Handshake   uint32 // JA4 alone; 0: none
	Family      uint32 // browser and system without version
	DeviceType  uint32 // mobile, desktop, tablet, bot, library
	Credential  uint32
	Object      uint32 // object ids of the path; 0: none
	ObjectSeq   int64  // the id where it is a number; -1: it is none
	Place       Place
	DeviceToken uint32 // hash of the token's device id; 0: none
	LoginUser   uint32 // hash of the user name on a login route; 0: none
	Endpoint    uint32 // of method and route, without a key; 0: none
	Role        uint32 // of the caller's kind and roles, at looks and first uses; 0: not needed
}

// Outcome is what became of a login on a login route. The zero value is no
// login.
type Outcome uint8

// The outcomes.
const (
	NoLogin Outcome = iota
	LoginFailed
	LoginPassed
	LoginUnknown // status neither in failed nor in ok
	numOutcomes
)

var outcomeNames = [numOutcomes]string{"none", "failed", "passed", "unknown"}

// String returns the name used in events.
func (o Outcome) String() string { return nameOf(outcomeNames[:], int(o)) }

// Event is the record of one decision. It owns its memory: nothing in it aliases
// a connection. Events are pooled; Reset keeps the buffers.
type Event struct {
	Kind  EventKind
	ID    EventID
	Time  time.Time // when the request was read
	Node  string    // this gateway
	Boot  uint64    // unix milliseconds of the process start
	Seq   uint64    // number within the boot, from 1; set when published
	Route string
	Class Class

	Subject    SubjectKind
	Pseudonym  Pseudonym
	Credential CredentialKind
	CredID     []byte
	Client     netip.Addr // full; the encoder applies the privacy mode
	Peer       netip.Addr
	TLS        TLSFacts
	Method     []byte
	Host       []byte
	Path       []byte // canonical; the encoder masks object ids unless privacy is clear
	Agent      []byte
	RequestID  []byte
	TraceID    []byte // 32 hex digits

	Identity    *Identity // valid until the event is published; not recorded
	Established bool
	Machine     bool
	CanStepUp   bool

	ConfigHash [8]byte // of the risk section
	Features   Features
	Evidence   EvidenceSet
	Assessment Assessment
	Observed   Observed

	Action     Action // applied
	ByRisk     Action // asked for by the score, under its mode's thresholds
	ByPolicy   Action // asked for by policy or route, unless the credential already showed it
	Mode       Mode   // of risk: Shadow means ByRisk was not applied
	PolicyMode Mode
	Policies   []byte // ids of the determining policies, comma-separated
	Denial     Denial
	Challenge  []byte // acr_values asked for, space-separated
	MaxAge     time.Duration
	Passed     bool // a pending step-up was satisfied by this request
	Credit     float64
	Rulings    Rulings // verdicts that took effect with this request

	Status       int // sent to the client
	Upstream     string
	UpstreamTime time.Duration
	Duration     time.Duration
	BytesIn      int64
	BytesOut     int64
	Login        Outcome
	Activity     Activity // what the request did to the account, a refused logoff included

	// Refusals folded into one event.
	Count     uint32
	FirstTime time.Time
	LastTime  time.Time
	Prefix    netip.Prefix
	Finding   string // fixed name of what a finding reports
	Closed    bool   // the finding is an open one no longer
	Payload   []byte // ConfigEvent: the risk section as JSON
}

// Reset empties e and keeps its buffers.
func (e *Event) Reset() {
	*e = Event{
		CredID: e.CredID[:0], Method: e.Method[:0], Host: e.Host[:0], Path: e.Path[:0],
		Agent: e.Agent[:0], RequestID: e.RequestID[:0], TraceID: e.TraceID[:0],
		Policies: e.Policies[:0], Challenge: e.Challenge[:0], Payload: e.Payload[:0],
	}
}
