package main

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals/baseline"
)

var (
	update    = flag.Bool("update", false, "write what the commands print into the scripts")
	decisions = flag.Int("decisions", 2000, "how many decisions TestEveryDecisionIsRecomputed recomputes")
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"riskctl": main})
}

// TestCommands runs testdata/script. Beside the usual commands there are
//
//	events FILE     writes the story of fixture_test.go
//	shadow FILE     appends the same under a risk section in shadow mode
//	bare FILE       writes the decisions of the story without their risk section
//	change FILE OLD NEW   replaces the first OLD
//	cut FILE        takes the last 100 bytes away
//	readkeys FILE... and readcluster FILE   read as the gateway does
//	exits CODE ARG...   runs riskctl and compares its exit code
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for i, name := range []string{"CONFIG", "USUAL", "MOVED", "STOLEN", "REFUSAL", "PASSED", "FINDING"} {
				e.Setenv(name, idText(i))
			}
			e.Setenv("TZ", "America/New_York")      // times are UTC whatever it is
			e.Setenv("GORACE", "atexit_sleep_ms=0") // not a second for each command
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"events": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), encode(story(risk.New(risk.DefaultConfig()))...), 0o600))
			},
			"shadow": func(ts *testscript.TestScript, _ bool, args []string) {
				was, _ := os.ReadFile(ts.MkAbs(args[0]))
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(was, encode(story(risk.New(inShadow()))...)...), 0o600))
			},
			"bare": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), encode(story(risk.New(risk.DefaultConfig()))[1:]...), 0o600))
			},
			"change":      change,
			"cut":         cut,
			"readkeys":    readKeys,
			"readcluster": readCluster,
			"exits":       exits,
		},
	})
}

func change(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	was, err := os.ReadFile(file)
	ts.Check(err)
	if n := bytes.Count(was, []byte(args[1])); n == 0 {
		ts.Fatalf("%s does not contain %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, bytes.Replace(was, []byte(args[1]), []byte(args[2]), 1), 0o600))
}

func cut(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	was, err := os.ReadFile(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, was[:len(was)-100], 0o600))
}

func readKeys(ts *testscript.TestScript, _ bool, args []string) {
	text := "keys:\n"
	for _, file := range args {
		text += ts.ReadFile(file)
	}
	file := filepath.Join(ts.MkAbs("."), "keys.yaml")
	ts.Check(os.WriteFile(file, []byte(text), 0o600))
	keys, err := authn.ReadKeys(file, time.Now())
	ts.Check(err)
	if len(keys) != len(args) {
		ts.Fatalf("%d keys, want %d", len(keys), len(args))
	}
}

func readCluster(ts *testscript.TestScript, _ bool, args []string) {
	_, err := baseline.LoadKeys(ts.MkAbs(args[0]))
	ts.Check(err)
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	code := run(context.Background(), args[1:], streams{strings.NewReader(""), io.Discard, io.Discard})
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("riskctl %s: exit code %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}
