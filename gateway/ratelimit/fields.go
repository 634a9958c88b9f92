package ratelimit

import (
	"strconv"
	"time"
)

// AppendPolicy appends the value of a RateLimit-Policy field
// (draft-ietf-httpapi-ratelimit-headers-11) for a scope: "subject";q=40;w=2. It
// describes the base rate; what risk makes of it is not published.
func (l *Limiter) AppendPolicy(dst []byte, s Scope) []byte {
	lim := l.limits.Load().address
	if s == BySubject {
		lim = l.limits.Load().subject
	}
	dst = appendName(dst, s)
	dst = strconv.AppendInt(append(dst, ";q="...), lim.quota, 10)
	return strconv.AppendInt(append(dst, ";w="...), lim.window, 10)
}

// AppendLimit appends the value of a RateLimit field: "subject";r=12;t=2.
// Seconds are rounded up.
func (r Result) AppendLimit(dst []byte) []byte {
	dst = appendName(dst, r.Scope)
	dst = strconv.AppendInt(append(dst, ";r="...), int64(r.Remaining), 10)
	return strconv.AppendInt(append(dst, ";t="...), seconds(r.Reset), 10)
}

// AppendRetryAfter appends the value of a Retry-After field: at least one second,
// rounded up.
func (r Result) AppendRetryAfter(dst []byte) []byte {
	return strconv.AppendInt(dst, max(seconds(r.RetryAfter), 1), 10)
}

func appendName(dst []byte, s Scope) []byte {
	return append(append(append(dst, '"'), s.String()...), '"')
}

func seconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }
