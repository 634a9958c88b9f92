package ocsf

import (
	"encoding/json"

	"github.com/riskgate/riskgate/models"
)

// appendAPI writes API Activity 6003: a decision, or refusals counted together.
func appendAPI(dst []byte, ev *models.Event, opt Options) []byte {
	activity := crud(view(ev.Method))
	dst = appendClass(dst, ev, classAPI, activity, opt)
	if activity == activityOther {
		dst = append(dst, `"activity_name":"Other",`...)
	}
	dst = appendControl(dst, ev, opt)
	dst = appendStatus(dst, ev.Status >= 400 || ev.Denial != "", ev)
	dst = appendCount(dst, ev)
	dst = append(dst, `"actor":`...)
	dst = appendActor(dst, ev, opt)
	dst = openObject(dst, `"api":`)
	operation := ev.Route
	if operation == "" {
		operation = "unknown"
	}
	dst = text(dst, `"operation":`, operation)
	dst = closeWith(dst, '}')
	dst = appendSource(dst, ev, opt)
	if ev.Upstream != "" {
		dst = openObject(dst, `"dst_endpoint":`)
		dst = text(dst, `"svc_name":`, ev.Upstream)
		dst = closeWith(dst, '}')
	}
	dst = appendHTTP(dst, ev, opt)
	if ev.Route != "" {
		dst = append(dst, `"resources":[{"type":"route",`...)
		dst = text(dst, `"name":`, ev.Route)
		dst = closeWith(closeWith(dst, '}'), ']')
	}
	dst = appendObservables(dst, ev, opt)
	if len(ev.TraceID) > 0 {
		dst = openObject(dst, `"trace":`)
		dst = text(dst, `"uid":`, view(ev.TraceID))
		dst = closeWith(dst, '}')
	}
	return appendEnd(dst, ev, opt)
}

// crud returns the activity that a method stands for.
func crud(method string) int64 {
	switch method {
	case "GET", "HEAD", "OPTIONS":
		return 2
	case "POST":
		return 1
	case "PUT", "PATCH":
		return 3
	case "DELETE":
		return 4
	}
	return activityOther
}

// appendCount writes what stands for more than one occurrence.
func appendCount(dst []byte, ev *models.Event) []byte {
	dst = numberIf(dst, `"count":`, int64(ev.Count))
	if !ev.FirstTime.IsZero() {
		dst = moment(dst, `"start_time":`, ev.FirstTime)
	}
	if !ev.LastTime.IsZero() {
		dst = moment(dst, `"end_time":`, ev.LastTime)
	}
	return dst
}

// appendAuthentication writes Authentication 3002: a step-up passed or failed.
func appendAuthentication(dst []byte, ev *models.Event, opt Options) []byte {
	dst = appendClass(dst, ev, classAuthentication, 1, opt)
	dst = appendControl(dst, ev, opt)
	dst = appendStatus(dst, !ev.Passed, ev)
	dst = appendCount(dst, ev)
	protocol := int64(0)
	if ev.Credential == models.JWT {
		protocol = 6
	}
	dst = number(dst, `"auth_protocol_id":`, protocol)
	dst = append(dst, `"is_mfa":true,"service":{"name":"riskgate"},"user":`...)
	dst = appendUser(dst, ev, opt)
	dst = appendSource(dst, ev, opt)
	dst = appendHTTP(dst, ev, opt)
	dst = appendObservables(dst, ev, opt)
	return appendEnd(dst, ev, opt)
}

// appendFinding writes Detection Finding 2004.
func appendFinding(dst []byte, ev *models.Event, opt Options) []byte {
	activity, status := int64(1), int64(1) // create, new
	if ev.Closed {
		activity, status = 3, 4 // close, resolved
	}
	dst = appendClass(dst, ev, classDetection, activity, opt)
	dst = appendControl(dst, ev, opt)
	dst = number(dst, `"status_id":`, status)
	dst = textIf(dst, `"status_detail":`, string(ev.Denial))
	dst = appendCount(dst, ev)
	dst = openObject(dst, `"finding_info":`)
	dst = append(dst, `"uid":"`...)
	dst = AppendUUID(dst, ev.ID)
	dst = append(dst, '"', ',')
	dst = text(dst, `"title":`, ev.Finding)
	dst = closeWith(dst, '}')
	dst = append(dst, `"evidences":[{`...)
	dst = append(dst, `"actor":`...)
	dst = appendActor(dst, ev, opt)
	dst = appendSource(dst, ev, opt)
	dst = appendHTTP(dst, ev, opt)
	if ev.TLS.JA4 != "" {
		dst = append(dst, `"ja4_fingerprint_list":[{"type_id":1,`...)
		dst = text(dst, `"value":`, ev.TLS.JA4)
		dst = closeWith(closeWith(dst, '}'), ']')
	}
	dst = closeWith(closeWith(dst, '}'), ']')
	dst = appendObservables(dst, ev, opt)
	return appendEnd(dst, ev, opt)
}

// appendActor writes who calls, as far as it is known.
func appendActor(dst []byte, ev *models.Event, opt Options) []byte {
	if ev.Subject == models.Anonymous {
		return append(dst, `{"app_name":"anonymous"},`...)
	}
	dst = append(dst, `{"user":`...)
	return closeWith(appendUser(dst, ev, opt), '}')
}

// appendUser writes the subject under its pseudonym. Anonymous ones have none
// outside the gateway.
func appendUser(dst []byte, ev *models.Event, opt Options) []byte {
	dst = append(dst, '{')
	switch ev.Subject {
	case models.Anonymous:
		dst = append(dst, `"name":"anonymous","type_id":0,`...)
	case models.Client:
		dst = hexadecimal(append(dst, `"type_id":4,`...), `"uid":`, ev.Pseudonym[:])
	default:
		dst = hexadecimal(append(dst, `"type_id":1,`...), `"uid":`, ev.Pseudonym[:])
	}
	if opt.clear() || ev.Credential == models.APIKey {
		dst = textIf(dst, `"credential_uid":`, view(ev.CredID))
	}
	return closeWith(dst, '}')
}

// appendPayload writes JSON as it is, and anything else as a base64 string.
func appendPayload(dst []byte, key string, payload []byte) []byte {
	if len(payload) == 0 {
		return dst
	}
	if payload[0] == '{' && json.Valid(payload) && !hasLineFeed(payload) {
		return append(append(append(dst, key...), payload...), ',')
	}
	return base64If(dst, key, payload)
}

func hasLineFeed(b []byte) bool {
	for _, c := range b {
		if c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}
