package traffic

import (
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Event is one request. What the gateway would see is in the upper part, but for
// Device; what it cannot know follows Label.
type Event struct {
	Time         time.Time
	Subject      models.Subject        // Anonymous on the login route
	Credential   models.CredentialKind // APIKey, JWT, or NoCredential on the login route
	CredentialID string                // key id, or sid of the session
	AuthTime     time.Time             // of the token; zero for machines
	Address      netip.Addr
	Agent        string // "" for none
	JA4          string
	HeaderOrder  uint32 // of the agent's family
	Device       int    // which of the sender's devices, from 0
	Method       string
	Route        string // "orders.read"
	Class        models.Class
	Path         string
	Object       int64  // number in the path, -1: none
	LoginUser    string // name given on the login route, else ""
	Status       int    // the upstream's answer
	Login        models.Outcome

	Label  Label
	Person string // id of the user or client concerned, also on the login route

	// Attack is the serial number of the attack that the event belongs to, from 1;
	// 0: honest.
	Attack  int
	Variant Variant
	// Row is the number of the login in its world, from 0: an attack has that of
	// the login it stands for. Only in the worlds A and B.
	Row int

	// Place, Classes (Source* bits of models.Flag) and Region are those of
	// Address, as Atlas tells them. Zero where World is "".
	Place   models.Place
	Classes models.Flag
	Region  string // "NO-1"

	// Browser, OS and DeviceType are what Agent claims: "Chrome 140.0.7380.51",
	// "Android 15", "mobile", "desktop" or "tablet". Only in the worlds A and B.
	Browser, OS, DeviceType string

	// BytesOut is the size of the answer's body. 0 where World is "".
	BytesOut int64

	// TokenLost says that an honest device shows no device token at this login,
	// because its owner cleared it. HoldsToken says that the attacker shows a
	// token that he took from the victim's device.
	TokenLost  bool
	HoldsToken bool
}
