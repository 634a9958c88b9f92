// Command load sends requests as fast as they are answered, over a fixed number
// of keep-alive connections, and prints what it saw as JSON.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// options says what to send, how often and for how long.
type options struct {
	target      *url.URL
	method      string
	connections int
	duration    time.Duration
	count       int64      // 0: until the duration is over
	headers     []string   // "Name: value", on every request
	vary        [][]string // lines like headers, the next ones on each request
}

func main() {
	o, err := parseOptions(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	}
	result, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	if err := out.Encode(result); err != nil {
		os.Exit(1)
	}
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	target := flags.String("target", "", "URL to send to, http only")
	vary := flags.String("vary", "", "file of header lines of which each request takes the next; a tab joins lines")
	flags.StringVar(&o.method, "method", "GET", "method")
	flags.IntVar(&o.connections, "connections", 16, "connections, each with one request under way")
	flags.DurationVar(&o.duration, "duration", 3*time.Second, "how long to send")
	flags.Int64Var(&o.count, "count", 0, "end after so many requests; 0: after the duration")
	flags.Func("header", "header line, may be repeated", func(line string) error {
		o.headers = append(o.headers, line)
		return checkHeader(line)
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.target, err = url.Parse(*target); err != nil || o.target.Scheme != "http" || o.target.Host == "" {
		return o, fmt.Errorf("-target %q, want http://host:port/path", *target)
	}
	if o.connections < 1 {
		return o, fmt.Errorf("-connections %d, want at least 1", o.connections)
	}
	if *vary == "" {
		return o, nil
	}
	o.vary, err = readHeaders(*vary)
	return o, err
}

func checkHeader(line string) error {
	if !strings.Contains(line, ": ") || strings.ContainsAny(line, "\r\n") {
		return fmt.Errorf("header %q, want Name: value", line)
	}
	return nil
}

// readHeaders reads a file with the header lines of one request on each line.
func readHeaders(path string) ([][]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all [][]string
	for text := range strings.Lines(string(content)) {
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\t")
		for _, line := range lines {
			if err := checkHeader(line); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		all = append(all, lines)
	}
	return all, nil
}

// requests returns the requests to send, complete as bytes.
func (o options) requests() [][]byte {
	variants := o.vary
	if len(variants) == 0 {
		variants = [][]string{nil}
	}
	all := make([][]byte, len(variants))
	for i, v := range variants {
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", o.method, o.target.RequestURI(), o.target.Host)
		for _, line := range slices.Concat(o.headers, v) {
			b.WriteString(line + "\r\n")
		}
		b.WriteString("\r\n")
		all[i] = []byte(b.String())
	}
	return all
}
