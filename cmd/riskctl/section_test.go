package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
)

// What is printed decides as the published section did, weights, slope and
// thresholds as they were moved.
func TestSectionPrintsWhatWasLearned(t *testing.T) {
	c := risk.DefaultConfig()
	c.Learning, c.Budget.StepUp = risk.Learning{Weights: true}, 0.01
	weights := c.ByGroup()
	weights[models.Network] = 1.25
	learned := c.With(weights, 0.7, risk.Learned{Labels: 812, Attacks: 60}).Shifted(0.3)
	first, last := risk.New(c), risk.New(learned)
	file := filepath.Join(t.TempDir(), "events.jsonl")
	for name, content := range map[string][]byte{
		file + rotated: encode(configured(first), decided(1, moved(), first)),
		file:           append(encode(configured(last), decided(2, moved(), last)), `{"type":"riskgate.config"}`+"\n"...),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, report := runWith(t, nil, "section", "--from", file)
	if code != 0 || !strings.Contains(report, "1 records of risk sections cannot be used") ||
		!strings.Contains(out, fmt.Sprintf("# risk section %x, published by edge-1 at ", last.Hash())) ||
		!strings.Contains(out, ", learned from 812 labels: 60 attacks, 752 genuine\n") {
		t.Fatalf("exit code %d\n%s%s", code, out, report)
	}
	pasted, err := config.ParseRisk("section.yaml", []byte(out))
	if err != nil || pasted.Weights != learned.Weights || pasted.Slope != learned.Slope || pasted.Classes != learned.Classes || pasted.Learning.Any() {
		t.Errorf("%v: %+v, want %+v", err, pasted, learned)
	}
	hash := fmt.Sprintf("%x", first.Hash())
	if code, out, _ := runWith(t, nil, "section", hash[:6], "--from", file); code != 0 || !strings.Contains(out, "# risk section "+hash) {
		t.Errorf("of the file before: exit code %d\n%s", code, out)
	}
	code, out, _ = runWith(t, nil, "section", "--list", "--from", file)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); code != 0 || len(lines) != 2 ||
		!strings.HasSuffix(lines[0], hash+"  edge-1  slope 0.6") || !strings.HasSuffix(lines[1], "slope 0.7, learned from 812 labels: 60 attacks, 752 genuine") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, c := range []struct {
		hash string
		code int
		want string
	}{{"xyz", 2, "want up to 16 hex digits"}, {"0123456789abcdef", 1, "no risk section 0123456789abcdef"}} {
		if code, _, report := runWith(t, nil, "section", c.hash, "--from", file); code != c.code || !strings.Contains(report, c.want) {
			t.Errorf("%s: exit code %d, %s", c.hash, code, report)
		}
	}
}

// Without a hash there is none to name.
func TestNoSectionIsSaidPlainly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty.jsonl")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for hash, want := range map[string]string{"": "riskctl: no risk section in " + file, "0123": "riskctl: no risk section 0123 in " + file} {
		arguments := []string{"section", "--from", file}
		if hash != "" {
			arguments = append(arguments, hash)
		}
		if code, _, report := runWith(t, nil, arguments...); code != 1 || !strings.Contains(report, want+"\n") || strings.Contains(report, "--list") != (hash != "") {
			t.Errorf("%q: exit code %d, want %q\n%s", hash, code, want, report)
		}
	}
}
