package models

// WordsVersion numbers the wording of sentences. It stands in every event that
// has one and rises whenever the sentence of an event that exists would change;
// words for new groups and facts change no such sentence.
const WordsVersion = 1

// form says how the value of a fact is written.
type form uint8

const (
	whole    form = iota // a whole number
	tenths               // one digit after the point below 10
	percent              // of a share
	span                 // of minutes, in the largest unit that fits
	bytesize             // of bytes, in the largest unit that fits
	hour                 // of the day
	change               // a SessionChange code, by its name
)

// phrase is what one fact of a group is in words.
type phrase struct {
	fact FactCode
	// text has a # where the value goes; "one|many" has the text for the value 1
	// before the bar. An empty text says nothing.
	text string
	form form
	only bool // said only where nothing was said before
	// above is what a value must exceed to be said, where positive.
	above float32
}

// groupWords are the words for one group. Phrases follow each other in their
// order here, with commas.
type groupWords struct {
	alone   string // where the group raises the score and no phrase applies
	lowers  string // where it lowers the score
	phrases []phrase
}

// words has a line for each group and, in it, one for each fact the group shows.
// To add a group or a fact, add its line. The text is plain ASCII without quotes.
var words = [NumGroups]groupWords{
	Network: {"network as when the session began", "usual network", []phrase{
		{fact: FactNewCountry, text: "new country"},
		{fact: FactNewASN, text: "new network in a usual country"},
		{fact: FactNewAddress, text: "new address in a usual network"},
		{fact: FactNewBlock, text: "new block of addresses"},
		{fact: FactNewInBlock, text: "new address in a usual block of addresses"},
		{fact: FactNewNetwork, text: "new network"},
		{fact: FactKnownWeight, text: "address seldom used", only: true},
		{fact: FactProbation, text: "not yet trusted"},
		{fact: FactMinutesSince, text: "# after the last request", form: span},
	}},
	Infrastructure: {"repute of the source as when the session began", "source of good repute", []phrase{
		{fact: FactBadAddress, text: "address on a list of bad ones"},
		{fact: FactTor, text: "Tor exit"},
		{fact: FactVPN, text: "commercial VPN"},
		{fact: FactHosting, text: "hosting provider"},
		{fact: FactReputation, text: "source # times as suspicious as most", form: tenths, above: 1},
		{fact: FactDeviceOdds, text: "device # times as suspicious as most", form: tenths, above: 1},
	}},
	Device: {"device as when the session began", "usual device", []phrase{
		{fact: FactNewDeviceType, text: "new type of device"},
		{fact: FactNewFamily, text: "new browser or system"},
		{fact: FactNewDevice, text: "new fingerprint of a usual browser"},
		{fact: FactKnownWeight, text: "device seldom used", only: true},
		{fact: FactProbation, text: "not yet trusted"},
	}},
	Token: {"device token as when the session began", "device token of this caller", []phrase{
		{fact: FactTokenForged, text: "forged device token"},
		{fact: FactTokenForeign, text: "device token of another caller"},
		{fact: FactTokenAbsent, text: "the usual device token is missing"},
		{fact: FactTokenValid, text: "device token not yet trusted"},
	}},
	ClientSanity: {"handshake unlike the browser it claims to be", "client as it claims to be", []phrase{
		{fact: FactAutomation, text: "automation tool"},
		{fact: FactMissingHeader, text: "# usual header missing|# usual headers missing"},
		{fact: FactNoAgent, text: "no user agent"},
		{fact: FactHandshake, text: "handshake unlike the browser it claims to be"},
	}},
	Time: {"hour as when the session began", "usual hour", []phrase{
		{fact: FactHour, text: "unusual hour, #", form: hour},
		{fact: FactHourShare, text: "# of own activity", form: percent},
	}},
	Travel: {"travel as when the session began", "no travel", []phrase{
		{fact: FactDistance, text: "# km from the last place"},
		{fact: FactSpeed, text: "at # km/h"},
	}},
	Rate: {"more requests than usual", "fewer requests than usual", []phrase{
		{fact: FactPerMinute, text: "# request a minute|# requests a minute"},
		{fact: FactPerHour, text: "# an hour"},
		{fact: FactSigma, text: "# sigma above usual", form: tenths},
	}},
	Enumeration: {"more objects than usual", "fewer objects than usual", []phrase{
		{fact: FactObjects, text: "# object in an hour|# different objects in an hour"},
		{fact: FactRun, text: "# ids in a row"},
		{fact: FactFailShare, text: "# of them refused", form: percent},
	}},
	Session: {"change inside the session", "session as it began", []phrase{
		{fact: FactSessionChange, text: "#", form: change},
	}},
	Failures: {"recent failed logins", "no failed logins", []phrase{
		{fact: FactFailedLogins, text: "# recent failed login|# recent failed logins"},
	}},
	Privilege: {"sensitive route", "usual route", []phrase{
		{fact: FactFirstUse, text: "first use of a sensitive route"},
		{fact: FactRare, text: "which hardly anybody of the same role uses"},
	}},
	Dormancy: {"long unused", "in use", []phrase{
		{fact: FactIdleDays, text: "first use after # day|first use after # days"},
	}},
	Payload: {"odd form of the request", "usual form of the request", []phrase{
		{fact: FactFaults, text: "# fault in the form of the request|# faults in the form of the request"},
	}},
	RecentBehavior: {"what earlier requests left behind", "quiet lately", []phrase{
		{fact: FactActor}, // in nats, which say nothing to most readers
	}},
	Verdict: {"verdict of an analyst", "an analyst vouches for the caller", nil},
	Credit:  {"step-up passed", "step-up passed", nil},
	Scrape: {"more data than usual", "less data than usual", []phrase{
		{fact: FactBytesPerHour, text: "# of answers in an hour", form: bytesize},
		{fact: FactSigma, text: "# sigma above usual", form: tenths},
	}},
	SlowScrape: {"more objects in a day than usual", "fewer objects in a day than usual", []phrase{
		{fact: FactObjectsToday, text: "# object today|# different objects today"},
		{fact: FactSigma, text: "# sigma above usual", form: tenths},
	}},
	Path: {"unusual order of requests", "usual order of requests", []phrase{
		{fact: FactSurprise, text: "unusual order of requests, # nats a step", form: tenths},
		{fact: FactSigma, text: "# sigma above usual", form: tenths},
	}},
	Rhythm: {"unusual rhythm", "usual rhythm", []phrase{
		{fact: FactRhythm, text: "unusual rhythm, # times the usual spread", form: tenths},
	}},
	RTT: {"answers from elsewhere than its address", "answers from where its address is", []phrase{
		{fact: FactDistance, text: "answers sooner than light could travel # km"},
		{fact: FactTLSDelay, text: "TLS takes # ms longer than TCP: a proxy"},
		{fact: FactRTT, text: "answers in # ms", form: tenths, only: true},
	}},
}

