package listener

import (
	"bytes"
	"net/netip"

	"github.com/riskgate/riskgate/models"
)

// maxHops bounds how far back the client is looked for.
const maxHops = 32

// findClient fills Client and Secure of the view from what trusted proxies say.
// It walks the hops from the right, the nearest, to the left, and stops at the
// first that is no trusted proxy: that is the client. What is no address, like
// "unknown" or "_hidden", ends the walk at the hop that reported it.
func (v *visit) findClient() {
	r := &v.view
	if !v.proxy {
		return
	}
	w := walk{view: r, set: v.set, name: v.set.ClientHeader, secure: r.Secure, addr: r.Peer}
	for i := r.NumFields - 1; i >= 0 && !w.done; i-- {
		if models.EqualFold(r.Name(i), w.name) {
			w.field(r.Value(i))
		}
	}
	r.Client, r.Secure = w.addr, w.secure
	if w.name == headerXForwardedFor {
		r.Secure = r.Secure || lastIs(r, "x-forwarded-proto", "https")
	}
}

// walk goes from hop to hop.
type walk struct {
	view   *models.Request
	set    *settings
	name   string
	addr   netip.Addr // the hop reached
	secure bool
	hops   int
	done   bool
}

// field walks one header line from right to left. Quotes do not protect commas:
// what a client sends must not hide what a proxy appended to it.
func (w *walk) field(list []byte) {
	for !w.done {
		i := bytes.LastIndexByte(list, ',')
		w.element(trim(list[i+1:]))
		if i < 0 {
			return
		}
		list = list[:i]
	}
}

func (w *walk) element(element []byte) {
	node, https, ok := element, false, true
	if w.name == headerForwarded {
		node, https, ok = forwardedPair(element)
	}
	var addr netip.Addr
	if ok {
		addr, ok = parseNode(node)
	}
	w.hops++
	if !ok || w.hops > maxHops {
		w.done = true
		return
	}
	w.addr = addr
	w.secure = w.secure || https
	w.done = !w.set.trusts(addr)
}

// forwardedPair returns the for parameter of one element of Forwarded
// (RFC 7239), without quotes, and whether its proto is https.
func forwardedPair(element []byte) (node []byte, https, ok bool) {
	for len(element) > 0 {
		var pair []byte
		if i := bytes.IndexByte(element, ';'); i >= 0 {
			pair, element = element[:i], element[i+1:]
		} else {
			pair, element = element, nil
		}
		name, value, _ := bytes.Cut(trim(pair), []byte{'='})
		value = unquote(value)
		switch {
		case models.EqualFold(name, "for"):
			if node != nil {
				return nil, false, false
			}
			node = value
		case models.EqualFold(name, "proto"):
			https = models.EqualFold(value, "https")
		}
	}
	return node, https, node != nil
}

// unquote removes the quotes around b; inner escapes stay and make no address.
func unquote(b []byte) []byte {
	if len(b) >= 2 && b[0] == '"' && b[len(b)-1] == '"' {
		return b[1 : len(b)-1]
	}
	return b
}

// parseNode reads an address with or without port: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1], [2001:db8::1]:80. IPv4 in IPv6 becomes IPv4.
func parseNode(b []byte) (netip.Addr, bool) {
	if len(b) > 0 && b[0] == '[' {
		if !validBracketed(b) {
			return netip.Addr{}, false
		}
		b = b[1:bytes.IndexByte(b, ']')]
	} else if i := bytes.IndexByte(b, ':'); i >= 0 && bytes.LastIndexByte(b, ':') == i {
		if !validPort(b[i+1:]) {
			return netip.Addr{}, false
		}
		b = b[:i]
	}
	addr, ok := parseAddr(b)
	return addr.Unmap(), ok
}

// lastIs reports whether the last element of the last field of that name is the
// lower-case value.
func lastIs(r *models.Request, name, value string) bool {
	for i := r.NumFields - 1; i >= 0; i-- {
		if models.EqualFold(r.Name(i), name) {
			list := r.Value(i)
			return models.EqualFold(trim(list[bytes.LastIndexByte(list, ',')+1:]), value)
		}
	}
	return false
}
