package listener

import (
	"bytes"

	"github.com/riskgate/riskgate/models"
)

// readTarget judges Host and request target and fills Host, Path, Query and
// Target of the view.
func (v *visit) readTarget(target []byte) models.Denial {
	denial := v.readHost()
	rest, other := v.splitTarget(target)
	if denial == "" {
		denial = other
	}
	if denial != "" {
		return denial
	}
	path, query, _ := bytes.Cut(rest, []byte{'?'})
	if len(path) == 0 {
		path = []byte{'/'}
	}
	faults, ok := queryFaults(query)
	if !ok {
		return models.BadTarget
	}
	canonical, more, denial := canonicalPath(v.path[:0], path)
	v.path = canonical
	if denial != "" {
		return denial
	}
	v.view.Faults |= faults | more
	v.spare = appendPath(v.spare[:0], canonical)
	if len(query) > 0 {
		v.spare = append(append(v.spare, '?'), query...)
	}
	v.view.Path, v.view.Query, v.view.Target = canonical, query, v.spare
	return ""
}

// readHost takes over the one Host field.
func (v *visit) readHost() models.Denial {
	if v.hosts != 1 {
		return models.BadAuthority
	}
	host, ok := appendHost(v.host[:0], v.hostField)
	v.host = host
	if !ok {
		return models.BadAuthority
	}
	v.view.Host = host
	return ""
}

// splitTarget returns path and query of an origin-form or absolute-form target,
// and compares the authority of the latter with Host.
func (v *visit) splitTarget(target []byte) ([]byte, models.Denial) {
	if len(target) == 0 {
		return nil, models.BadTarget
	}
	if target[0] == '/' {
		return target, ""
	}
	scheme, rest, ok := bytes.Cut(target, []byte("://"))
	if !ok || !models.EqualFold(scheme, "http") && !models.EqualFold(scheme, "https") {
		return nil, models.BadTarget
	}
	end := bytes.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	authority, ok := appendHost(v.auth[:0], rest[:end])
	v.auth = authority
	if !ok || !bytes.Equal(authority, v.view.Host) {
		return nil, models.BadAuthority
	}
	return rest[end:], ""
}
