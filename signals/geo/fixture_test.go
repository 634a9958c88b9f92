package geo

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The committed fixture databases are what the generator makes of networks.txt.
func TestFixtureIsGenerated(t *testing.T) {
	home := filepath.Join("..", "..", "testdata", "geo")
	out := t.TempDir()
	cmd := exec.Command("go", "run", "./generate", "-source", "networks.txt", "-out", out)
	cmd.Dir = home
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range []string{"city.mmdb", "asn.mmdb", "anonymous.mmdb"} {
		want, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRead(t, name); !bytes.Equal(got, want) {
			t.Errorf("testdata/geo/%s is not what networks.txt says: run go generate ./testdata/geo", name)
		}
	}
}
