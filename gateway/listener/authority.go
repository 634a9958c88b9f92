package listener

import (
	"net/netip"
	"strings"
	"unsafe"
)

// appendHost appends authority in lower case if it is a host name or an address
// with an optional port. It refuses an empty host, userinfo, and whatever else a
// second reader may split differently.
func appendHost(dst, authority []byte) ([]byte, bool) {
	from := len(dst)
	for _, c := range authority {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	host := dst[from:]
	if len(host) == 0 {
		return dst, false
	}
	if host[0] == '[' {
		return dst, validBracketed(host)
	}
	for i, c := range host {
		if c == ':' {
			return dst, i > 0 && validPort(host[i+1:])
		}
		if !isHostByte[c] {
			return dst, false
		}
	}
	return dst, true
}

// isHostByte tells the bytes of a lower-case host name or IPv4 address.
var isHostByte = byteSet("abcdefghijklmnopqrstuvwxyz0123456789-._")

func validBracketed(host []byte) bool {
	for i, c := range host {
		if c != ']' {
			continue
		}
		addr, ok := parseAddr(host[1:i])
		rest := host[i+1:]
		return ok && addr.Is6() && (len(rest) == 0 || rest[0] == ':' && validPort(rest[1:]))
	}
	return false
}

// validPort reports whether b is a port number from 1 to 65535.
func validPort(b []byte) bool {
	if len(b) == 0 || len(b) > 5 || b[0] == '0' {
		return false
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

// maxAddr is longer than any textual address without zone.
const maxAddr = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")

// parseAddr reads an IPv4 or IPv6 address without zone, as it stands.
func parseAddr(b []byte) (netip.Addr, bool) {
	if len(b) == 0 || len(b) > maxAddr {
		return netip.Addr{}, false
	}
	// The string lives no longer than b: without zone nothing of it is kept, and
	// the error that would hold it is dropped here.
	s := unsafe.String(&b[0], len(b))
	if strings.IndexByte(s, '%') >= 0 {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(s)
	return addr, err == nil
}
