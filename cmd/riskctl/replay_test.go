package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A client that walks through the ids of others stands out of a log of people.
func TestReplayFindsWhoEnumerates(t *testing.T) {
	const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	var log strings.Builder
	for i := range 400 {
		at := begin.Add(time.Duration(i) * 500 * time.Millisecond).Format("02/Jan/2006:15:04:05 -0700")
		fmt.Fprintf(&log, "203.0.113.66 - - [%s] \"GET /orders/%d HTTP/1.1\" 403 10 \"-\" \"%s\"\n", at, 1000+i, firefox)
		if i%20 == 0 {
			fmt.Fprintf(&log, "192.0.2.%d - user%d [%s] \"GET /orders/%d HTTP/1.1\" 200 10 \"-\" \"%s\"\n", i%250, i, at, i, firefox)
		}
	}
	code, out, report := runWith(t, []byte(log.String()), "replay", "--from", "-")
	if code != 0 || !strings.Contains(out, "\nclients of whom the score asked something: 1\n\n  203.0.113.66, 400 requests: ") ||
		!strings.Contains(out, "ids in a row") || !strings.Contains(out, "of them refused") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
	if _, again, _ := runWith(t, []byte(log.String()), "replay", "--from", "-"); again != out {
		t.Error("the same log gives another report")
	}
}

// Decisions that are learned again count as they are, whatever decided them first.
func TestReplayOfEvents(t *testing.T) {
	path := writeEvents(t, 300)
	code, out, report := runWith(t, nil, "replay", "--from", path)
	if code != 0 || !strings.HasPrefix(out, path+": 300 requests of ") || !strings.Contains(out, "of anonymous callers") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
}
