package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemo does what a newcomer does: it starts the demo, pastes every line that
// it prints, and compares the status with what the line promises.
func TestDemo(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("the lines of the demo need curl, which is not installed")
	}
	folder := t.TempDir()
	run := launch(t, []string{"TMPDIR=" + folder}, "serve", "--demo", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	admin := run.find(run.out, `curl -s '(http://[^/]+)/-/events\?n=1'`)
	lines := regexp.MustCompile(`(?m)^# (.+): (\d{3})\n(curl .+)$`).FindAllStringSubmatch(run.out.String(), -1)
	seen := map[string]bool{}
	for _, line := range lines {
		title, want, command := line[1], line[2], line[3]
		seen[want] = true
		out, err := exec.Command("sh", "-c", command).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s\n%s", title, got, err, want, command)
		}
	}
	for _, status := range []string{"200", "401", "403", "429"} {
		if !seen[status] {
			t.Errorf("no line promises %s", status)
		}
	}
	explainsTheLast(t, admin)
	events := run.find(run.out, `events: (\S+)`)
	if info, err := os.Stat(events); err != nil || info.Size() == 0 {
		t.Errorf("no events file: %v", err)
	}
	run.signal(syscall.SIGTERM)
	if code := run.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
	if rest, err := os.ReadDir(folder); err != nil || len(rest) != 0 {
		t.Errorf("left behind: %v, %v", rest, err)
	}
}

// explainsTheLast fails unless the last decision, a denial for a Tor exit, can be
// recomputed from its event.
func explainsTheLast(t *testing.T, admin string) {
	t.Helper()
	var events []struct {
		Metadata struct{ UID string }
		Response struct{ Code int } `json:"http_response"`
	}
	for end := time.Now().Add(10 * time.Second); len(events) == 0 || events[0].Response.Code != http.StatusForbidden; {
		if time.Now().After(end) {
			t.Fatalf("the last event is no denial: %+v", events)
		}
		ask(t, admin+"/-/events?n=1", &events)
	}
	var explanation struct {
		Event, Applied string
		Score          float64
		Contributions  []struct {
			Group string
			Nats  float64
		}
	}
	ask(t, admin+"/-/events/"+events[0].Metadata.UID, &explanation)
	nats := 0.0
	for _, c := range explanation.Contributions {
		nats += c.Nats
	}
	if explanation.Event != events[0].Metadata.UID || explanation.Applied != "deny" || explanation.Score < 85 || nats <= 0 {
		t.Errorf("explanation: %+v", explanation)
	}
}

func ask(t *testing.T, url string, answer any) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if err := json.Unmarshal(body, answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s", url, resp.StatusCode, body)
	}
}

// A demo with a configuration is a contradiction; one whose address is taken
// says so and leaves nothing running.
func TestDemoSaysWhatIsWrong(t *testing.T) {
	p := newPlace(t)
	taken := strings.TrimPrefix(p.service.URL, "http://")
	run := launch(t, []string{"TMPDIR=" + t.TempDir()}, "serve", "--demo", "--listen", taken, "--admin", "127.0.0.1:0")
	if code := run.end(); code != 1 || !strings.Contains(run.log.String(), "address already in use") {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
}
