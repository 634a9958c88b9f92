package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A killed gateway delivers, once it is back, every event it had committed: of
// each request that a client saw answered, and of those that were on their way.
func TestKilledUnderLoadLosesNoEvent(t *testing.T) {
	p := newPlace(t)
	var mu sync.Mutex // guards answered
	var answered []string
	for round := range 3 {
		run, url := p.serve(t)
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				client := &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}
				defer client.CloseIdleConnections()
				for {
					status, id := p.get(client, url+"/v1/items/1")
					if status == 0 {
						return // killed
					}
					mu.Lock()
					answered = append(answered, id)
					n := len(answered)
					mu.Unlock()
					if n == 300*(round+1)+17*round {
						_ = run.cmd.Process.Kill()
					}
				}
			})
		}
		clients.Wait()
		run.kill()
	}
	run, url := p.serve(t)
	if status, id := p.get(http.DefaultClient, url+"/v1/items/1"); status != http.StatusOK {
		t.Errorf("after the kills: %d", status)
	} else {
		answered = append(answered, id)
	}
	run.signal(syscall.SIGTERM)
	if code := run.end(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, run.log)
	}
	ids, broken := p.recorded(t)
	missing, twice := 0, 0
	for _, id := range answered {
		if ids[id] == 0 {
			missing++
		}
	}
	for _, n := range ids {
		twice += n - 1
	}
	t.Logf("%d answered, %d recorded, %d of them twice, %d broken lines", len(answered), len(ids), twice, broken)
	if missing != 0 || len(answered) < 900 {
		t.Errorf("%d of %d answered requests have no event", missing, len(answered))
	}
	if broken > 3 { // one line cut short by each kill
		t.Errorf("%d broken lines", broken)
	}
}

// hourly finds the rate that the score of a request was based on.
var hourly = regexp.MustCompile(`"requests_per_hour","value":([0-9.]+)`)

// A killed gateway has lost nothing that is older than one flush interval.
func TestKilledKeepsWhatItLearned(t *testing.T) {
	p := newPlace(t)
	run, url := p.serve(t)
	for range 20 {
		if status, _ := p.get(http.DefaultClient, url+"/v1/items/1"); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	time.Sleep(time.Second) // ten flush intervals: what is older must be there
	run.kill()
	run, url = p.serve(t)
	for range 5 { // the first may be scored before the profile was read
		if status, _ := p.get(http.DefaultClient, url+"/v1/items/1"); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
	run.signal(syscall.SIGTERM)
	run.end()
	text, err := os.ReadFile(filepath.Join(p.folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var rates []float64
	for _, found := range hourly.FindAllStringSubmatch(string(text), -1) {
		rate, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		rates = append(rates, rate)
	}
	if len(rates) < 21 || rates[len(rates)-1] < 0.95*rates[19] {
		t.Errorf("hourly rates %v, want the last to go on from the twenty before the kill", rates)
	}
}
