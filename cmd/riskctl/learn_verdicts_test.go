package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// saidOf is a line of a file of verdicts, given so many hours after noon.
func saidOf(kind string, hour int, more string) string {
	return fmt.Sprintf(`{"subject": "01000000000000000000000000000000", "kind": %q, "at": %q%s}`, kind, atHour(hour).Format(time.RFC3339), more)
}

func atHour(n int) time.Time { return time.Date(2026, 9, 21, 12+n, 0, 0, 0, time.UTC) }

func when(member string, hour int) string {
	return fmt.Sprintf(", %q: %q", member, atHour(hour).Format(time.RFC3339))
}

// What verdicts say of the looks of each hour from noon on: a for attack, l for
// legitimate.
func TestVerdictsAreLabels(t *testing.T) {
	f := func(name, want string, lines ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "labels")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := readLabels(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []byte
		for hour := range len(want) {
			e := &models.Event{Time: atHour(hour), Pseudonym: models.Pseudonym{1}, Subject: models.User}
			e.Features.Flags = models.IsLook
			found, ok := l.of(e)
			switch {
			case !ok:
				got = append(got, '.')
			case found.attack:
				got = append(got, 'a')
			default:
				got = append(got, 'l')
			}
			if ok && found.weight != 1 {
				t.Errorf("%s: weight %g, want 1", name, found.weight)
			}
		}
		if string(got) != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	quarantine, confirm := saidOf("quarantine", 2, when("expires", 6)), saidOf("confirm", 4, when("expires", 7))
	f("a quarantine", "..aaaa..", quarantine)
	f("a confirm", "....lll.", confirm)
	f("one with since", ".llllll.", saidOf("confirm", 4, when("since", 1)+when("expires", 7)))
	f("a report", ".aaaa...", saidOf("report", 5, when("since", 1)))
	f("a forgive", "........", saidOf("forgive", 5, ""))
	f("a confirm ends a quarantine", "..aalll.", quarantine, confirm)
	f("so does a forgive", "..aa....", quarantine, saidOf("forgive", 4, ""))
	f("a quarantine ends a confirm", "....laaa", confirm, saidOf("quarantine", 5, when("expires", 9)))
	f("a report reaches into a confirm", "....llaa", confirm, saidOf("report", 8, when("since", 6)))
	f("a label holds against a verdict", ".llllll.",
		`{"subject": "01000000000000000000000000000000", "since": "2026-09-21T13:00:00Z", "until": "2026-09-21T19:00:00Z", "label": "legitimate"}`, quarantine)
	f("of somebody else", "........", strings.Replace(quarantine, "01", "02", 1))
}
