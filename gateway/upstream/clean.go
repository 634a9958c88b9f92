package upstream

import (
	"bytes"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
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
	var hop nominees
	if h.nominates {
		hop.addFrom(rest)
	}
	for len(rest) > 2 {
		line, rest = cutLine(rest)
		name, value, _ := cutField(line) // checked by parseHead
		if !toClient(name) || hop.has(name) && !staysNominated(name) {
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
		return !models.EqualFold(name, "connection") && !models.EqualFold(name, "content-length")
	case 'k':
		return !models.EqualFold(name, "keep-alive")
	case 'p':
		return !hasPrefixFold(name, "proxy-")
	case 's':
		return !models.EqualFold(name, "server")
	case 't':
		return !models.EqualFold(name, "transfer-encoding") && !models.EqualFold(name, "te") && !models.EqualFold(name, "trailer")
	case 'u':
		return !models.EqualFold(name, "upgrade")
	case 'x':
		return !hasPrefixFold(name, "x-riskgate-")
	}
	return true
}

// staysNominated reports whether a response field stays even if Connection names
// it: it describes the body.
func staysNominated(name []byte) bool {
	return hasPrefixFold(name, "content-") || models.EqualFold(name, "set-cookie")
}

// CleanResponse removes from a response that was not read by Forward (from a
// cache, say) what Forward never lets through.
func CleanResponse(resp *fasthttp.Response) {
	h := &resp.Header
	nominated := h.Peek(fasthttp.HeaderConnection)
	for item, rest := cutItem(bytes.Clone(nominated)); len(item) > 0; item, rest = cutItem(rest) {
		if !staysNominated(item) {
			h.DelBytes(item)
		}
	}
	for _, name := range h.PeekKeys() {
		if !models.EqualFold(name, "content-length") && !models.EqualFold(name, "transfer-encoding") && !toClient(name) {
			h.DelBytes(bytes.Clone(name))
		}
	}
	h.Del(fasthttp.HeaderServer)
	h.ResetConnectionClose()
}
