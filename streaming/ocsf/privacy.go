package ocsf

import (
	"net/netip"
	"unicode/utf8"
)

// Privacy says how much of a caller an event shows. Tokens, credentials, query
// strings, bodies and the bare subject are in no event in any mode.
type Privacy string

// The privacy modes.
const (
	// Clear writes addresses, agents and paths as they are.
	Clear Privacy = "clear"
	// Truncate cuts addresses to /24 and /48, minor versions out of agents, object
	// ids out of paths and session ids out of credentials. Keyed hashes of the
	// whole values stay, so that events can still be told apart and learned from.
	Truncate Privacy = "truncate"
)

// cutAddress returns the network of a: /24 or /48.
func cutAddress(a netip.Addr) netip.Addr {
	a = a.Unmap()
	bits := 24
	if a.Is6() {
		bits = 48
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr()
}

// maxSegment is the longest path segment that is taken for a word.
const maxSegment = 32

// appendMasked appends path as a JSON string with {id} for each segment that
// looks like the id of an object.
func appendMasked(dst, path []byte) []byte {
	dst = append(dst, '"')
	for len(path) > 0 {
		end := 0
		for end < len(path) && path[end] != '/' {
			end++
		}
		if looksLikeID(path[:end]) {
			dst = append(dst, "{id}"...)
		} else {
			dst = append(dst, path[:end]...)
		}
		if end == len(path) {
			break
		}
		dst = append(dst, '/')
		path = path[end+1:]
	}
	return append(dst, '"')
}

// looksLikeID reports whether a segment is anything but a word of ASCII letters,
// "-", "_", "." and "~". A version like v1 is a word.
func looksLikeID(s []byte) bool {
	if len(s) > maxSegment {
		return true
	}
	if isVersion(s) {
		return false
	}
	for _, c := range s {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-', c == '_', c == '.', c == '~':
		default:
			return true
		}
	}
	return false
}

// isVersion reports whether s is v and one or two digits.
func isVersion(s []byte) bool {
	if len(s) < 2 || len(s) > 3 || s[0] != 'v' {
		return false
	}
	digits := '0' <= s[1] && s[1] <= '9'
	return digits && (len(s) == 2 || '0' <= s[2] && s[2] <= '9')
}

// maxAgent is how much of a user agent is shown in mode truncate.
const maxAgent = 200

// appendReduced appends agent as a JSON string in which every version keeps its
// first number: "Chrome/131.0.6778.86" becomes "Chrome/131.0.0.0".
func appendReduced(dst, agent []byte) []byte {
	dst = append(dst, '"')
	minor := false
	for i, c := range agent {
		digit := '0' <= c && c <= '9'
		switch {
		case i >= maxAgent:
			return append(dst, '"')
		case digit && minor:
			if i > 0 && (agent[i-1] < '0' || agent[i-1] > '9') {
				dst = append(dst, '0')
			}
			continue
		case c == '.':
			minor = minor || i > 0 && '0' <= agent[i-1] && agent[i-1] <= '9'
		case !digit:
			minor = false
		}
		if c >= utf8.RuneSelf || !plain[c] {
			c = '?'
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
