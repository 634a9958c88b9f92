package traffic

import "fmt"

// Label says who really sent a request. The zero value is an honest caller. The
// attacker models are those of section 5.4 of the risk model.
type Label uint8

// The labels.
const (
	Honest           Label = iota
	NaiveTakeover          // password of the victim; network and device of somebody abroad
	VPNTakeover            // the same with somebody of the victim's country
	TargetedTakeover       // the victim's ASN and agent, another address
	VeryTargeted           // the victim's /24 and agent, never his device token
	ResidentialProxy       // home networks of the victim's country, changing with each request
	Stuffing               // leaked passwords tried on the login route from a botnet
	TokenReplay            // a copied token from another handshake and ASN
	Enumeration            // an insider reads other people's objects with his own account
	SlowScrape             // one request in 20 to 60 s for 24 h, never the same object
	ImpossibleTravel       // two cities too soon after each other
	KeyTheft               // an API key from a network it was never used from
	Poisoning              // quiet requests that wait to be learned
	ThresholdFlood         // very many high scores, then an attack
	numLabels
)

var labelNames = [numLabels]string{
	"honest", "naive", "vpn", "targeted", "very_targeted", "residential_proxy", "stuffing",
	"token_replay", "enumeration", "slow_scrape", "impossible_travel", "key_theft", "poisoning",
	"threshold_flood",
}

// String returns the name used in traces and reports.
func (l Label) String() string {
	if l < numLabels {
		return labelNames[l]
	}
	return fmt.Sprintf("label_%d", uint8(l))
}

// ParseLabel returns the label with that name.
func ParseLabel(name string) (Label, bool) {
	for i, n := range labelNames {
		if n == name {
			return Label(i), true
		}
	}
	return Honest, false
}

// Variant tells apart two ways of one attack, or an honest event that looks like
// one. The zero value is the way that the label describes. Reports should keep
// variants apart.
type Variant uint8

// The variants.
const (
	Plain        Variant = iota
	VPNExit              // of VPNTakeover: through a commercial VPN of the victim's country
	OwnHour              // of TargetedTakeover: at the attacker's hour, not the victim's
	Interleaved          // of TokenReplay: while the victim goes on
	Afterwards           // of TokenReplay: after the victim's last request
	Sequential           // of Enumeration: ids in their order
	Random               // of Enumeration: ids at random
	BenignTwin           // honest: a VPN or relay switched on, which looks like travel
	NightExport          // honest: very many distinct objects, every night
	VictimsAgent         // of Poisoning: with the victim's agent, and no cookies
	KeepsCookie          // of Poisoning: the same, and he keeps the cookie that he is given
	OwnDevice            // of Poisoning: with a browser of his own, which keeps cookies
	numVariants
)

var variantNames = [numVariants]string{
	"", "vpn_exit", "own_hour", "interleaved", "afterwards", "sequential", "random", "benign_twin", "night_export",
	"victims_agent", "keeps_cookie", "own_device",
}

// String returns the name used in traces and reports, "" for Plain.
func (v Variant) String() string {
	if v < numVariants {
		return variantNames[v]
	}
	return fmt.Sprintf("variant_%d", uint8(v))
}
