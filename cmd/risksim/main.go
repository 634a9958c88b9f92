// Command risksim sends traffic to a gateway through a trusted proxy header: an
// access log with its original addresses, user agents and spacing, or a simulated
// world whose every request is labeled; and it writes such worlds to a file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

// Exit codes.
const (
	exitDone  = 0
	exitFault = 1
	exitUsage = 2
)

// options are the command line.
type options struct {
	accessLog   string
	target      string
	timeScale   float64
	keys        string
	keySeed     string
	writeKeys   string
	report      string
	limit       int
	concurrency int
	timeout     time.Duration
}

const usage = `risksim --access-log FILE --target URL [options]
risksim --access-log FILE --write-keys FILE
risksim trace --world A|B|API --out FILE                  (risksim trace --help)
risksim live --world A|B|API --target URL --labels FILE   (risksim live --help)

Sends the requests of an access log (combined format) in their order and spacing.
The gateway must trust the address that risksim sends from as a proxy: the
original client address is sent in X-Forwarded-For. A log holds no bodies and few
header fields: Accept, Accept-Encoding and, for browsers, Accept-Language are added.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	work, err := command(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		say(stderr, "risksim: %v\nrisksim: hint: risksim --help lists the options\n", err)
		return exitUsage
	}
	if err := work(ctx); err != nil {
		say(stderr, "risksim: %v\n", err)
		return exitFault
	}
	return exitDone
}

// command reads the command line and returns the work that it asks for.
func command(args []string, stdout, stderr io.Writer) (func(context.Context) error, error) {
	switch {
	case len(args) > 0 && args[0] == "trace":
		o, err := parseTrace(args[1:], stderr)
		return func(context.Context) error { return writeTrace(o, stdout, stderr) }, err
	case len(args) > 0 && args[0] == "live":
		o, err := parseLive(args[1:], stderr)
		return func(ctx context.Context) error { return live(ctx, o, stdout, stderr) }, err
	}
	o, err := parse(args, stderr)
	return func(ctx context.Context) error { return simulate(ctx, o, stdout, stderr) }, err
}

// say tells the user something; nobody can be told that it failed.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("risksim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		say(stderr, "%s\n", usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.accessLog, "access-log", "", "log to replay")
	flags.StringVar(&o.target, "target", "", "URL of the gateway; paths are those of the log")
	flags.Float64Var(&o.timeScale, "time-scale", 1, "how many times faster than recorded; 0: as fast as answered")
	flags.StringVar(&o.keys, "keys", "none", "none, or per-client: an API key for each client address")
	flags.StringVar(&o.keySeed, "key-seed", "risksim", "text from which the API keys are made")
	flags.StringVar(&o.writeKeys, "write-keys", "", "write keys.yaml with the keys of all clients to this file")
	flags.StringVar(&o.report, "report", "", "write what each client met to this file, as JSON")
	flags.IntVar(&o.limit, "limit", 0, "send only the first requests; 0: all")
	flags.IntVar(&o.concurrency, "concurrency", 32, "connections; the requests of a client share one")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "longest wait for one answer")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no option", rest[0])
	case o.accessLog == "":
		return errors.New("--access-log is missing")
	case o.target == "" && o.writeKeys == "":
		return errors.New("--target or --write-keys is missing")
	case o.keys != "none" && o.keys != "per-client":
		return fmt.Errorf("--keys %s, want none or per-client", o.keys)
	case o.timeScale < 0 || o.concurrency < 1 || o.limit < 0 || o.timeout <= 0:
		return errors.New("--time-scale, --concurrency, --limit and --timeout, want numbers above 0")
	}
	return nil
}
