// Command riskctl is the operator's tool: it explains decisions, follows the
// event stream, makes keys, imports geo tables and records verdicts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "unknown"

// cli is the command line. The exit code is 0 when done, 1 when the answer is no
// or the work failed, 2 when the command line is wrong.
type cli struct {
	Learn   learnCommand   `cmd:"" help:"Learn weights and the slope of the score from labels and from the outcomes of step-ups."`
	Replay  replayCommand  `cmd:"" help:"Score an access log, or recorded events, from nothing, and print what is remarkable."`
	Tune    tuneCommand    `cmd:"" help:"Find the thresholds that keep a budget of step-ups and denials on recorded decisions."`
	Whatif  whatifCommand  `cmd:"" help:"Make every recorded decision again by another risk section, and print what changes."`
	Explain explainCommand `cmd:"" help:"Recompute a decision from its event, print what made the score, and fail if it is not bit-identical."`
	Section sectionCommand `cmd:"" help:"Print a risk section that was published, learned weights included, as YAML."`
	Tail    tailCommand    `cmd:"" help:"Print the last events, and those that arrive, one line each."`
	Geo     struct {
		Import importCommand `cmd:"" help:"Make City and ASN databases from free tables."`
	} `cmd:"" help:"Work with geo databases."`
	Keys struct {
		New     newKeyCommand     `cmd:"" help:"Make an API key: the entry for keys.yaml on standard output, the key itself once on standard error."`
		Cluster clusterKeyCommand `cmd:"" help:"Make the cluster key file that protects state and pseudonyms."`
	} `cmd:"" help:"Work with keys."`
	Verdict verdictCommand `cmd:"" help:"Tell gateways what is known of a caller: append a verdict to their file."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "riskctl", version)
	return err
}

// streams are what a command reads and writes: results go to out, the rest to
// report.
type streams struct {
	in          io.Reader
	out, report io.Writer
}

// say tells the user what is no result; nobody can be told that it failed.
func (s streams) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.report, "riskctl: "+format+"\n", args...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run parses args, runs one command and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name("riskctl"), kong.Description("The operator's tool of riskgate."),
		kong.Writers(s.out, s.report), kong.Exit(func(n int) { code = n }),
		kong.WithHyphenPrefixedParameters(true), // --from - and -n -1
		kong.Bind(s), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	parsed, err := parser.Parse(args)
	if code >= 0 { // help was printed
		return code
	}
	if err != nil {
		s.say("%v", err)
		s.say("hint: riskctl --help")
		return 2
	}
	command, _, _ := strings.Cut(parsed.Command(), " <") // without its arguments
	return exit(parsed.Run(), s, command)
}

// exit prints what went wrong and what to do next, and returns the exit code.
func exit(err error, s streams, command string) int {
	var usage usageError
	var hint hintError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		s.say("%v", err)
		s.say("hint: riskctl %s --help", command)
		return 2
	}
	s.say("%v", err)
	if errors.As(err, &hint) {
		s.say("hint: %s", hint.hint)
	}
	return 1
}

// usageError is a mistake on the command line that only the command can see.
type usageError string

func (e usageError) Error() string { return string(e) }

func usage(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// hintError says what to do about an error.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

func withHint(err error, format string, args ...any) error {
	return hintError{err, fmt.Sprintf(format, args...)}
}
