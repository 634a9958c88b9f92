package config

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/riskgate.schema.json"

// comments reads what the sources say about the fields of configuration types.
type comments map[string]map[string]string // folder, then Type.Field

func (c comments) describe(t reflect.Type, field string) string {
	folder, ours := strings.CutPrefix(t.PkgPath(), "github.com/riskgate/riskgate/")
	if !ours {
		return ""
	}
	if c[folder] == nil {
		c[folder] = fieldComments(filepath.Join("../..", folder))
	}
	return c[folder][t.Name()+"."+field]
}

func fieldComments(folder string) map[string]string {
	found := map[string]string{}
	files, _ := filepath.Glob(filepath.Join(folder, "*.go"))
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil || strings.HasSuffix(name, "_test.go") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				structComments(spec, found)
			}
			return true
		})
	}
	return found
}

func structComments(spec *ast.TypeSpec, found map[string]string) {
	s, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		text := f.Doc.Text()
		if text == "" {
			text = f.Comment.Text()
		}
		for _, name := range f.Names {
			found[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
		}
	}
}

func TestSchemaFileIsCurrent(t *testing.T) {
	want, err := Schema(comments{}.describe)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the types say: go test ./gateway/config -update rewrites it", schemaFile)
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	src, err := Schema(nil)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("riskgate.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("riskgate.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validateYAML(t *testing.T, s *jsonschema.Schema, src []byte) error {
	t.Helper()
	root, mistakes := parse(src)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return s.Validate(asJSON(root))
}

// asJSON reads plain scalars as JSON does, else as text.
func asJSON(n *node) any {
	switch n.kind {
	case empty:
		return nil
	case list:
		items := []any{}
		for _, item := range n.items {
			items = append(items, asJSON(item))
		}
		return items
	case table:
		object := map[string]any{}
		for _, e := range n.keys {
			object[e.name] = asJSON(e.value)
		}
		return object
	case plain:
		var v any
		if json.Unmarshal([]byte(n.text), &v) == nil {
			return v
		}
	}
	return n.text
}

func TestSchemaAcceptsWhatLoadAccepts(t *testing.T) {
	s := compiled(t)
	if err := validateYAML(t, s, example(t)); err != nil {
		t.Errorf("example: %v", err)
	}
	c, err := Parse("riskgate.yaml", example(t), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	printed, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	printed = bytes.ReplaceAll(printed, []byte("<redacted>"), []byte("${X}"))
	if err := validateYAML(t, s, printed); err != nil {
		t.Errorf("effective configuration: %v", err)
	}
}

func TestSchemaRefusesShapesAndUnits(t *testing.T) {
	s := compiled(t)
	f := func(src string) {
		t.Helper()
		if validateYAML(t, s, []byte(src)) == nil {
			t.Errorf("schema accepts %s", src)
		}
		if _, err := Parse("x", []byte(src), noEnv); err == nil {
			t.Errorf("Parse accepts %s", src)
		}
	}
	f("memory: 64\n")
	f("memori: 64MiB\n")
	f("risk: {mode: off}\n")
	f("risk: {classes: {normal: {monitor: high}}}\n")
	f("stepup: {max_age: 5}\n")
	f("admin: {token: hunter2}\n")
	f("routes: {}\n")
	f("listener: {max_connections: 1.5}\n")
}

func TestShownDurations(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got := shortDuration(d); got != want {
			t.Errorf("%v is shown as %s, want %s", d, got, want)
		}
	}
	f(10*time.Second, "10s")
	f(5*time.Minute, "5m")
	f(time.Hour, "1h")
	f(90*time.Minute, "1h30m")
	f(70*time.Second, "1m10s")
	f(0, "0s")
}
