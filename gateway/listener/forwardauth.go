package listener

import "github.com/riskgate/riskgate/models"

// A proxy that asks about a request tells it in one of two dialects. Every field
// of a dialect must stand there exactly once; what is missing is never guessed,
// because a proxy that does not set a field passes on what its client put there.
// For the same reason a field of the target that belongs to the other dialect is
// refused: it is the client's. And since the proxy forwards the target as it came,
// one that would be rewritten before it is forwarded here is refused as well: the
// upstream might route /admin/../public/x by its beginning.
//
//	nginx            X-Original-URI, X-Original-Method, and Host, which is the original's
//	Traefik, Caddy   X-Forwarded-Uri, X-Forwarded-Method, X-Forwarded-Host
//
// Address and scheme of the client are told as by any trusted proxy, see
// findClient.

// asks reports whether the request is one of a trusted proxy about another.
func (v *visit) asks() bool {
	path := v.set.ForwardAuth
	return path != "" && string(v.view.Path) == path && v.proxy
}

// readOriginal puts the original request in the place of the one that asks about
// it, and judges it by the rules for every other.
func (v *visit) readOriginal() models.Denial {
	r := &v.view
	r.Front = models.ForwardAuth
	switch nginx, other := r.CountHeader("x-original-uri"), r.CountHeader("x-forwarded-uri"); {
	case nginx == 1 && other == 0:
		r.Front = models.AuthRequest
		return v.readDialect("x-original-uri", "x-original-method")
	case nginx == 0 && other == 1:
		host, denial := v.only("x-forwarded-host")
		if denial != "" {
			return denial
		}
		v.hostField = host
		return v.readDialect("x-forwarded-uri", "x-forwarded-method")
	}
	return models.BadTarget
}

// respelled are the faults of a path that is routed by another spelling.
const respelled = models.DotSegment | models.DoubleSlash

func (v *visit) readDialect(target, method string) models.Denial {
	uri, denial := v.only(target)
	if denial == "" {
		denial = v.originalMethod(method)
	}
	if denial == "" {
		denial = v.readTarget(uri)
	}
	if denial == "" && v.view.Faults&respelled != 0 {
		return models.BadTarget
	}
	return denial
}

// only returns the value of the one field of that name.
func (v *visit) only(name string) ([]byte, models.Denial) {
	value, _ := v.view.Header(name)
	if v.view.CountHeader(name) != 1 || len(value) == 0 {
		return nil, models.BadTarget
	}
	return value, ""
}

func (v *visit) originalMethod(field string) models.Denial {
	method, denial := v.only(field)
	for _, c := range method {
		if tokenByte[c] == 0 {
			denial = models.BadTarget
		}
	}
	switch {
	case denial != "":
		return denial
	case models.EqualFold(method, "connect"), models.EqualFold(method, "trace"):
		return models.MethodNotSupported
	}
	v.view.Method = method
	return ""
}
