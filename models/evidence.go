package models

// Group is one line of evidence. Groups are weighed and shown one by one. Their
// order is part of the event format: append, never insert.
type Group uint8

// The groups, with the family that computes each. RecentBehavior, Verdict and
// Credit carry nats of their own and no weight.
const (
	Network        Group = iota // geo: address, ASN, country against the subject's table
	Infrastructure              // geo: reputation of the source, device reputation included
	Device                      // device: fingerprint, family, type against the subject's table
	Token                       // device: signed device token
	ClientSanity                // device: agent and headers that do not fit together
	Time                        // timing: hour of day
	Travel                      // geo: speed since the last look
	Rate                        // behavior: requests per minute and hour
	Enumeration                 // behavior: distinct objects
	Session                     // identity: changes inside a session
	Failures                    // identity: failed logins before this request
	Privilege                   // identity: first use of an admin or sensitive route
	Dormancy                    // identity: long unused
	Payload                     // payload: structural faults
	RecentBehavior              // behavior: what earlier requests left behind
	Verdict                     // an analyst's verdict
	Credit                      // a passed step-up; never positive
	Scrape                      // behavior: response bytes per hour
	SlowScrape                  // behavior: distinct objects per day
	Path                        // behavior: how surprising the order of endpoints is
	Rhythm                      // timing: how evenly requests follow each other
	RTT                         // geo: round-trip times against the claimed place and each other
	NumGroups
)

var groupNames = [NumGroups]string{
	"network", "infrastructure", "device", "token", "client_sanity", "time", "travel", "rate",
	"enumeration", "session", "failures", "privilege", "dormancy", "payload", "recent_behavior",
	"verdict", "credit", "scrape", "slow_scrape", "path", "rhythm", "rtt",
}

// String returns the name used in configuration, events and policies.
func (g Group) String() string { return nameOf(groupNames[:], int(g)) }

// ParseGroup returns the group with that name.
func ParseGroup(name string) (Group, bool) {
	i, ok := indexOf(groupNames[:], name)
	return Group(i), ok
}

// WeighedGroups is how many groups carry a weight.
const WeighedGroups = int(NumGroups - (Credit - RecentBehavior + 1))

// Weighed reports whether a group carries a weight of the configuration.
func (g Group) Weighed() bool { return g < RecentBehavior || g > Credit && g < NumGroups }

// State says how a group came to its value: unknown is never zero risk and never
// a penalty, but policy can see it. The zero value is Clean.
type State uint8

// The states of a group.
const (
	Clean       State = iota // assessed, nothing unusual
	Hit                      // assessed, evidence of attack
	Learning                 // too little history to speak
	Unavailable              // the fact or the baseline could not be had
	Stale                    // computed from data past its best-before
	NumStates
)

var stateNames = [NumStates]string{"clean", "hit", "learning", "unavailable", "stale"}

// String returns the name used in events and policies.
func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// FactCode names one fact shown to a reader beside a contribution. The zero
// value is no fact.
type FactCode uint8

// Fact is a code with its value, in the unit the code's comment names. It holds
// no text, so that it costs nothing until somebody reads it.
type Fact struct {
	Code  FactCode
	Value float32
}

// MaxFacts bounds the facts of one group.
const MaxFacts = 3

// The facts.
const (
	NoFact            FactCode = iota
	FactNewAddress             // 1
	FactNewASN                 // 1
	FactNewCountry             // 1
	FactKnownWeight            // decayed weight of the finest known level
	FactMinutesSince           // minutes since the last look
	FactReputation             // odds multiplier of the source
	FactDeviceOdds             // odds multiplier of agent and fingerprint
	FactHosting                // 1
	FactVPN                    // 1
	FactTor                    // 1
	FactBadAddress             // 1: on published lists
	FactNewDevice              // 1
	FactNewFamily              // 1
	FactNewDeviceType          // 1
	FactTokenAbsent            // 1
	FactTokenForeign           // 1: token of another subject
	FactTokenForged            // 1: bad signature
	FactTokenValid             // 1
	FactAutomation             // 1: known automation agent
	FactMissingHeader          // how many usual headers the claimed browser did not send
	FactNoAgent                // 1
	FactHour                   // hour of day, UTC
	FactHourShare              // share of the subject's activity in this hour
	FactDistance               // km beyond the accuracy radii
	FactSpeed                  // km/h
	FactPerMinute              // requests per minute
	FactPerHour                // requests per hour
	FactSigma                  // standard deviations above the own baseline
	FactObjects                // distinct objects in the hour
	FactRun                    // length of the run of sequential ids
	FactFailShare              // share of 403 and 404 answers
	FactSessionChange          // code of the change, see SessionChange
	FactFailedLogins           // decayed count
	FactFirstUse               // 1: first use of a route of this class
	FactIdleDays               // days since the last verified success
	FactFaults                 // number of structural faults
	FactActor                  // nats carried over from earlier requests
	FactProbation              // trust of the value on probation, 0 to 1
	FactBytesPerHour           // response bytes per hour
	FactObjectsToday           // distinct objects of the UTC day
	FactSurprise               // moving average of -ln p of the endpoints, nats
	FactRhythm                 // spread of ln inter-arrival now, as a multiple of the own one
	FactRare                   // 1: hardly anybody of the same role uses routes of this class
	FactRTT                    // least round-trip time of TCP, ms
	FactTLSDelay               // ms by which the TLS handshake took longer than that
	FactNewBlock               // 1: new block of addresses, /16 or IPv6 /32, where no more is known
	FactNewInBlock             // 1: new address in such a block that the subject uses
	FactNewNetwork             // 1: new ASN, of which no country is known
	FactHandshake              // 1: a handshake that no browser has, by a client that claims to be one
	numFactCodes
)

var factNames = [numFactCodes]string{
	"none", "new_address", "new_asn", "new_country", "known_weight", "minutes_since_last_look",
	"reputation_odds", "device_odds", "hosting", "vpn", "tor", "listed_address", "new_device",
	"new_agent_family", "new_device_type", "device_token_absent", "device_token_foreign",
	"device_token_forged", "device_token_valid", "automation_agent", "missing_headers", "no_agent",
	"hour_utc", "hour_share", "distance_km", "speed_kmh", "requests_per_minute",
	"requests_per_hour", "sigma", "distinct_objects", "sequential_run", "refused_share",
	"session_change", "failed_logins", "first_use", "idle_days", "structural_faults",
	"carried_over_nats", "trust", "bytes_per_hour", "distinct_objects_today", "path_surprise",
	"rhythm_ratio", "rare_for_role", "rtt_ms", "tls_delay_ms", "new_block", "new_address_in_block",
	"new_asn_without_country", "handshake_of_no_browser",
}

// String returns the name used in events.
func (c FactCode) String() string { return nameOf(factNames[:], int(c)) }

// Evidence is what one group says about one request.
type Evidence struct {
	// Lambda is the natural logarithm of the likelihood ratio of attack against
	// legitimate, in nats, before any weight. Zero says nothing either way.
	Lambda float64
	// Confidence is between 0 (no data: Lambda does not count) and 1.
	Confidence float64
	State      State
	Facts      [MaxFacts]Fact
}

// EvidenceSet holds the evidence of every group, by Group.
type EvidenceSet [NumGroups]Evidence
