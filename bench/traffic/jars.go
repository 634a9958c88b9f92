package traffic

// Jars are the cookies that browsers keep. Each device of a person has its own,
// and so has an attacker in each of his attacks: he begins with none. Not safe for
// concurrent use; make one with NewJars.
type Jars struct {
	kept  map[browserOf]string
	begun map[string]bool // visits that began without cookies, by session
}

type browserOf struct {
	person string
	device int
	label  Label
	attack int
}

// NewJars returns empty ones.
func NewJars() *Jars { return &Jars{map[browserOf]string{}, map[string]bool{}} }

func jarOf(e *Event) browserOf { return browserOf{e.Person, e.Device, e.Label, e.Attack} }

// Begin empties the browser of an event that begins a visit with TokenLost. Call
// it for every event before Shown.
func (j *Jars) Begin(e *Event) {
	if e.TokenLost && e.CredentialID != "" && !j.begun[e.CredentialID] {
		j.begun[e.CredentialID] = true
		j.Empty(e)
	}
}

// Empty takes the cookies away from the browser of an event.
func (j *Jars) Empty(e *Event) { delete(j.kept, jarOf(e)) }

// Keep puts a cookie, "name=value", into the browser of an event, instead of what
// it held.
func (j *Jars) Keep(e *Event, cookie string) { j.kept[jarOf(e)] = cookie }

// Shown returns the cookie that an event shows, "" for none: what its browser
// keeps; with HoldsToken what one of the victim's browsers does. Who waits as
// VictimsAgent keeps none.
func (j *Jars) Shown(e *Event) string {
	switch {
	case e.Label == Poisoning && e.Variant == VictimsAgent:
		return ""
	case e.HoldsToken:
		return j.stolen(e.Person)
	}
	return j.kept[jarOf(e)]
}

// stolen returns what the first of the victim's browsers keeps that keeps
// something.
func (j *Jars) stolen(person string) string {
	for device := range mostDevices {
		if c := j.kept[browserOf{person: person, device: device}]; c != "" {
			return c
		}
	}
	return ""
}

// mostDevices is how many of a person's devices are searched: three slots, in each
// of which one device follows the other.
const mostDevices = 64
