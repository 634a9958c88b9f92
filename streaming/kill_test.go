package streaming

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// TestMain is also the process that is killed: with RISKGATE_TEST_RING it
// publishes there from four goroutines for ever and prints each number it
// committed.
func TestMain(m *testing.M) {
	if path := os.Getenv("RISKGATE_TEST_RING"); path != "" {
		publishForever(path)
	}
	os.Exit(m.Run())
}

func publishForever(path string) {
	r, err := OpenRing(RingConfig{Path: path, Bytes: 8 << 20}, "victim", 7)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var mu sync.Mutex // guards stdout
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			ev := &models.Event{Path: []byte("/v1/orders/17"), Agent: make([]byte, 700)}
			for r.Publish(ev) {
				mu.Lock()
				fmt.Println(ev.Seq)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	select {}
}

func TestKilledProcessLosesNoCommittedEvent(t *testing.T) {
	for round := range 5 {
		path := filepath.Join(t.TempDir(), "ring")
		committed := killAfter(t, path, 200+700*round)
		r := openTestRing(t, path, 8)
		got := make(map[uint64]bool)
		for _, ev := range drainRing(t, r, true) {
			got[ev.Seq] = ev.Node == "victim" && ev.Boot == 7
		}
		for _, seq := range committed {
			if !got[seq] {
				t.Fatalf("round %d: event %d was committed and is gone; %d of %d there", round, seq, len(got), len(committed))
			}
		}
		v := r.Recovered()
		if extra := len(got) - len(committed); extra < 0 || extra > 4 || v.Abandoned > 4 {
			t.Errorf("round %d: %d events beyond those committed, %+v", round, extra, v)
		}
		r.Close()
	}
}

// killAfter kills a publishing process when it has committed n events, and returns
// the numbers of all that it had.
func killAfter(t *testing.T, path string, n int) (committed []uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "RISKGATE_TEST_RING="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		seq, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err == nil {
			committed = append(committed, seq)
		}
		if len(committed) == n {
			cmd.Process.Kill()
		}
	}
	cmd.Wait()
	return committed
}
