package traffic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Line is one request of an access log in combined format.
type Line struct {
	Client  netip.Addr
	User    string // "" for none
	Time    time.Time
	Method  string
	Target  string // as it stood in the request line
	Proto   string
	Status  int
	Bytes   int64  // of the body, 0 if none was sent
	Referer string // "" for none
	Agent   string // "" for none
}

// BadLine is a line of a log that could not be read.
type BadLine struct {
	Number int // from 1
	Err    error
}

// maxLine is the longest line that ReadLog takes, in bytes.
const maxLine = 1 << 20

// ReadLog reads an access log in combined format (host, ident, user, [time],
// "request", status, bytes, "referer", "agent"), or in common format, which ends
// after bytes. Lines that are no such thing are reported and do not end it.
func ReadLog(r io.Reader) (lines []Line, bad []BadLine, err error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 64<<10), maxLine)
	for n := 1; in.Scan(); n++ {
		if in.Text() == "" {
			continue
		}
		line, err := ParseLine(in.Text())
		if err != nil {
			bad = append(bad, BadLine{n, err})
			continue
		}
		lines = append(lines, line)
	}
	return lines, bad, in.Err()
}

var (
	errLine    = errors.New("want host ident user [time] \"request\" status bytes \"referer\" \"agent\"")
	errClient  = errors.New("want an address as the first field")
	errRequest = errors.New("want a request line of method, target and protocol")
	errStatus  = errors.New("want a status of three digits")
)

// logTime is the form of the time in Apache's and nginx's logs.
const logTime = "02/Jan/2006:15:04:05 -0700"

// ParseLine reads one line without its end.
func ParseLine(text string) (l Line, err error) {
	host, rest, ok1 := strings.Cut(text, " ")
	_, rest, ok2 := strings.Cut(rest, " ")
	user, rest, ok3 := strings.Cut(rest, " [")
	stamp, rest, ok4 := strings.Cut(rest, "] ")
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return l, errLine
	}
	request, rest, ok := quoted(rest)
	if !ok {
		return l, errLine
	}
	if l.Client, err = netip.ParseAddr(host); err != nil || l.Client.Zone() != "" {
		return l, errClient
	}
	if l.Time, err = time.Parse(logTime, stamp); err != nil {
		return l, fmt.Errorf("want a time like %s", logTime)
	}
	l.User = absent(user)
	if err := l.setRequest(request); err != nil {
		return l, err
	}
	return l, l.setAnswer(rest)
}

// setRequest splits the request line. Servers log what they were sent, so it may
// be anything.
func (l *Line) setRequest(request string) error {
	method, rest, ok1 := strings.Cut(request, " ")
	i := strings.LastIndexByte(rest, ' ')
	if !ok1 || i <= 0 || !isToken(method) || !strings.HasPrefix(rest[i+1:], "HTTP/") {
		return errRequest
	}
	l.Method, l.Target, l.Proto = method, rest[:i], rest[i+1:]
	return nil
}

// setAnswer reads what follows the request line.
func (l *Line) setAnswer(rest string) error {
	status, rest, _ := strings.Cut(strings.TrimPrefix(rest, " "), " ")
	n, err := strconv.Atoi(status)
	if err != nil || len(status) != 3 || n < 100 {
		return errStatus
	}
	l.Status = n
	size, rest, more := strings.Cut(rest, " ")
	if size != "-" {
		if l.Bytes, err = strconv.ParseInt(size, 10, 64); err != nil || l.Bytes < 0 {
			return errLine
		}
	}
	if !more {
		return nil
	}
	referer, rest, ok := quoted(rest)
	rest = strings.TrimPrefix(rest, " ")
	if !ok || !strings.HasPrefix(rest, `"`) {
		return errLine
	}
	agent, _, ok := quoted(rest)
	if !ok { // servers cut long lines: the request is whole all the same
		agent = unescape.Replace(rest[1:])
	}
	l.Referer, l.Agent = absent(referer), absent(agent)
	return nil
}

// quoted reads a field in quotes, in which \" and \\ stand for themselves and
// every other escape stays as it is.
func quoted(s string) (field, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		return "", "", false
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return unescape.Replace(s[1:i]), s[i+1:], true
		}
	}
	return "", "", false
}

var unescape = strings.NewReplacer(`\"`, `"`, `\\`, `\`)

// absent turns the hyphen that stands for nothing into nothing.
func absent(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// isToken reports whether s can be a method (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}
