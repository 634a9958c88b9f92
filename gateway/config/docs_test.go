package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// wholeFile is the first line of an example in the documents that is a file of
// its own.
const wholeFile = "# riskgate.yaml"

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// Every example that is a whole file passes riskgate check.
func TestExamplesInDocumentsPass(t *testing.T) {
	n := 0
	for name, text := range documents(t) {
		for _, m := range yamlBlock.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], wholeFile) {
				continue
			}
			n++
			if _, err := Parse(name, []byte(m[1]), anyEnv); err != nil {
				t.Errorf("%v\nin\n%s", err, m[1])
			}
		}
	}
	if n < 3 {
		t.Errorf("%d whole files found, want at least 3", n)
	}
}

func anyEnv(string) (string, bool) { return "x", true }

// documents returns the texts of the documents by name.
func documents(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		names, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			texts[name] = string(b)
		}
	}
	return texts
}

var (
	fixedPath   = regexp.MustCompile(`\{"([a-z_.]+)", g\.fixed`)
	restartList = regexp.MustCompile(`(?s)<!-- restart -->\n(.*?)<!-- end -->`)
)

// The guide names what needs a restart, as the code that refuses it does.
func TestGuideNamesWhatNeedsARestart(t *testing.T) {
	source, err := os.ReadFile("../reload.go")
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	fixed := fixedPath.FindAllSubmatch(source, -1)
	list := restartList.FindSubmatch(guide)
	if len(fixed) < 5 || list == nil {
		t.Fatalf("%d fixed sections in reload.go, list in the guide: %t", len(fixed), list != nil)
	}
	for _, m := range fixed {
		if !strings.Contains(string(list[1]), "`"+string(m[1])+"`") {
			t.Errorf("the guide does not say that %s needs a restart", m[1])
		}
	}
}

var (
	link  = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)
	fence = regexp.MustCompile("(?s)```.*?```")
)

// Links between documents lead somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	for name, text := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s: link to %s: %v", name, m[1], err)
			}
		}
	}
}
