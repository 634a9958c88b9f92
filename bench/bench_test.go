package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCPUTimeIsReadPastAnyProgramName(t *testing.T) {
	stat := "4711 (a (b) 9 9 c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0"
	if got, err := parseStat([]byte(stat)); err != nil || got != 2*time.Second {
		t.Errorf("%v, %v; want 2s", got, err)
	}
	if _, err := parseStat([]byte("4711 (x) S 1")); err == nil {
		t.Error("a short line is read")
	}
}

func TestOwnCPUTimeGrows(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("SKIPPED: no /proc")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: &exec.Cmd{Process: self}}
	before, err := p.cpuTime()
	if err != nil {
		t.Fatal(err)
	}
	for sum := sha256.Sum256(nil); ; sum = sha256.Sum256(sum[:]) {
		now, err := p.cpuTime()
		if err != nil {
			t.Fatal(err)
		}
		if now > before {
			break
		}
	}
	if rss, err := p.rss(); err != nil || rss < 1 {
		t.Errorf("resident memory %v MiB, %v", rss, err)
	}
}

// The load, the upstream and the bare proxy run as processes of their own, for
// real but not for long.
func TestBareProxyIsMeasured(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("SKIPPED: no /proc")
	}
	t.Chdir("..")
	out := filepath.Join(t.TempDir(), "proxy.json")
	ok, err := run(t.Context(), options{
		pairs: 1, warmup: 20 * time.Millisecond, measure: time.Second, connections: 4, only: "bare", out: out,
	})
	if err != nil || !ok {
		t.Fatalf("run = %v, %v", ok, err)
	}
	var r Report
	content, _ := os.ReadFile(out)
	if err := json.Unmarshal(content, &r); err != nil || len(r.Results) != 1 {
		t.Fatalf("report %s, %v", content, err)
	}
	if b := r.Results[0]; b.RPS < 100 || b.CPU <= 0 || b.P99 < b.P50 || b.RSS <= 0 {
		t.Errorf("measured %+v", b)
	}
}

func TestMedianAndInterval(t *testing.T) {
	if got := median([]float64{3, 1, 2}); got != 2 {
		t.Errorf("median of 3 1 2 is %v", got)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("median of 4 1 2 3 is %v", got)
	}
	low, high := interval([]float64{1.2, 1.2, 1.2})
	if low != 1.2 || high != 1.2 {
		t.Errorf("interval of equal values is [%v, %v]", low, high)
	}
	low, high = interval([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
	if !(low >= 2 && low <= 4 && high >= 7 && high <= 9) {
		t.Errorf("interval of 1..10 is [%v, %v]", low, high)
	}
}

func TestEventsAreCountedOverAllLabels(t *testing.T) {
	text := "# HELP a_total x\na_total{k=\"1\"} 2\na_total{k=\"2\"} 3e1\na_total_more 9\nb 1\n"
	if got, err := sumMetric(text, "a_total"); err != nil || got != 32 {
		t.Errorf("sum %v, %v; want 32", got, err)
	}
	if _, err := sumMetric(text, "c"); err == nil {
		t.Error("a metric that is missing counts as 0")
	}
}

func TestReportEndsWithTheRatio(t *testing.T) {
	bare := &subject{benchCase: benchCase{name: "bare"}, samples: []sample{{cpu: 20}, {cpu: 22}, {cpu: 21}}}
	file := &subject{benchCase: allCases[2], samples: []sample{{cpu: 30}, {cpu: 33}, {cpu: 42}}}
	r := (&session{subjects: []*subject{bare, file}}).report(options{pairs: 3})
	if !r.within(1.5) || r.within(1.4) || !r.within(0) {
		t.Error("a ratio of 1.5 is not held against its bound")
	}
	if text := r.text(); !strings.HasSuffix(text, "\nratio 1.50\n") {
		t.Errorf("the table ends with %q", text)
	}
	path := filepath.Join(t.TempDir(), "results", "proxy.json")
	if err := r.write(path); err != nil {
		t.Fatal(err)
	}
	content, _ := os.ReadFile(path)
	var back Report
	if err := json.Unmarshal(content, &back); err != nil || back.Results[1].CPU != 33 || back.Ratios[0].Ratio != 1.5 {
		t.Errorf("saved %+v, %v", back, err)
	}
}

func TestTokenIsSignedAsRFC7515Says(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, err := sign(key, 3, time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatalf("signature of %d bytes, %v", len(signature), err)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
		t.Error("the signature does not verify")
	}
}

func TestFixturesAreComplete(t *testing.T) {
	t.Chdir("..")
	f, err := writeFixtures(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(f.rings)
	for kind, file := range f.credentials {
		content, err := os.ReadFile(file)
		if err != nil || bytes.Count(content, []byte("\n")) != callers {
			t.Errorf("%s: %d credentials, %v; want %d", kind, bytes.Count(content, []byte("\n")), err, callers)
		}
	}
	for _, c := range allCases[1:] {
		path, err := f.writeConfig(c, "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
		if err != nil {
			t.Fatal(err)
		}
		content, _ := os.ReadFile(path)
		if !bytes.Contains(content, []byte("sink: "+c.sink)) || !bytes.Contains(content, []byte("authn: ["+c.credential+"]")) {
			t.Errorf("%s: configuration\n%s", c.name, content)
		}
	}
}
