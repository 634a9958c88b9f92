package upstream

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
)

// FuzzReadHead: what readHead accepts, net/http reads with the same status and
// the same framing, and nothing of the gateway's names passes.
func FuzzReadHead(f *testing.F) {
	f.Add([]byte(okAnswer))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x-a\r\nX-A: 1\r\n\r\n0\r\n\r\n"))
	f.Add([]byte("HTTP/1.0 404\r\nX-Riskgate-Score: 1\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nHTTP/"))
	f.Fuzz(func(t *testing.T, data []byte) {
		resp := new(fasthttp.Response)
		br := bufio.NewReaderSize(bytes.NewReader(data), maxHead)
		h, _, err := readHead(br, resp)
		if err != nil {
			return
		}
		for name := range resp.Header.All() {
			if hasPrefixFold(name, "x-riskgate-") {
				t.Fatalf("%s passed", name)
			}
		}
		left, _ := io.ReadAll(br)
		block := data[:len(data)-len(left)]
		if i := bytes.LastIndex(block[:len(block)-4], endOfHead); i >= 0 {
			block = block[i+4:] // after interim responses
		}
		other, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(block)), nil)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", block, err)
		}
		if other.StatusCode != h.status {
			t.Errorf("%q: status %d, net/http %d", block, h.status, other.StatusCode)
		}
		if h.status == 204 || h.status == 304 {
			return
		}
		length := other.ContentLength
		if length == -1 && len(other.TransferEncoding) == 0 {
			length = -2
		}
		if length != h.length {
			t.Errorf("%q: length %d, net/http %d", block, h.length, length)
		}
	})
}

// FuzzChunks: a body that either of our readers accepts is the one that net/http
// reads, with the same bytes left over.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\nrest"))
	f.Add([]byte("3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n"))
	f.Add([]byte("0000000a\r\n0123456789\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > maxHead {
			return
		}
		other, otherErr := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(data)))
		body, n, ok := gatherChunks(nil, data)
		if ok && (otherErr != nil || !bytes.Equal(body, other)) {
			t.Errorf("%q: gathered %q, net/http %q %v", data, body, other, otherErr)
		}
		c := &conn{br: bufio.NewReaderSize(bytes.NewReader(data), maxHead), net: noConn{}}
		b := &Body{conn: c, length: -1, idle: 1 << 40}
		streamed, err := io.ReadAll(b)
		if err == nil && (otherErr != nil || !bytes.Equal(streamed, other)) {
			t.Errorf("%q: streamed %q, net/http %q %v", data, streamed, other, otherErr)
		}
		if left, _ := io.ReadAll(c.br); ok && (err != nil || len(left) != len(data)-n) {
			t.Errorf("%q: gathered %d bytes, streamed %d, %v", data, n, len(data)-len(left), err)
		}
	})
}

// noConn is a connection without deadlines.
type noConn struct{ net.Conn }

func (noConn) SetReadDeadline(time.Time) error { return nil }
