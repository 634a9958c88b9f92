package signals

import (
	"bytes"
	"strings"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

// RouteFacts is what a route says about the requests that match it. Make it with
// NewRouteFacts.
type RouteFacts struct {
	id     string
	class  models.Class
	name   uint32 // hash of the id
	params uint64 // bit per segment of the path that the template leaves open
	open   bool   // no segment is named: ids are recognized by their form
}

// NewRouteFacts returns the facts of a route with that id, path template such as
// "/v1/orders/{id}", and class.
func NewRouteFacts(id, template string, class models.Class) RouteFacts {
	r := RouteFacts{id: id, class: class, name: fnv(fnvStart, id)}
	for i, s := range strings.Split(strings.Trim(template, "/"), "/") {
		if i < 64 && strings.HasPrefix(s, "{") && !strings.HasSuffix(s, "...}") {
			r.params |= 1 << i
		}
	}
	r.open = r.params == 0
	return r
}

// object returns the hash of the object ids of a path, 0 if there is none, and
// the last of them as a number, -1 if it is none.
func (r *RouteFacts) object(h keyed.Hash, path []byte) (object uint32, number int64) {
	var sum uint64
	number = -1
	rest := bytes.Trim(path, "/")
	for i := 0; len(rest) > 0 && i < 64; i++ {
		var segment []byte
		segment, rest, _ = bytes.Cut(rest, slash)
		if !r.isObject(i, segment) {
			continue
		}
		sum = h.Pair(keyed.Object, sum, h.Sum(keyed.Object, segment))
		number = numberOf(segment)
	}
	if sum == 0 {
		return 0, -1
	}
	return keyed.Short(h.Pair(keyed.Object, sum, h.Text(keyed.Route, r.id))), number
}

// endpoint returns the hash of the route and the method. It has no key: both
// stand in the event, and no caller chooses the names of routes.
func (r *RouteFacts) endpoint(method []byte) uint32 { return max(1, fnv(r.name, method)) }

const fnvStart = 2166136261

// fnv is FNV-1a.
func fnv[T string | []byte](h uint32, text T) uint32 {
	for i := range len(text) {
		h = (h ^ uint32(text[i])) * 16777619
	}
	return h
}

var slash = []byte("/")

func (r *RouteFacts) isObject(i int, segment []byte) bool {
	if r.open {
		return looksLikeID(segment)
	}
	return r.params&(1<<i) != 0
}

const (
	maxDigits = 18 // more do not fit into an int64
	uuidBytes = 36
	hexBytes  = 8
	longBytes = 16
)

// looksLikeID recognizes numbers, UUIDs, hexadecimal ids and long mixtures of
// letters and digits.
func looksLikeID(s []byte) bool {
	digits, hex, letters, dashes := 0, 0, 0, 0
	for _, c := range s {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
			hex++
		case 'g' <= c && c <= 'z', 'G' <= c && c <= 'Z':
			letters++
		case c == '-', c == '_':
			dashes++
		default:
			return false
		}
	}
	n := len(s)
	switch {
	case digits == 0:
		return false
	case digits == n, n == uuidBytes && dashes == 4 && letters == 0:
		return true
	case letters+dashes == 0 && n >= hexBytes:
		return true
	}
	return n >= longBytes && dashes <= 1 && 8*digits >= n
}

// numberOf returns a decimal number, -1 if the segment is none or too long.
func numberOf(s []byte) int64 {
	if len(s) == 0 || len(s) > maxDigits {
		return -1
	}
	n := int64(0)
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}