// changes names the SessionChange codes.
var changes = [NumSessionKinds]string{
	SessionSame:        "same session",
	SessionKnownASN:    "another usual network inside a session",
	SessionUnknownASN:  "unknown network inside a session",
	SessionFamily:      "another browser inside a session",
	SessionFingerprint: "another device inside a session",
	SessionCountry:     "another country within 5 minutes",
	SessionTwoPlaces:   "one token from two places at once",
	SessionAfterLogout: "token used after logout or expiry",
}

// AppendWords appends what evidence of the group says in words, without a stop,
// for a contribution of so many points. It does not allocate where dst has room.
func AppendWords(dst []byte, g Group, e *Evidence, points float64) []byte {
	if g >= NumGroups {
		return append(dst, "unknown group"...)
	}
	w := &words[g]
	if points < 0 {
		return append(dst, w.lowers...)
	}
	from := len(dst)
	for i := range w.phrases {
		p := &w.phrases[i]
		value, there := valueOf(e, p.fact)
		if !there || p.text == "" || p.only && len(dst) > from || p.above > 0 && !(value > p.above) {
			continue
		}
		if len(dst) > from {
			dst = append(dst, ", "...)
		}
		dst = appendPhrase(dst, p, value)
	}
	if len(dst) == from {
		dst = append(dst, w.alone...)
	}
	return dst
}

func valueOf(e *Evidence, code FactCode) (value float32, there bool) {
	for i := range e.Facts {
		if e.Facts[i].Code == code {
			return e.Facts[i].Value, true
		}
	}
	return 0, false
}
