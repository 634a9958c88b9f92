package results

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type row struct {
	World string
	N     int
}

// What one evaluation wrote survives another, and a second run of it replaces its
// own rows only.
func TestEvaluationsShareAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "eval.json")
	write := func(world string, n int) {
		t.Helper()
		f, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Merge(f, "rows", []row{{world, n}}, func(r row) bool { return r.World == world }); err != nil {
			t.Fatal(err)
		}
		if err := f.Set("last "+world, map[string]int{"n": n}); err != nil {
			t.Fatal(err)
		}
		if err := f.Write(path); err != nil {
			t.Fatal(err)
		}
	}
	write("A", 1)
	write("B", 2)
	write("A", 3)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const want = "{\n\"last A\": {\"n\":3},\n\"last B\": {\"n\":2},\n\"rows\": [\n {\"World\":\"B\",\"N\":2},\n {\"World\":\"A\",\"N\":3}]\n}\n"
	if string(text) != want {
		t.Errorf("file:\n%s\nwant:\n%s", text, want)
	}
	if !json.Valid(text) {
		t.Error("not JSON")
	}
}

func TestBrokenFileIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "eval.json")
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestGroupsAndSeeds(t *testing.T) {
	type one struct {
		key  string
		seed uint64
	}
	all := []one{{"b", 3}, {"a", 1}, {"b", 1}, {"b", 10}}
	groups := Group(all, func(o *one) string { return o.key })
	if len(groups) != 2 || len(groups[0]) != 3 || groups[0][2].seed != 10 || groups[1][0].key != "a" {
		t.Errorf("%v", groups)
	}
	if got := Seeds(all, func(o *one) uint64 { return o.seed }); got != "1 3 10" {
		t.Errorf("seeds %q, want 1 3 10", got)
	}
}

// Every seed has one purpose.
func TestPurposes(t *testing.T) {
	all := []uint64{0, 1, 99, 100, 199, 200, 7}
	for p, want := range map[Purpose]string{Development: "1 7 99", HeldOut: "100 199", Other: "0 200"} {
		of := For(p, all, func(s *uint64) uint64 { return *s })
		if got := Seeds(of, func(s *uint64) uint64 { return *s }); got != want {
			t.Errorf("%s: %s, want %s", p, got, want)
		}
	}
}

func TestValueOfWhatIsNotThere(t *testing.T) {
	f, was := File{"n": []byte("7"), "s": []byte(`"x"`)}, 3
	if err := Value(f, "m", &was); err != nil || was != 3 {
		t.Errorf("%d, %v, want 3 as before", was, err)
	}
	if err := Value(f, "n", &was); err != nil || was != 7 {
		t.Errorf("%d, %v, want 7", was, err)
	}
	if err := Value(f, "s", &was); err == nil {
		t.Error("text was read as a number")
	}
}
