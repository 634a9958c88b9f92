package authz

import (
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// DeviceState says what is known of the caller's device. The zero value is
// DeviceUnknown.
type DeviceState uint8

// The device states, as policies read them.
const (
	DeviceUnknown DeviceState = iota // no history, or none could be had
	DeviceNew                        // not seen of this subject before
	DeviceKnown                      // seen before
	DeviceProven                     // shows a valid device token of this subject
	DeviceForeign                    // shows a forged token, or another subject's
	numDeviceStates
)

var deviceNames = [numDeviceStates]string{"unknown", "new", "known", "proven", "foreign"}

// String returns the name used in policies.
func (d DeviceState) String() string { return deviceNames[d] }

// Input is what a decision may depend on.
type Input struct {
	Identity   *models.Identity // nil: anonymous
	Method     []byte
	Route      string
	Class      models.Class
	Address    netip.Addr // of the client
	Assessment *models.Assessment
	Evidence   *models.EvidenceSet
	Place      models.Place
	Hosting    bool // the address belongs to a hosting provider
	VPN        bool
	Tor        bool
	Listed     bool // on a list of bad addresses
	Device     DeviceState
	Time       time.Time // hour and day are read in UTC
}

// facts are the discrete facts of an Input, as policies see them. Two Inputs
// with equal facts and slice get the same decision.
type facts struct {
	identity   *models.Identity
	address    netip.Addr
	asn        uint32
	country    [2]byte
	score      uint8 // rounded down
	actor      uint8 // rounded down
	confidence uint8 // percent, rounded down
	level      models.Level
	device     DeviceState
	hour       uint8
	weekday    uint8 // 0: Sunday
	hosting    bool
	vpn        bool
	tor        bool
	listed     bool
	states     [models.NumGroups]models.State
}

// read takes the facts that mask shows from in; the others stay zero.
func (f *facts) read(in *Input, mask visible) {
	*f = facts{}
	if mask&seesIdentity != 0 {
		f.identity = in.Identity
	}
	if mask&seesRisk != 0 {
		f.readRisk(in.Assessment, mask)
	}
	if mask&seesEvidence != 0 {
		f.readStates(in.Evidence, mask)
	}
	if mask&seesAddress != 0 {
		f.address = in.Address.Unmap().WithZone("")
	}
	if mask&seesGeo != 0 {
		f.readGeo(in, mask)
	}
	if mask&seesDevice != 0 {
		f.device = in.Device
	}
	if mask&seesTime != 0 {
		f.readTime(in.Time.UTC(), mask)
	}
}

func (f *facts) readRisk(a *models.Assessment, mask visible) {
	if mask&seesScore != 0 {
		f.score = whole(a.Score)
	}
	if mask&seesActor != 0 {
		f.actor = whole(a.ActorScore)
	}
	if mask&seesConfidence != 0 {
		f.confidence = whole(100 * a.Confidence)
	}
	if mask&seesLevel != 0 {
		f.level = a.Level
	}
}

func (f *facts) readStates(e *models.EvidenceSet, mask visible) {
	for g := range f.states {
		if mask&seesState(models.Group(g)) != 0 {
			f.states[g] = e[g].State
		}
	}
}

func (f *facts) readGeo(in *Input, mask visible) {
	if mask&seesCountry != 0 {
		f.country = in.Place.Country
	}
	if mask&seesASN != 0 {
		f.asn = in.Place.ASN
	}
	if mask&seesAnonymizers != 0 {
		f.hosting, f.vpn, f.tor, f.listed = in.Hosting, in.VPN, in.Tor, in.Listed
	}
}

func (f *facts) readTime(t time.Time, mask visible) {
	if mask&seesHour != 0 {
		f.hour = uint8(t.Hour())
	}
	if mask&seesWeekday != 0 {
		f.weekday = uint8(t.Weekday())
	}
}

// whole rounds down into 0..100. What is no number counts as 100: doubt denies.
func whole(x float64) uint8 {
	switch {
	case x >= 0 && x < 100:
		return uint8(x)
	case x < 0:
		return 0
	}
	return 100
}
