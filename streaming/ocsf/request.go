package ocsf

import (
	"net/netip"

	"github.com/riskgate/riskgate/models"
)

// appendSource writes where the caller is.
func appendSource(dst []byte, ev *models.Event, opt Options) []byte {
	dst = openObject(dst, `"src_endpoint":`)
	client, peer := ev.Client, ev.Peer
	if ev.Prefix.IsValid() && !client.IsValid() {
		client = ev.Prefix.Addr()
	}
	if client.IsValid() {
		dst = address(dst, `"ip":`, shown(client, opt))
	} else {
		dst = append(dst, `"name":"unknown",`...)
	}
	if peer.IsValid() && peer != client {
		dst = append(dst, `"intermediate_ips":[`...)
		dst = address(dst, "", shown(peer, opt))
		dst = closeWith(dst, ']')
	}
	return closeWith(appendPlace(dst, &ev.Observed.Place, opt.memo), '}')
}

// shown returns a as the privacy mode lets it be seen.
func shown(a netip.Addr, opt Options) netip.Addr {
	if opt.clear() {
		return a.WithZone("")
	}
	return cutAddress(a)
}

func appendPlace(dst []byte, p *models.Place, m *memo) []byte {
	if hasCountry(p) {
		dst = openObject(dst, `"location":`)
		dst = text(dst, `"country":`, view(p.Country[:]))
		if p.HasLocation {
			dst = append(m.append(append(dst, `"lat":`...), float64(p.Latitude), 32), ',')
			dst = append(m.append(append(dst, `"long":`...), float64(p.Longitude), 32), ',')
		}
		dst = closeWith(dst, '}')
	}
	if p.ASN != 0 {
		dst = openObject(dst, `"autonomous_system":`)
		dst = number(dst, `"number":`, int64(p.ASN))
		dst = closeWith(dst, '}')
	}
	return dst
}

// hasCountry reports whether p has two letters of ISO 3166.
func hasCountry(p *models.Place) bool {
	a, b := p.Country[0], p.Country[1]
	return 'A' <= a && a <= 'Z' && 'A' <= b && b <= 'Z'
}

// appendHTTP writes request and response.
func appendHTTP(dst []byte, ev *models.Event, opt Options) []byte {
	if len(ev.Method)+len(ev.Path)+len(ev.Host)+len(ev.Agent)+len(ev.RequestID) > 0 {
		dst = openObject(dst, `"http_request":`)
		if knownMethod(view(ev.Method)) {
			dst = text(dst, `"http_method":`, view(ev.Method))
		}
		dst = appendURL(dst, ev, opt)
		dst = appendAgent(dst, ev, opt)
		dst = textIf(dst, `"uid":`, view(ev.RequestID))
		dst = closeWith(dst, '}')
	}
	if ev.Status != 0 {
		dst = openObject(dst, `"http_response":`)
		dst = number(dst, `"code":`, int64(ev.Status))
		dst = numberIf(dst, `"latency":`, ev.Duration.Milliseconds())
		dst = closeWith(dst, '}')
	}
	return dst
}

// knownMethod reports whether OCSF lists the method; others are in riskgate's own
// part.
func knownMethod(method string) bool {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return true
	}
	return false
}

func appendURL(dst []byte, ev *models.Event, opt Options) []byte {
	if len(ev.Path)+len(ev.Host) == 0 {
		return dst
	}
	dst = openObject(dst, `"url":`)
	dst = textIf(dst, `"hostname":`, view(ev.Host))
	if opt.clear() {
		dst = text(dst, `"path":`, view(ev.Path))
	} else {
		dst = append(appendMasked(append(dst, `"path":`...), ev.Path), ',')
	}
	return closeWith(dst, '}')
}

func appendAgent(dst []byte, ev *models.Event, opt Options) []byte {
	switch {
	case len(ev.Agent) == 0:
		return dst
	case opt.clear():
		return text(dst, `"user_agent":`, view(ev.Agent))
	}
	return append(opt.memo.reduced(append(dst, `"user_agent":`...), ev.Agent), ',')
}

// appendObservables writes what other systems can be asked about: the address, or
// the network where the address is cut.
func appendObservables(dst []byte, ev *models.Event, opt Options) []byte {
	cut := cutAddress(ev.Client)
	if !cut.IsValid() {
		return dst
	}
	if opt.clear() {
		dst = append(dst, `"observables":[{"name":"src_endpoint.ip","type_id":2,`...)
		dst = address(dst, `"value":`, ev.Client.WithZone(""))
		return closeWith(closeWith(dst, '}'), ']')
	}
	dst = append(dst, `"observables":[{"name":"src_endpoint.ip","type_id":12,"value":"`...)
	dst = cut.AppendTo(dst)
	if cut.Is4() {
		dst = append(dst, `/24"`...)
	} else {
		dst = append(dst, `/48"`...)
	}
	return append(dst, `}],`...)
}
