// Package ocsf encodes events as OCSF JSON and decodes them.
package ocsf

import (
	"github.com/riskgate/riskgate/models"
)

// SchemaVersion is the OCSF version of the events.
const SchemaVersion = "1.8.0"

// Options say how events are written.
type Options struct {
	// Privacy is Clear or Truncate; anything else is read as Truncate.
	Privacy Privacy
	// Version is the product's version.
	Version string

	memo *memo
}

func (o Options) clear() bool { return o.Privacy == Clear }

// OCSF class ids.
const (
	classDetection      = 2004
	classAuthentication = 3002
	classAPI            = 6003
)

// OCSF values used in more than one place.
const (
	activityOther = 99

	actionAllowed  = 1
	actionDenied   = 2
	actionObserved = 3

	dispositionAllowed   = 1
	dispositionBlocked   = 2
	dispositionDelayed   = 14
	dispositionDetected  = 15
	dispositionChallenge = 23
	dispositionRejected  = 25
	dispositionError     = 27

	statusSuccess = 1
	statusFailure = 2
)

// AppendEvent appends ev as one JSON object without line feeds. It does not
// allocate where dst has room. Decode reads it back.
func AppendEvent(dst []byte, ev *models.Event, opt Options) []byte {
	if opt.memo == nil {
		opt.memo = &forgetful
	}
	switch ev.Kind {
	case models.AuthenticationEvent:
		dst = appendAuthentication(dst, ev, opt)
	case models.FindingEvent:
		dst = appendFinding(dst, ev, opt)
	case models.ConfigEvent:
		dst = appendConfig(dst, ev)
	default:
		dst = appendAPI(dst, ev, opt)
	}
	return dst[:len(dst)-1] // the last comma
}

// appendClass writes what every event begins with.
func appendClass(dst []byte, ev *models.Event, class, activity int64, opt Options) []byte {
	dst = recall(dst, opt.memo.class, classKey{class, activity, severity(ev)}, appendClassIDs)
	dst = moment(dst, `"time":`, ev.Time)
	trace := class == classAPI && len(ev.TraceID) > 0
	dst = recall(dst, opt.memo.metadata, metadataKey{opt.Version, trace}, appendMetadata)
	dst = append(dst, `"uid":"`...)
	dst = AppendUUID(dst, ev.ID)
	dst = append(dst, '"', ',')
	if ev.Seq < 1<<63 {
		dst = number(dst, `"sequence":`, int64(ev.Seq))
	}
	return closeWith(dst, '}')
}

func appendClassIDs(dst []byte, k *classKey) []byte {
	dst = append(dst, '{')
	dst = number(dst, `"class_uid":`, k.class)
	dst = number(dst, `"category_uid":`, k.class/1000)
	dst = number(dst, `"activity_id":`, k.activity)
	dst = number(dst, `"type_uid":`, 100*k.class+k.activity)
	return number(dst, `"severity_id":`, k.severity)
}

func appendMetadata(dst []byte, k *metadataKey) []byte {
	dst = openObject(dst, `"metadata":`)
	dst = append(dst, `"version":"`+SchemaVersion+`","product":{"name":"riskgate","vendor_name":"riskgate",`...)
	dst = textIf(dst, `"version":`, k.version)
	dst = closeWith(dst, '}')
	dst = append(dst, `"profiles":["security_control"`...)
	if k.trace {
		dst = append(dst, `,"trace"`...)
	}
	return append(dst, ']', ',')
}

// AppendUUID appends the textual form of an event id.
func AppendUUID(dst []byte, id models.EventID) []byte {
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return dst
}

// severity follows the level of the score; a finding is at least medium, and says
// nothing bad once it is closed.
func severity(ev *models.Event) int64 {
	s := int64(1)
	if ev.Closed {
		return s
	}
	switch ev.Assessment.Level {
	case models.Medium:
		s = 3
	case models.High:
		s = 4
	case models.Critical:
		s = 5
	}
	if ev.Kind == models.FindingEvent {
		s = max(s, 3)
	}
	return s
}

