package config

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

var update = flag.Bool("update", false, "rewrite golden files")

func noEnv(string) (string, bool) { return "", false }

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{"RISKGATE_ADMIN_TOKEN": "hunter2"}[name]
	return v, ok
}

func example(t *testing.T) []byte {
	t.Helper()
	src, err := os.ReadFile("testdata/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestExample(t *testing.T) {
	c, err := Parse("/etc/riskgate/riskgate.yaml", example(t), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	is := func(what string, got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	is("memory", c.Memory, models.Size(1<<30))
	is("admin.token", c.Admin.Token.Reveal(), "hunter2")
	// paths start at the folder of the file
	is("listener.tls.cert", c.Listener.TLS.Cert, "/etc/riskgate/tls/cert.pem")
	is("orders ca", c.Upstream.Pools["orders"].CA, "/etc/riskgate/tls/ca.pem")
	is("policies", c.Authz.Policies, "/etc/riskgate/policies")
	is("geo city", c.Signals.Geo.City, "/etc/riskgate/geo/city.mmdb")
	is("tor list", c.Signals.Geo.Lists["tor"], []string{"/etc/riskgate/lists/tor.txt"})
	is("store", c.Signals.Baseline.Store.Path, "/etc/riskgate/var/state")
	is("api key file", c.Authn.APIKeys.File, "/etc/riskgate/keys.yaml")
	is("default event file", c.Streaming.File.Path, "/etc/riskgate/var/events.jsonl")
	is("ring", c.Streaming.Ring.Path, "/dev/shm/riskgate")
	// what is left out keeps its default
	is("pool timeout", c.Upstream.Pools["web"].ConnectTimeout, 3*time.Second)
	is("admin step_up", c.Risk.Classes.Admin.StepUp, 25.0)
	is("admin deny", c.Risk.Classes.Admin.Deny, 85.0)
	is("admin no_step_up", c.Risk.Classes.Admin.NoStepUp, risk.FallbackDeny)
	is("route audit", c.Routes[0].Audit, BestEffort)
	is("route limited", c.Routes[0].Limited, true)
	is("site limited", c.Routes[4].Limited, false)
	is("refund audit", c.Routes[1].Audit, AuditRequired)
	// who may come
	is("orders", c.Routes[0].Accepts(), authn.JWT|authn.APIKey)
	is("routes without a list", (&Route{}).Accepts(), authn.JWT|authn.APIKey)
	is("login", c.Routes[2].Accepts(), authn.None)
	is("logoff", c.Routes[3].Activity, models.Logoff)
	is("site", c.Routes[4].Accepts(), authn.None)
	// where it stands
	is("place of risk.classes.admin", c.Place("risk.classes.admin.step_up"), "65:22")
	is("place of the second route", c.Place("routes[1]"), "23:5")
}

// A field that names a file must be known as a path, or a relative one would
// start where the process does instead of at the configuration.
func TestFilesAreKnownAsPaths(t *testing.T) {
	others := map[string]bool{"upstream.pools.*.health.path": true, "routes[].match.path": true}
	known := 0
	var walk func(t reflect.Type, path string)
	walk = func(typ reflect.Type, path string) {
		switch {
		case reader(typ) != nil:
			return
		case typ.Kind() == reflect.Slice:
			walk(typ.Elem(), path+"[]")
			return
		case typ.Kind() == reflect.Map:
			walk(typ.Elem(), path+".*")
			return
		case typ.Kind() == reflect.Pointer:
			walk(typ.Elem(), path)
			return
		}
		for _, f := range fieldsOf(typ) {
			at := joined(path, f.name)
			if f.path || slices.Contains(pathFields()[f.owner], f.goName) {
				known++
				continue
			}
			switch last := f.name[strings.LastIndexByte(f.name, '_')+1:]; last {
			case "file", "path", "cert", "key", "ca":
				if typ.FieldByIndex(f.index).Type.Kind() == reflect.String && !others[at] {
					t.Errorf("%s looks like the name of a file and is not in pathFields", at)
				}
			}
			walk(typ.FieldByIndex(f.index).Type, at)
		}
	}
	walk(reflect.TypeFor[Config](), "")
	if known < 19 {
		t.Errorf("found %d paths, want the whole configuration walked", known)
	}
}

// oneRoute is the least that a file says.
const oneRoute = `upstream: {pools: {web: {targets: ["http://127.0.0.1:9001"]}}}
routes: [{id: web, match: {path: /}, pool: web, authn: [none]}]
`

func TestWhatAFileLeavesOutIsTheDefault(t *testing.T) {
	c, err := Parse("riskgate.yaml", []byte(oneRoute), noEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	if !reflect.DeepEqual(c.Risk, want.Risk) || c.Memory != want.Memory || len(c.Routes) != 1 {
		t.Errorf("a route alone gives %+v", c)
	}
}

// A file that is emptied while it is watched must not be taken for one that
// forwards nothing.
func TestAFileWithoutRoutesIsAMistake(t *testing.T) {
	for _, src := range []string{"", "\n", "{}\n", "---\n", "# all gone\n", "routes:\n", "routes: []\n"} {
		_, err := Parse("x", []byte(src), noEnv)
		if want := "x:1:1: routes: none, want at least one"; err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", src, err, want)
		}
	}
}

// Every file in testdata/bad begins with the messages it must give, one
// "# want: " line each, in order.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files (%v), want at least 25", len(files), err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			base := filepath.Base(name)
			_, err = Parse(base, src, noEnv)
			var mistakes Mistakes
			if !errors.As(err, &mistakes) {
				t.Fatalf("error %v, want mistakes", err)
			}
			if *update {
				rewrite(t, name, string(src), mistakes)
				return
			}
			if got, want := mistakes.Error(), wanted(base, string(src)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

const wantLine = "# want: "

// wanted returns the messages with the name of the file put before the place.
func wanted(name, src string) string {
	var lines []string
	for line := range strings.Lines(src) {
		if message, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), wantLine); ok {
			lines = append(lines, name+":"+message)
		}
	}
	return strings.Join(lines, "\n")
}

// rewrite replaces the messages. The number of lines before the contents may
// change, and with it the places, so it is done twice.
func rewrite(t *testing.T, name, src string, mistakes Mistakes) {
	for range 2 {
		var head, body strings.Builder
		for line := range strings.Lines(src) {
			if !strings.HasPrefix(line, wantLine) {
				body.WriteString(line)
			}
		}
		for _, m := range mistakes {
			m.File = ""
			head.WriteString(wantLine + strings.TrimPrefix(m.String(), ":") + "\n")
		}
		src = head.String() + body.String()
		_, err := Parse("x", []byte(src), noEnv)
		if !errors.As(err, &mistakes) {
			t.Fatalf("error %v, want mistakes", err)
		}
	}
	if err := os.WriteFile(name, []byte(src), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	name := filepath.Join(t.TempDir(), "riskgate.yaml")
	if err := os.WriteFile(name, []byte("memori: 1GiB\n"+oneRoute), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Load(name)
	if want := name + ":1:1: memori: unknown key, want memory?"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	var mistakes Mistakes
	if _, err := Load(name + ".missing"); !errors.Is(err, fs.ErrNotExist) || errors.As(err, &mistakes) {
		t.Errorf("missing file: error %v, want one that is fs.ErrNotExist", err)
	}
}

func TestEffectiveConfigurationReadsBack(t *testing.T) {
	c, err := Parse("/etc/riskgate/riskgate.yaml", example(t), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(printed), "hunter2") {
		t.Error("the effective configuration shows a secret")
	}
	again := strings.ReplaceAll(string(printed), "<redacted>", "${RISKGATE_ADMIN_TOKEN}")
	back, err := Parse("/elsewhere/riskgate.yaml", []byte(again), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := back.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if string(twice) != string(printed) {
		t.Errorf("read back and printed again it says\n%s\nwant\n%s", twice, printed)
	}
}

func FuzzConfig(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, name := range append(files, "testdata/example.yaml") {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	f.Fuzz(func(t *testing.T, src string) {
		c, err := Parse("f", []byte(src), testEnv)
		var mistakes Mistakes
		if err != nil && (!errors.As(err, &mistakes) || len(mistakes) == 0) {
			t.Fatalf("error %v without mistakes", err)
		}
		if err != nil {
			return
		}
		printed, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again := strings.ReplaceAll(string(printed), "<redacted>", "${RISKGATE_ADMIN_TOKEN}")
		if _, err := Parse("f", []byte(again), testEnv); err != nil && len(again) <= maxFile {
			t.Fatalf("what is accepted is refused when printed:\n%v\n%s", err, again)
		}
	})
}

func TestUserPlace(t *testing.T) {
	f := func(user string, want bool) {
		t.Helper()
		if got := userPlace(user); got != want {
			t.Errorf("%q accepted: %v, want %v", user, got, want)
		}
	}
	f("", true)
	f("json:/username", true)
	f("json:username", false)
	f("form:username", true)
	f("form:", false)
	f("header:X-User", true)
	f("header:X User", false)
	f("cookie:user", false)
}
