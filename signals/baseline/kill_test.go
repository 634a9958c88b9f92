package baseline

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

const (
	killStore    = "RISKGATE_TEST_KILL_STORE" // path; set in the process to be killed
	killSubjects = 150
)

// A process counts in more subjects than fit into its memory and says when a
// round is written, through Sync or by itself; then it is killed at work.
func TestKillLosesNothingWritten(t *testing.T) {
	for _, how := range []string{"sync", "wait"} {
		t.Run(how, func(t *testing.T) {
			c := storedConfig(t, 64)
			child := exec.Command(os.Args[0], "-test.run=^TestKilledProcess$")
			child.Env = append(os.Environ(), killStore+"="+c.Store.Path, "KILL_HOW="+how)
			child.Stderr = os.Stderr
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			written := uint32(0)
			lines := bufio.NewScanner(out)
			for written < 4 && lines.Scan() {
				_, _ = fmt.Sscanf(lines.Text(), "written %d", &written)
			}
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if _ = child.Wait(); written < 4 {
				t.Fatal("the process ended by itself")
			}
			m := testMemory(t, c)
			for i := range killSubjects {
				if got := counted(t, m, subject(i)); got < written {
					t.Fatalf("subject %d counts %d, want at least %d", i, got, written)
				}
			}
		})
	}
}

func TestKilledProcess(t *testing.T) {
	path := os.Getenv(killStore)
	if path == "" {
		t.Skip("runs only inside TestKillLosesNothingWritten")
	}
	c := testConfig(64)
	c.Store.Path = path
	m := testMemory(t, c)
	for round := uint64(1); ; round++ {
		for i := range killSubjects {
			count(t, m, subject(i), Declared)
		}
		if os.Getenv("KILL_HOW") == "sync" {
			flushNow(t, m)
		}
		for m.counts.written.Load() < round*killSubjects { // each changed once a round
			time.Sleep(time.Millisecond)
		}
		fmt.Printf("written %d\n", round)
	}
}
