package models

// Action is what the gateway does with a request. Actions are ordered by
// strictness, so that the stricter of two is their maximum. The zero value is
// Allow.
type Action uint8

// The ladder of actions, mildest first.
const (
	Allow    Action = iota // forward
	Monitor                // forward, and mark the event for analysts
	Throttle               // delay or refuse by rate: 429
	StepUp                 // ask for stronger authentication: 401
	Deny                   // refuse: 403
	NumActions
)

var actionNames = [NumActions]string{"allow", "monitor", "throttle", "step_up", "deny"}

// String returns the name used in configuration, events and metrics.
func (a Action) String() string { return nameOf(actionNames[:], int(a)) }

// ParseAction returns the action with that name.
func ParseAction(name string) (Action, bool) {
	i, ok := indexOf(actionNames[:], name)
	return Action(i), ok
}

// Level is a coarse reading of a score. Levels are cut at the thresholds of the
// route's class. The zero value is Low.
type Level uint8

// The levels: low < monitor threshold <= medium < step-up threshold <= high <
// deny threshold <= critical.
const (
	Low Level = iota
	Medium
	High
	Critical
	NumLevels
)

var levelNames = [NumLevels]string{"low", "medium", "high", "critical"}

// String returns the name used in events and headers.
func (l Level) String() string { return nameOf(levelNames[:], int(l)) }

// Class says how sensitive a route is. Thresholds are set by class. The zero
// value is Normal.
type Class uint8

// The route classes.
const (
	Normal Class = iota
	Sensitive
	Admin
	Login
	NumClasses
)

var classNames = [NumClasses]string{"normal", "sensitive", "admin", "login"}

// String returns the name used in configuration, events and metrics.
func (c Class) String() string { return nameOf(classNames[:], int(c)) }

// ParseClass returns the class with that name.
func ParseClass(name string) (Class, bool) {
	i, ok := indexOf(classNames[:], name)
	return Class(i), ok
}

// Mode says whether a layer's decisions are applied or only recorded. The zero
// value is Enforce.
type Mode uint8

// The modes of a layer.
const (
	Enforce Mode = iota
	Shadow
	numModes
)

var modeNames = [numModes]string{"enforce", "shadow"}

// String returns the name used in configuration and events.
func (m Mode) String() string { return nameOf(modeNames[:], int(m)) }

// ParseMode returns the mode with that name.
func ParseMode(name string) (Mode, bool) {
	i, ok := indexOf(modeNames[:], name)
	return Mode(i), ok
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

func indexOf(names []string, name string) (int, bool) {
	for i, n := range names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}
