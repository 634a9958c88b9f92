package upstream

import (
	"bufio"
	"bytes"
	"errors"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// maxInterim bounds the 1xx responses before the final one.
const maxInterim = 16

// head is what the header of a response says about its framing.
type head struct {
	status    int
	length    int64 // -1: chunked, -2: to the end of the connection
	keep      bool  // the connection can serve again
	nominates bool  // Connection names fields beyond close and keep-alive
}

// readHead reads response headers up to the final one into resp, without what
// must not reach the client. Its errors are failures or those of reading; begun
// reports whether any byte came.
func readHead(br *bufio.Reader, resp *fasthttp.Response) (h head, begun bool, err error) {
	for range maxInterim {
		block, err := peekBlock(br)
		if err != nil {
			return h, begun || len(block) > 0, err
		}
		begun = true
		if h, err = parseHead(block); err != nil {
			return h, true, err
		}
		if h.status == 101 {
			return h, true, protocolFailure("http_upgrade_failed", "101 to a request without Upgrade")
		}
		if h.status >= 200 {
			fill(resp, block, h)
		}
		_, _ = br.Discard(len(block)) // peeked, so it is there
		if h.status >= 200 {
			return h, true, nil
		}
	}
	return h, true, protocolFailure("http_protocol_error", "too many interim responses")
}

var endOfHead = []byte("\r\n\r\n")

// peekBlock returns the bytes up to and with the empty line, still in br. With
// an error it returns what came.
func peekBlock(br *bufio.Reader) ([]byte, error) {
	for n := 1; ; {
		_, err := br.Peek(n)
		block, _ := br.Peek(br.Buffered())
		if i := bytes.Index(block, endOfHead); i >= 0 {
			return block[:i+len(endOfHead)], nil
		}
		if errors.Is(err, bufio.ErrBufferFull) || len(block) == maxHead {
			return block, protocolFailure("http_response_header_section_size", "response header too large")
		}
		if err != nil {
			return block, err
		}
		n = len(block) + 1
	}
}

// parseHead reads a header block strictly: what another reader could understand
// otherwise is refused.
func parseHead(block []byte) (head, error) {
	line, rest := cutLine(block)
	h := head{length: -2}
	minor, ok := parseStatusLine(line, &h)
	if !ok {
		return h, protocolFailure("http_protocol_error", "malformed status line")
	}
	h.keep = minor == 1
	lengths, codings := 0, 0
	for len(rest) > 2 {
		line, rest = cutLine(rest)
		name, value, ok := cutField(line)
		if !ok {
			return h, protocolFailure("http_protocol_error", "malformed response field")
		}
		switch {
		case models.EqualFold(name, "content-length"):
			lengths++
			if h.length, ok = parseLength(value); !ok {
				return h, protocolFailure("http_protocol_error", "malformed Content-Length")
			}
		case models.EqualFold(name, "transfer-encoding"):
			codings++
			if !models.EqualFold(value, "chunked") || minor == 0 {
				return h, protocolFailure("http_response_transfer_coding", "transfer coding other than chunked")
			}
		case models.EqualFold(name, "connection"):
			h.connection(value)
		}
	}
	if lengths > 1 || codings > 1 || lengths+codings > 1 {
		return h, protocolFailure("http_protocol_error", "more than one framing of the response body")
	}
	if codings == 1 {
		h.length = -1
	}
	return h, nil
}

// connection reads one Connection field.
func (h *head) connection(value []byte) {
	for len(value) > 0 {
		var item []byte
		item, value = cutItem(value)
		switch {
		case models.EqualFold(item, "close"):
			h.keep = false
		case models.EqualFold(item, "keep-alive"), len(item) == 0:
		default:
			h.nominates = true
		}
	}
}

// cutLine returns the first line without CRLF, and the rest. A line without it
// is returned whole with its LF, which no rule accepts.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.Index(b, endOfHead[:2])
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i+2:]
}

// parseStatusLine reads "HTTP/1.1 200 OK"; the reason may be missing.
func parseStatusLine(line []byte, h *head) (minor int, ok bool) {
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return 0, false
	}
	if len(line) > 12 && line[12] != ' ' || !validValue(line) {
		return 0, false
	}
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return 0, false
		}
		h.status = 10*h.status + int(c-'0')
	}
	minor = int(line[7]) - '0'
	return minor, (minor == 0 || minor == 1) && h.status >= 100 && h.status <= 599
}

// cutField splits a field line. It accepts no white space in or after the name
// and no continuation of the line before.
func cutField(line []byte) (name, value []byte, ok bool) {
	i := bytes.IndexByte(line, ':')
	if i <= 0 || !isToken(line[:i]) {
		return nil, nil, false
	}
	value = bytes.Trim(line[i+1:], " \t")
	return line[:i], value, validValue(value)
}

var tokenBytes = func() (table [256]bool) {
	for c := byte('!'); c <= '~'; c++ {
		table[c] = !bytes.ContainsRune([]byte(`"(),/:;<=>?@[\]{}`), rune(c))
	}
	return table
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return true
}

// validValue reports whether b is free of control characters other than tab.
func validValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// parseLength reads a Content-Length: digits only, below 2^59.
func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, n < 1<<59
}
