package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asCrowd makes the test binary be a crowd: clients and service in a process of
// their own, so that the CPU time of this one is the gateway's alone.
const asCrowd = "RISKGATE_TEST_CROWD"

func TestMain(m *testing.M) {
	if os.Getenv(asCrowd) != "" {
		beCrowd()
		return
	}
	os.Exit(m.Run())
}

// beCrowd prints the address of its service, then does what its input says: a
// line "ADDRESS KEY N" sends N requests, each from an address of its own and, where
// the key is "forged", with a key of its own.
func beCrowd() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go answerAll(l)
	fmt.Println(l.Addr())
	var to, key string
	var n int
	for in := bufio.NewReader(os.Stdin); ; {
		if _, err := fmt.Fscanln(in, &to, &key, &n); err != nil {
			return // the other end is gone
		}
		fmt.Println(sendAll(to, key, n))
	}
}

// answerAll answers every request without a body.
func answerAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			for in := bufio.NewReader(c); skipHeader(in) == nil; {
				if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
					return
				}
			}
		}()
	}
}

func skipHeader(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil || len(line) == 2 {
			return err
		}
	}
}

// sendAll sends n requests on one connection and returns how many had which
// status.
func sendAll(to, key string, n int) string {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	in, seen := bufio.NewReader(c), map[string]int{}
	for i := range n {
		shown := key
		if key == "forged" {
			shown = fmt.Sprintf("rgk_forged%d_%052d", i, i)
		}
		_, err := fmt.Fprintf(c, "GET /items/1 HTTP/1.1\r\nHost: api\r\nUser-Agent: crowd\r\nX-Forwarded-For: 198.51.%d.%d\r\nX-Api-Key: %s\r\n\r\n",
			i>>8&255, i&255, shown)
		if err != nil {
			return err.Error()
		}
		status, err := readAnswer(in)
		if err != nil {
			return err.Error()
		}
		seen[status]++
	}
	return strings.ReplaceAll(fmt.Sprint(seen), " ", "")
}

// readAnswer reads one answer and returns its status.
func readAnswer(in *bufio.Reader) (status string, err error) {
	first, length := "", 0
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return "", err
		}
		if first == "" {
			first = line
		}
		if rest, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			_, _ = fmt.Sscan(rest, &length)
		}
		if line == "\r\n" {
			break
		}
	}
	_, err = in.Discard(length)
	return first[len("HTTP/1.1 "):][:3], err
}

// crowd is a running crowd, with a gateway between its two halves.
type crowd struct {
	*site
	out io.Writer
	in  *bufio.Reader
}

func newCrowd(t testing.TB) *crowd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), asCrowd+"=1"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close(); _ = cmd.Wait() })
	c := &crowd{site: newSite(t), out: stdin, in: bufio.NewReader(stdout)}
	address, err := c.in.ReadString('\n')
	c.must(err)
	c.replace("targets: [\""+c.service.URL, "targets: [\"http://"+strings.TrimSpace(address))
	c.start()
	return c
}

// send makes the crowd send n requests, fails the test unless all have status,
// and returns the CPU time that they took here.
func (c *crowd) send(key string, n, status int) time.Duration {
	c.t.Helper()
	before := cpu()
	fmt.Fprintln(c.out, c.Addr(), key, n)
	got, err := c.in.ReadString('\n')
	c.must(err)
	if want := fmt.Sprintf("map[%d:%d]\n", status, n); got != want {
		c.t.Fatalf("%s: %s, want %s", key, got, want)
	}
	return cpu() - before
}

// cpu returns the CPU time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkCrowd(b *testing.B, key func(*crowd) string, status int) {
	c := newCrowd(b)
	c.send(key(c), 200, status)
	b.ResetTimer()
	spent := c.send(key(c), b.N, status)
	b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
}

func forged(*crowd) string  { return "forged" }
func shown(c *crowd) string { return c.key }

func BenchmarkRefuseForgedKey(b *testing.B) { benchmarkCrowd(b, forged, 401) }
func BenchmarkForward(b *testing.B)         { benchmarkCrowd(b, shown, 200) }

// TestForgedKeysAgainstForwarding measures both in turns and logs the ratio; the
// budget is that refusing costs less.
func TestForgedKeysAgainstForwarding(t *testing.T) {
	const rounds, each = 5, 400
	c := newCrowd(t)
	c.send("forged", each, 401)
	c.send(c.key, each, 200)
	var ratios []float64
	var refuse, forward time.Duration
	for range rounds {
		r, f := c.send("forged", each, 401), c.send(c.key, each, 200)
		refuse, forward = refuse+r, forward+f
		ratios = append(ratios, float64(r)/float64(f))
	}
	slices.Sort(ratios)
	t.Logf("refusing a forged key %v CPU, forwarding %v CPU, median ratio %.2f",
		refuse/(rounds*each), forward/(rounds*each), ratios[rounds/2])
}
