package models

import "strconv"

const (
	// MaxSentence bounds a sentence, in bytes.
	MaxSentence = 200
	// mostReasons is how many contributions a sentence names.
	mostReasons = 3
	// endRoom is kept for what follows the reasons.
	endRoom = 30
)

// Remarkable reports whether e is a scored decision other than a plain allow:
// something was asked for, by score or policy, applied or not, or the request was
// not answered by the upstream. Such events carry a sentence.
func Remarkable(e *Event) bool {
	return e.Assessment.Base != 0 && (e.Denial != "" ||
		max(e.Action, e.ByRisk, e.ByPolicy, e.Assessment.Wanted) != Allow || e.Kind != DecisionEvent)
}

// AppendSentence appends one English sentence of at most MaxSentence bytes about
// a scored decision: what was done, the score, and what raised it most, in whole
// points. It is plain ASCII without quotes, depends on what is recorded alone, and
// does not allocate where dst has room.
func AppendSentence(dst []byte, e *Event) []byte {
	from := len(dst)
	dst = appendDeed(dst, e)
	dst = append(dst, ", score "...)
	dst = appendWhole(dst, e.Assessment.Score)
	dst = append(dst, " of 100"...)
	dst = appendRaising(dst, from+MaxSentence-endRoom, e)
	if e.Features.Get(ModeNats) > 0 && e.Features.Flags&(IsLoginRoute|IsAnonymous) != 0 {
		dst = append(dst, "; during an attack"...)
	}
	return append(dst, '.')
}

// appendRaising appends the largest contributions, and how many more there are.
func appendRaising(dst []byte, limit int, e *Event) []byte {
	var told [NumGroups]bool
	mark, named, left := ": ", 0, 0
	for {
		g, points := largest(&e.Assessment, &told)
		if points < 0.5 {
			break
		}
		told[g] = true
		if named == mostReasons {
			left++
			continue
		}
		from := len(dst)
		dst = append(dst, mark...)
		dst = AppendWords(dst, g, &e.Evidence[g], points)
		dst = append(dst, ": +"...)
		dst = appendWhole(dst, points)
		if len(dst) > limit {
			dst, named = dst[:from], mostReasons
			left++
			continue
		}
		named++
		mark = "; "
	}
	if left > 0 {
		dst = append(dst, mark...)
		dst = strconv.AppendInt(dst, int64(left), 10)
		dst = append(dst, " more"...)
	}
	return dst
}

// largest returns the group with most points among those not told, the first of
// equal ones; 0 points if none raises the score.
func largest(a *Assessment, told *[NumGroups]bool) (most Group, points float64) {
	for g := range a.Contributions {
		if p := a.Contributions[g].Points; !told[g] && p > points {
			most, points = Group(g), p
		}
	}
	return most, points
}

// appendDeed appends what was done.
func appendDeed(dst []byte, e *Event) []byte {
	switch {
	case e.Kind == AuthenticationEvent && e.Passed:
		return append(dst, "Step-up passed"...)
	case e.Denial == "" && e.Action < Throttle:
		dst = append(dst, allowed(e.Action)...)
		return appendShadow(dst, e)
	case e.Denial == "" && e.Action == Throttle:
		return append(dst, "Slowed down"...)
	}
	dst = append(dst, refused(e)...)
	switch policy := e.ByPolicy > e.ByRisk && e.PolicyMode == Enforce; e.Denial {
	case PolicyDenied, StepUpRequired, RiskDenied, StepUpImpossible:
		if policy {
			return append(dst, " by policy"...)
		}
	case StepUpExhausted, "":
	default:
		if e.Denial.Status() != 0 {
			dst = append(append(append(dst, " ("...), e.Denial...), ')')
		}
	}
	return dst
}

func allowed(a Action) string {
	if a == Monitor {
		return "Allowed and marked"
	}
	return "Allowed"
}

// appendShadow appends what a layer in shadow would have done.
func appendShadow(dst []byte, e *Event) []byte {
	who, wish := "", Allow
	if e.Mode == Shadow && e.ByRisk > e.Action {
		who, wish = "score", e.ByRisk
	}
	if e.PolicyMode == Shadow && e.ByPolicy > max(e.Action, wish) {
		who, wish = "policy", e.ByPolicy
	}
	if who == "" {
		return dst
	}
	dst = append(append(append(dst, " ("...), who...), " in shadow asks for "...)
	return append(append(dst, wish.String()...), ')')
}

func refused(e *Event) string {
	switch e.Denial {
	case StepUpRequired:
		if e.Features.Has(Explored) {
			return "Asked to step up as a sample"
		}
		return "Asked to step up"
	case StepUpExhausted:
		return "Refused after unanswered step-ups"
	case StepUpImpossible:
		return "Refused: cannot step up, as was asked"
	case "":
		if e.Action == StepUp {
			return "Asked to step up"
		}
	case UpstreamUnavailable, UpstreamRefused, UpstreamTimeout, UpstreamProtocol, UpstreamTLS:
		return "Let through and not answered"
	}
	return "Refused"
}
