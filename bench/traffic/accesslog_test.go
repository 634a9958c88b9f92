package traffic

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The counts are those that the folder's own description gives.
func TestRealLogIsReadWhole(t *testing.T) {
	dir := os.Getenv("RISKGATE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	f, err := os.Open(filepath.Join(dir, "logs", "apache_logs"))
	if err != nil {
		t.Skipf("SKIPPED: no real log: set RISKGATE_DATA to the folder of real data (%v)", err)
	}
	defer f.Close()
	lines, bad, err := ReadLog(f)
	if err != nil {
		t.Fatal(err)
	}
	clients, agents := map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		clients[l.Client.String()], agents[l.Agent] = true, true
	}
	if len(lines) != 10_000 || len(bad) != 0 || len(clients) != 1753 || len(agents) != 559 {
		t.Errorf("%d lines, %d bad, %d clients, %d agents; want 10000, 0, 1753, 559",
			len(lines), len(bad), len(clients), len(agents))
	}
}

func TestLines(t *testing.T) {
	const head = `192.0.2.1 - - [17/May/2015:10:05:03 +0200] `
	for text, want := range map[string]string{
		head + `"GET / HTTP/1.1" 200 12 "-" "curl/8"`:                                  `192.0.2.1 GET / 200 12 "" "curl/8"`,
		head + `"GET /a b HTTP/1.1" 200 - "http://x/" "-"`:                             `192.0.2.1 GET /a b 200 0 "http://x/" ""`,
		head + `"GET /?q=\"x\" HTTP/1.1" 404 5 "-" "say \"hi\" \\ \x41"`:               `192.0.2.1 GET /?q="x" 404 5 "" "say \"hi\" \\ \\x41"`,
		head + `"HEAD / HTTP/1.0" 200 12`:                                              `192.0.2.1 HEAD / 200 12 "" ""`,
		`2001:db8::1 - al [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "a"`: `2001:db8::1 GET / 200 1 "" "a"`,
		head + `"\x16\x03\x01" 400 0 "-" "-"`:                                          errRequest.Error(),
		head + `"-" 408 - "-" "-"`:                                                     errRequest.Error(),
		head + `"GET / HTTP/1.1" 20 1 "-" "-"`:                                         errStatus.Error(),
		head + `"GET / HTTP/1.1" 200 1 "-" "cut`:                                       `192.0.2.1 GET / 200 1 "" "cut"`,
		head + `"GET / HTTP/1.1" 200 1 "-`:                                             errLine.Error(),
		head + `GET / HTTP/1.1 200 1`:                                                  errLine.Error(),
		`example.com - - [17/May/2015:10:05:03 +0200] "GET / HTTP/1.1" 200 1 "-" "-"`:  errClient.Error(),
		`192.0.2.1 - - [yesterday] "GET / HTTP/1.1" 200 1 "-" "-"`:                     "want a time like " + logTime,
		"": errLine.Error(),
	} {
		l, err := ParseLine(text)
		got := fmt.Sprintf("%v %s %s %d %d %q %q", l.Client, l.Method, l.Target, l.Status, l.Bytes, l.Referer, l.Agent)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestMalformedLinesAreReportedNotLost(t *testing.T) {
	const good = `192.0.2.1 - - [17/May/2015:10:05:03 +0200] "GET / HTTP/1.1" 200 12 "-" "curl/8"`
	lines, bad, err := ReadLog(strings.NewReader(good + "\nnonsense\n\n" + good))
	if err != nil || len(lines) != 2 || len(bad) != 1 || bad[0].Number != 2 {
		t.Errorf("%d lines, bad %v, %v; want 2 lines and line 2 bad", len(lines), bad, err)
	}
}

// A line that is read can be written and read again without a difference.
func FuzzParseLine(f *testing.F) {
	f.Add(`192.0.2.1 - - [17/May/2015:10:05:03 +0200] "GET /?q=\"x\" HTTP/1.1" 404 5 "-" "say \"hi\" \\ \x41"`)
	f.Add(`2001:db8::1 - u [01/Jan/2026:00:00:00 +0000] "POST /a b HTTP/1.1" 200 -`)
	escape := strings.NewReplacer(`"`, `\"`, `\`, `\\`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := ParseLine(text)
		if err != nil {
			return
		}
		user := l.User
		if user == "" {
			user = "-"
		}
		again := fmt.Sprintf(`%s - %s [%s] "%s" %d %d "%s" "%s"`, l.Client, user, l.Time.Format(logTime),
			escape.Replace(l.Method+" "+l.Target+" "+l.Proto), l.Status, l.Bytes, escape.Replace(l.Referer), escape.Replace(l.Agent))
		back, err := ParseLine(again)
		if err != nil || !back.Time.Equal(l.Time) {
			t.Fatalf("%q\nwritten again as %q\n%v", text, again, err)
		}
		back.Time = l.Time
		if back != l {
			t.Fatalf("%q\nis %+v\nthen %+v", text, l, back)
		}
	})
}
