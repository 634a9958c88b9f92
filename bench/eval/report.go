package eval

// Report is what became of the traffic.
type Report struct {
	Requests int `json:"requests"`
	// Scores counts requests by who sent them and score: bins of 5 points.
	Scores  map[string]*[Bins]int `json:"scores"`
	Honest  Honest                `json:"honest"`
	Clients Clients               `json:"clients"`
	Naive   Naive                 `json:"naive"`
	Days    []Day                 `json:"days"`
}

// Bins is how many bins Report.Scores has.
const Bins = 20

// Honest is about people and their visits.
type Honest struct {
	Sessions int `json:"sessions"`
	// SteppedUp is how many of them were asked to step up, once or more often.
	SteppedUp int     `json:"stepped_up"`
	Share     float64 `json:"share"`
	// Refused is how many requests of people were refused for good: denied,
	// throttled, or challenged again right after a challenge was answered.
	// LockedOut is in how many sessions that happened.
	Refused   int `json:"refused"`
	LockedOut int `json:"locked_out"`
	// LoginsRefused is the same of the requests before their login.
	LoginsRefused int `json:"logins_refused"`
	// Causes tells, by group, why.
	Causes map[string]*Cause `json:"causes"`
}

// Cause is what a group had to do with the sessions that were stepped up.
type Cause struct {
	// First is in how many it was the largest reason, Reason in how many a
	// reason.
	First  int `json:"first"`
	Reason int `json:"reason"`
	// Nats is what it added to the first challenge of a session, on average.
	Nats float64 `json:"nats"`
}

// Clients is about machine clients.
type Clients struct {
	Clients   int `json:"clients"`
	Requests  int `json:"requests"`
	Denied    int `json:"denied"`    // requests
	Throttled int `json:"throttled"` // requests that the bucket refused
	Slowed    int `json:"slowed"`    // requests at a refill of 1/16 or less
	Findings  int `json:"findings"`  // requests that the score wanted a step-up for
	Monitored int `json:"monitored"` // requests
	// Refused is how many clients had a request denied or throttled, Touched how
	// many had one slowed or found.
	Refused int `json:"clients_refused"`
	Touched int `json:"clients_touched"`
}

// Naive is about account takeovers from another country with another device.
type Naive struct {
	// By the honest sessions of the victim before.
	None   Takeovers `json:"no_history"`
	Little Takeovers `json:"1_to_4_sessions"`
	Much   Takeovers `json:"5_or_more_sessions"`
}

// Takeovers counts attacks.
type Takeovers struct {
	Attacks int `json:"attacks"`
	AtOnce  int `json:"caught_at_first_request"`
	Caught  int `json:"caught"`
	Through int `json:"requests_let_through"`
}

// Day is one day of the world.
type Day struct {
	Sessions  int     `json:"sessions"`
	SteppedUp int     `json:"stepped_up"`
	Share     float64 `json:"share"`
}
