package models_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/riskgate/riskgate/"

// may lists, for each top-level room, the rooms it may import beside itself.
var may = map[string][]string{
	"models":    {},
	"risk":      {"models"},
	"signals":   {"models"},
	"streaming": {"models"},
	"gateway":   {"models", "risk", "signals", "streaming"},
	"bench":     {"models", "risk", "signals", "streaming"},
	"testdata":  {"models", "signals"},
	"cmd":       {"models", "risk", "signals", "streaming", "gateway", "bench", "testdata"},
}

// home says in which folder a heavy dependency lives. Tests may use it anywhere.
var home = map[string][]string{
	"github.com/segmentio/kafka-go":        {"streaming/kafka"},
	"github.com/oschwald/geoip2-golang":    {"signals/geo"},
	"github.com/oschwald/maxminddb-golang": {"signals/geo"},
	"github.com/maxmind/mmdbwriter":        {"signals/geo", "testdata/geo"},
	"github.com/dgraph-io/ristretto":       {"signals/baseline"},
	"github.com/dgraph-io/badger":          {"signals/baseline"},
	"github.com/go-jose/go-jose":           {"gateway/jose"},
	"github.com/cedar-policy/cedar-go":     {"gateway/authz"},
	"github.com/valyala/fasthttp":          {"gateway", "bench/load", "bench/peers"},
	"gonum.org/v1/plot":                    {"bench/eval/chart"},
}

// alone names programs that import nothing of ours.
var alone = []string{"bench/load", "bench/peers"}

type source struct {
	folder  string // slash-separated, relative to the module
	file    string
	test    bool
	imports []string
	doc     string
}

func TestImportDirection(t *testing.T) {
	for _, s := range sources(t) {
		room, _, _ := strings.Cut(s.folder, "/")
		allowed, known := may[room]
		if !known {
			t.Errorf("%s: %q is no room of the layout", s.file, room)
			continue
		}
		for _, path := range s.imports {
			inner, ours := strings.CutPrefix(path, module)
			target, _, _ := strings.Cut(inner, "/")
			switch {
			case !ours || s.test:
			case slices.ContainsFunc(alone, func(a string) bool { return within(s.folder, a) }):
				t.Errorf("%s imports %s, want nothing of ours", s.file, inner)
			case target != room && !slices.Contains(allowed, target):
				t.Errorf("%s imports %s, want only %v", s.file, inner, allowed)
			}
		}
	}
}

func TestHeavyDependenciesStayHome(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		for _, path := range s.imports {
			for dependency, homes := range home {
				if within(path, dependency) && !slices.ContainsFunc(homes, func(h string) bool { return within(s.folder, h) }) {
					t.Errorf("%s imports %s, whose home is %v", s.file, path, homes)
				}
			}
		}
	}
}

func TestModelsImportOnlyTheStandardLibrary(t *testing.T) {
	forbidden := []string{"os", "net", "net/http", "sync", "sync/atomic", "log", "io"}
	for _, s := range sources(t) {
		if s.folder != "models" || s.test {
			continue
		}
		for _, path := range s.imports {
			if strings.Contains(path, ".") || slices.Contains(forbidden, path) {
				t.Errorf("%s imports %s, want the standard library without I/O, locks and pools", s.file, path)
			}
		}
	}
}

func TestEveryPackageSaysWhatItDoes(t *testing.T) {
	docs := map[string]string{}
	for _, s := range sources(t) {
		if !s.test {
			docs[s.folder] += s.doc
		}
	}
	for folder, doc := range docs {
		if !strings.HasPrefix(doc, "Package ") && !strings.HasPrefix(doc, "Command ") {
			t.Errorf("%s: package comment %.40q, want one that starts with Package or Command", folder, doc)
		}
	}
}

func TestTopLevelHoldsNothingElse(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{
		"cmd", "gateway", "risk", "signals", "streaming", "models", "bench", "testdata", "docs", "go.mod", "go.sum",
		"Makefile", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md",
		"bin", "var", // not tracked
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) && e.Name()[0] != '.' {
			t.Errorf("%s is no part of the layout", e.Name())
		}
	}
}

func TestPinnedVersions(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"github.com/valyala/fasthttp v1.74.0", // newer ones do not resolve; each move reads the change log
		"github.com/oschwald/geoip2-golang/v2 v2.5.0",
		"github.com/dgraph-io/ristretto/v2 v2.4.2",
		"github.com/segmentio/kafka-go v0.4.51",
		"github.com/rs/zerolog v1.35.1",
	} {
		if !strings.Contains(string(mod), "\t"+line+"\n") {
			t.Errorf("go.mod does not require %s directly", line)
		}
	}
	if strings.Contains(string(mod), "replace ") {
		t.Error("go.mod has a replace directive")
	}
}

func within(path, parent string) bool {
	return path == parent || strings.HasPrefix(path, parent+"/")
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != ".." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		all = append(all, parse(t, path))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func parse(t *testing.T, path string) source {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.ToSlash(strings.TrimPrefix(path, ".."+string(filepath.Separator)))
	s := source{folder: filepath.ToSlash(filepath.Dir(file)), file: file, test: strings.HasSuffix(path, "_test.go")}
	for _, i := range f.Imports {
		name, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		s.imports = append(s.imports, name)
	}
	if f.Doc != nil {
		s.doc = f.Doc.Text()
	}
	return s
}
