package upstream

import (
	"bytes"

	"github.com/riskgate/riskgate/models"
)

// fate is what becomes of a field of the client.
type fate uint8

const (
	forward fate = iota // unless nominated by Connection
	keep                // even if nominated: it decides what the request means or who sends it
	drop                // hop-by-hop, ours to say, or nobody's
)

// fates names the fields, in lower case, that are not simply forwarded.
var fates = map[string]fate{
	// Of one connection only (RFC 9110 section 7.6.1), and framing, which is
	// written anew. No trailers are forwarded, so TE and Trailer promise nothing.
	"connection": drop, "keep-alive": drop, "te": drop, "trailer": drop, "transfer-encoding": drop,
	"upgrade": drop, "http2-settings": drop, "content-length": drop, "expect": drop,

	// Written anew from what the gateway knows.
	"host": drop, "authorization": drop, "forwarded": drop, "x-request-id": drop,
	"traceparent": drop, "tracestate": drop,

	// By these a client would name its own address, another path than the one
	// authorized, another method, or itself; and by Proxy a proxy for what a CGI
	// fetches.
	"x-real-ip": drop, "x-client-ip": drop, "true-client-ip": drop, "client-ip": drop,
	"x-cluster-client-ip": drop, "cf-connecting-ip": drop, "cf-connecting-ipv6": drop,
	"fastly-client-ip": drop, "x-azure-clientip": drop, "x-azure-socketip": drop,
	"x-originating-ip": drop, "x-remote-ip": drop, "x-remote-addr": drop, "x-proxyuser-ip": drop,
	"x-rewrite-url": drop, "x-host": drop, "proxy": drop,
	"x-http-method": drop, "x-http-method-override": drop, "x-method-override": drop,
	"remote-user": drop, "x-remote-user": drop, "x-webauth-user": drop,

	"cookie": keep, "x-api-key": keep, "dpop": keep, "signature": keep,
	"signature-input": keep, "digest": keep, "cache-control": keep, "origin": keep,
}

var dropPrefixes = [...]string{"x-riskgate-", "x-forwarded-", "proxy-", "x-original-", "x-envoy-"}

// longestName is the length of the longest name in fates.
const longestName = len("x-http-method-override")

// named tells of which lengths and first letters there are names in fates. It
// saves most fields the look-up.
var named = func() (table [longestName + 1][256]bool) {
	for name := range fates {
		table[len(name)][name[0]] = true
	}
	return table
}()

// nameBytes tells the bytes that a forwarded name may have: CGI and what is built
// like it read others, "_" and "." among them, as it reads "-".
var nameBytes = func() (table [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-" {
		table[c] = true
	}
	return table
}()

// fateOf returns what becomes of the field called name.
func fateOf(name []byte) fate {
	for _, c := range name {
		if !nameBytes[c] {
			return drop
		}
	}
	if len(name) > 0 && len(name) <= longestName && named[len(name)][name[0]|0x20] {
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
	return len(name) >= len(prefix) && models.EqualFold(name[:len(prefix)], prefix)
}

// maxNominees bounds the names in Connection that are looked at: a list as long
// as a header may be, compared with every field, costs milliseconds.
const maxNominees = 32

// nominees are the field names that Connection lists, but for keep-alive and
// close; they alias it. The zero value is empty.
type nominees struct {
	names [maxNominees][]byte
	n     int
}

// add adds one Connection field.
func (l *nominees) add(connection []byte) {
	for len(connection) > 0 && l.n < maxNominees {
		var item []byte
		item, connection = cutItem(connection)
		if len(item) > 0 && !models.EqualFold(item, "keep-alive") && !models.EqualFold(item, "close") {
			l.names[l.n] = item
			l.n++
		}
	}
}

// addFrom adds every Connection field of a header block.
func (l *nominees) addFrom(fields []byte) {
	for len(fields) > 2 {
		var line []byte
		line, fields = cutLine(fields)
		if name, value, ok := cutField(line); ok && models.EqualFold(name, "connection") {
			l.add(value)
		}
	}
}

func (l *nominees) has(name []byte) bool {
	for _, n := range l.names[:l.n] {
		if bytes.EqualFold(n, name) {
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
