// Command riskgate is the gateway.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "unknown"

// cli is the command line. The exit code is 0 when done, 1 when the answer is no
// or the work failed, 2 when the command line is wrong.
type cli struct {
	Serve   serveCommand   `cmd:"" help:"Run the gateway."`
	Check   checkCommand   `cmd:"" help:"Report every mistake of a configuration as file:line:col."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, "riskgate", version)
	return err
}

// streams are where a command writes: results to out, the rest to report.
type streams struct{ out, report io.Writer }

func main() { os.Exit(run(os.Args[1:], streams{os.Stdout, os.Stderr})) }

// run parses args, runs one command and returns the exit code.
func run(args []string, s streams) int {
	var c cli
	code := -1
	parser, err := kong.New(&c, kong.Name("riskgate"), kong.Description("An adaptive risk-scoring security gateway."),
		kong.Writers(s.out, s.report), kong.Exit(func(n int) { code = n }), kong.Bind(s))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	context, err := parser.Parse(args)
	if code >= 0 { // help was printed
		return code
	}
	if err != nil {
		fmt.Fprintf(s.report, "riskgate: %v\nriskgate: hint: riskgate --help\n", err)
		return 2
	}
	return exit(context.Run(), s.report)
}

// exit prints what went wrong and what to do next, and returns the exit code.
func exit(err error, report io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errMistakes): // printed, one line each
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(report, "riskgate: %v\nriskgate: hint: riskgate --help\n", err)
		return 2
	}
	fmt.Fprintf(report, "riskgate: %v\n", err)
	return 1
}

// usageError is a mistake on the command line that only the command can see.
type usageError string

func (e usageError) Error() string { return string(e) }