// appendControl writes the profile security_control: what was done and how
// risky it was.
func appendControl(dst []byte, ev *models.Event, opt Options) []byte {
	action, disposition := outcome(ev)
	a := &ev.Assessment
	dst = recall(dst, opt.memo.control, controlKey{
		action: action, disposition: disposition, score: rounded(a.Score), level: int64(a.Level) + 1,
		confidence: rounded(100 * a.Confidence), alert: !ev.Closed && (a.Level >= models.High || ev.Kind == models.FindingEvent),
	}, appendOutcome)
	if len(ev.Policies) > 0 {
		dst = openObject(dst, `"policy":`)
		dst = text(dst, `"uid":`, view(ev.Policies))
		dst = boolean(dst, `"is_applied":`, ev.PolicyMode == models.Enforce)
		dst = closeWith(dst, '}')
	}
	return appendMessage(dst, ev)
}

// appendMessage writes the sentence of a decision other than a plain allow, which
// is plain ASCII without quotes.
func appendMessage(dst []byte, ev *models.Event) []byte {
	if !models.Remarkable(ev) {
		return dst
	}
	dst = models.AppendSentence(append(dst, `"message":"`...), ev)
	return append(dst, '"', ',')
}

func appendOutcome(dst []byte, k *controlKey) []byte {
	dst = number(dst, `"action_id":`, k.action)
	dst = number(dst, `"disposition_id":`, k.disposition)
	dst = boolean(dst, `"is_alert":`, k.alert)
	dst = number(dst, `"risk_score":`, k.score)
	dst = number(dst, `"risk_level_id":`, k.level)
	return number(dst, `"confidence_score":`, k.confidence)
}

// rounded returns the nearest integer from 0 to 100; 0 where v is no number.
func rounded(v float64) int64 {
	if !(v > 0) {
		return 0
	}
	return int64(min(v, 100) + 0.5)
}

// outcome names what was done in OCSF's words.
func outcome(ev *models.Event) (action, disposition int64) {
	switch {
	case ev.Kind == models.FindingEvent:
		return actionObserved, dispositionDetected
	case ev.Denial == models.StepUpRequired || ev.Denial == "" && ev.Action == models.StepUp:
		return actionDenied, dispositionChallenge
	case ev.Action == models.Deny && ev.Kind == models.DecisionEvent:
		return actionDenied, dispositionBlocked
	case ev.Denial != "" && ev.Denial.Status() >= 500:
		return actionAllowed, dispositionError
	case ev.Denial != "":
		return actionDenied, dispositionRejected
	case ev.Action == models.Throttle:
		return actionAllowed, dispositionDelayed
	case ev.Mode == models.Shadow && ev.ByRisk > max(ev.Action, models.Monitor),
		ev.PolicyMode == models.Shadow && ev.ByPolicy > max(ev.Action, models.Monitor):
		return actionObserved, dispositionDetected
	}
	return actionAllowed, dispositionAllowed
}

// appendStatus writes whether the request went well.
func appendStatus(dst []byte, failed bool, ev *models.Event) []byte {
	id := int64(statusSuccess)
	if failed {
		id = statusFailure
	}
	dst = number(dst, `"status_id":`, id)
	return textIf(dst, `"status_detail":`, string(ev.Denial))
}

func appendConfig(dst []byte, ev *models.Event) []byte {
	dst = append(dst, `{"type":"riskgate.config",`...)
	dst = moment(dst, `"time":`, ev.Time)
	dst = append(dst, `"uid":"`...)
	dst = AppendUUID(dst, ev.ID)
	dst = append(dst, '"', ',')
	dst = hexadecimal(dst, `"config_hash":`, ev.ConfigHash[:])
	dst = appendPayload(dst, `"risk":`, ev.Payload)
	dst = numberIf(dst, `"ns":`, remainder(ev.Time))
	dst = text(dst, `"node":`, ev.Node)
	dst = unsigned(dst, `"boot":`, ev.Boot)
	dst = unsigned(dst, `"seq":`, ev.Seq)
	return closeWith(dst, '}')
}
