package pipeline

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// shot is one request of a test. Zero members stand for the usual.
type shot struct {
	method, target string
	from, agent    string
	token, key     string
	fields         []string // "Name: value"
	body           string
	front          models.Front // of views only
	bare           bool         // without the fields that every browser sends
}

// reply is what came back, whole.
type reply struct {
	*http.Response
	body string
}

func (s shot) text() string {
	or := func(v *string, d string) {
		if *v == "" {
			*v = d
		}
	}
	or(&s.method, "GET")
	or(&s.target, "/v1/items/1")
	or(&s.from, berlin)
	or(&s.agent, firefox)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: api.example\r\nUser-Agent: %s\r\nX-Forwarded-For: %s\r\n", s.method, s.target, s.agent, s.from)
	if !s.bare {
		b.WriteString("Accept: */*\r\nAccept-Language: de\r\nAccept-Encoding: identity\r\n")
	}
	if s.token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", s.token)
	}
	if s.key != "" {
		fmt.Fprintf(&b, "X-Api-Key: %s\r\n", s.key)
	}
	for _, f := range s.fields {
		b.WriteString(f + "\r\n")
	}
	if s.body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(s.body))
	}
	return b.String() + "\r\n" + s.body
}

func (w *world) dial() net.Conn {
	w.Helper()
	c, err := net.Dial("tcp", w.listener.Addr().String())
	w.must(err)
	w.must(c.SetDeadline(time.Now().Add(20 * time.Second)))
	w.Cleanup(func() { _ = c.Close() })
	return c
}

func (w *world) send(s shot) reply {
	w.Helper()
	c := w.dial()
	defer c.Close()
	return w.over(c, s.method, s.text())
}

// over writes a request to c and reads the answer.
func (w *world) over(c net.Conn, method, text string) reply {
	w.Helper()
	_, err := io.WriteString(c, text)
	w.must(err)
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		w.Fatalf("%v\n%s", err, text)
	}
	body, err := io.ReadAll(resp.Body)
	w.must(err)
	return reply{resp, string(body)}
}

// ask sends a request and returns its answer and its decision.
func (w *world) ask(s shot) (reply, *models.Event) {
	w.Helper()
	return w.send(s), w.decision()
}

func (w *world) status(want int, s shot) {
	w.Helper()
	if got, e := w.ask(s); got.StatusCode != want {
		w.Fatalf("status %d, want %d: %s; score %g %s", got.StatusCode, want, got.body, e.Assessment.Score, e.Denial)
	}
}

// live lets a caller do the usual once a day.
func (w *world) live(days int, s func() shot) {
	w.Helper()
	for range days {
		w.advance(24 * time.Hour)
		w.status(http.StatusOK, s())
	}
}
