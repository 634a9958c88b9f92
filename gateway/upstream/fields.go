package upstream

import "bytes"

// fate is what becomes of a field of the client.
type fate uint8

const (
	forward   fate = iota // unless nominated by Connection
	keep                  // even if nominated: it decides what the request means or who sends it
	drop                  // hop-by-hop, or ours to say
	nominates             // Connection
)

// fates names the fields, in lower case, that are not simply forwarded.
var fates = map[string]fate{
	"connection": nominates,

	// Of one connection only (RFC 9110 section 7.6.1), and framing, which is
	// written anew. No trailers are forwarded, so TE and Trailer promise nothing.
	"keep-alive": drop, "te": drop, "trailer": drop, "transfer-encoding": drop,
	"upgrade": drop, "http2-settings": drop, "content-length": drop, "expect": drop,

	// Written anew from what the gateway knows.
	"host": drop, "authorization": drop, "forwarded": drop, "x-request-id": drop,
	"traceparent": drop, "tracestate": drop,

	// By these a client would name its own address, another path than the one
	// authorized, or another method.
	"x-real-ip": drop, "x-client-ip": drop, "true-client-ip": drop, "client-ip": drop,
	"x-cluster-client-ip": drop, "x-original-url": drop, "x-rewrite-url": drop,
	"x-original-host": drop, "x-host": drop,
	"x-http-method": drop, "x-http-method-override": drop, "x-method-override": drop,

	"cookie": keep, "x-api-key": keep, "dpop": keep, "signature": keep,
	"signature-input": keep, "digest": keep, "cache-control": keep, "origin": keep,
}

var dropPrefixes = [...]string{"x-riskgate-", "x-forwarded-", "proxy-"}

// longestName is the length of the longest name in fates.
const longestName = len("x-http-method-override")

// fateOf returns what becomes of the field called name.
func fateOf(name []byte) fate {
	if bytes.IndexByte(name, '_') >= 0 {
		return drop
	}
	if len(name) <= longestName {
		var lower [longestName]byte
		if f, ok := fates[string(toLower(lower[:len(name)], name))]; ok {
			return f
		}
	}
	for _, prefix := range dropPrefixes {
		if hasPrefixFold(name, prefix) {
			return drop
		}
	}
	if hasPrefixFold(name, "content-") {
		return keep
	}
	return forward
}

func toLower(dst, src []byte) []byte {
	for i, c := range src {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst[i] = c
	}
	return dst
}

// hasPrefixFold reports whether name starts with the lower-case prefix.
func hasPrefixFold(name []byte, prefix string) bool {
	return len(name) >= len(prefix) && equalFold(name[:len(prefix)], prefix)
}

// equalFold reports whether b equals the lower-case ASCII text, ignoring case.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// listHas reports whether the comma-separated list names the field.
func listHas(list, name []byte) bool {
	for len(list) > 0 {
		var item []byte
		item, list = cutItem(list)
		if bytes.EqualFold(item, name) {
			return true
		}
	}
	return false
}

// cutItem returns the first item of a comma-separated list and the rest.
func cutItem(list []byte) (item, rest []byte) {
	if i := bytes.IndexByte(list, ','); i >= 0 {
		list, rest = list[:i], list[i+1:]
	}
	return bytes.Trim(list, " \t"), rest
}
