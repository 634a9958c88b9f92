package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/risk"
)

// zipped writes a file of gzip, in two members as rotated logs may be.
func zipped(t *testing.T, name string, content []byte) string {
	t.Helper()
	var b bytes.Buffer
	for _, part := range [][]byte{content[:len(content)/2], content[len(content)/2:]} {
		z := gzip.NewWriter(&b)
		if _, err := z.Write(part); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is compressed reads like what is not, from a file and from standard input.
func TestCompressedFilesAreRead(t *testing.T) {
	engine := risk.New(risk.DefaultConfig())
	events := encode(configured(engine))
	for n := range 3 {
		events = append(events, encode(decided(n, known(), engine))...)
	}
	log := []byte(strings.Repeat(`192.0.2.7 - ada [21/Sep/2026:08:00:00 +0000] "GET /orders/1 HTTP/1.1" 200 512`+"\n", 4))
	for name, c := range map[string]struct {
		content []byte
		args    []string
	}{
		"access.log.gz":   {log, []string{"replay"}},
		"events.jsonl.gz": {events, []string{"replay"}},
		"decisions.gz":    {events, []string{"explain", idText(1)}},
	} {
		path, plain := zipped(t, name, c.content), filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(plain, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		f := func(path string, in []byte) string {
			code, out, report := runWith(t, in, append(c.args, "--from", path)...)
			if code != 0 || report != "" {
				t.Errorf("%s: exit code %d\n%s", name, code, report)
			}
			return strings.ReplaceAll(out, path, name)
		}
		want := f(plain, nil)
		if got := f(path, nil); got != want || got == "" {
			t.Errorf("%s: compressed\n%snot\n%s", name, got, want)
		}
		compressed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := f("-", compressed); got != f("-", c.content) {
			t.Errorf("%s: from standard input\n%s", name, got)
		}
	}
}

func TestCompressedFileMistakes(t *testing.T) {
	path := zipped(t, "events.jsonl.gz", []byte("{}\n"))
	if code, _, report := runWith(t, nil, "tail", "--from", path); code != 1 || !strings.Contains(report, "hint: zcat "+path+" | riskctl tail --from -") {
		t.Errorf("tail: exit code %d\n%s", code, report)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{2, 12, len(whole) - 1} {
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"replay"}, {"explain", "--all"}} {
			code, _, report := runWith(t, nil, append(args, "--from", path)...)
			if code != 1 || !strings.Contains(report, "read "+path+": ") {
				t.Errorf("%v of %d bytes: exit code %d\n%s", args, n, code, report)
			}
		}
	}
}
