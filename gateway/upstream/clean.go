package upstream

import (
	"bytes"

	"github.com/valyala/fasthttp"
)

// fill copies the final header into resp: every field but those of one
// connection only, Server, and X-Riskgate-*, which are the gateway's to say.
func fill(resp *fasthttp.Response, block []byte, h head) {
	out := &resp.Header
	line, rest := cutLine(block)
	out.SetStatusCode(h.status)
	if len(line) > 13 && h.status != fasthttp.StatusOK {
		out.SetStatusMessage(line[13:])
	}
	out.SetNoDefaultContentType(true)
	for fields := rest; len(rest) > 2; {
		line, rest = cutLine(rest)
		name, value, _ := cutField(line) // checked by parseHead
		if !toClient(name) || h.nominates && nominated(fields, name) {
			continue
		}
		out.AddBytesKV(name, value)
	}
}

// toClient reports whether a response field may reach the client. Content-Length
// and Transfer-Encoding are written anew; a Content-Length that describes a body
// which is not sent (HEAD, 304) is kept by setLength.
func toClient(name []byte) bool {
	switch name[0] | 0x20 {
	case 'c':
		return !equalFold(name, "connection") && !equalFold(name, "content-length")
	case 'k':
		return !equalFold(name, "keep-alive")
	case 'p':
		return !hasPrefixFold(name, "proxy-")
	case 's':
		return !equalFold(name, "server")
	case 't':
		return !equalFold(name, "transfer-encoding") && !equalFold(name, "te") && !equalFold(name, "trailer")
	case 'u':
		return !equalFold(name, "upgrade")
	case 'x':
		return !hasPrefixFold(name, "x-riskgate-")
	}
	return true
}

// nominated reports whether a Connection field of the header names the field.
// What describes the body stays.
func nominated(fields, name []byte) bool {
	if hasPrefixFold(name, "content-") || equalFold(name, "set-cookie") {
		return false
	}
	for rest := fields; len(rest) > 2; {
		var line []byte
		line, rest = cutLine(rest)
		n, value, ok := cutField(line)
		if ok && equalFold(n, "connection") && listHas(value, name) {
			return true
		}
	}
	return false
}

// CleanResponse removes from a response that was not read by Forward (from a
// cache, say) what Forward never lets through.
func CleanResponse(resp *fasthttp.Response) {
	h := &resp.Header
	nominated := h.Peek(fasthttp.HeaderConnection)
	for item, rest := cutItem(bytes.Clone(nominated)); len(item) > 0; item, rest = cutItem(rest) {
		if !hasPrefixFold(item, "content-") && !equalFold(item, "set-cookie") {
			h.DelBytes(item)
		}
	}
	for _, name := range h.PeekKeys() {
		if !equalFold(name, "content-length") && !equalFold(name, "transfer-encoding") && !toClient(name) {
			h.DelBytes(bytes.Clone(name))
		}
	}
	h.Del(fasthttp.HeaderServer)
	h.ResetConnectionClose()
}
