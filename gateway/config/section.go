package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/riskgate/riskgate/risk"
)

// LoadRisk reads and checks the section risk of a file, which may be a whole
// riskgate.yaml or hold nothing else. Other sections are not looked at: they may
// name files and variables that exist on the gateway only. What is wrong is a
// Mistakes error; other errors say that the file could not be read.
func LoadRisk(name string) (risk.Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return risk.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return risk.Config{}, fmt.Errorf("read configuration %s: %w", name, err)
	}
	return ParseRisk(name, src)
}

// ParseRisk is LoadRisk of the contents of a file called name. Its only error is
// Mistakes.
func ParseRisk(name string, src []byte) (risk.Config, error) {
	c := Default()
	d := decoder{folder: filepath.Dir(name), defaults: elements(), where: positions{}}
	root, mistakes := parse(src)
	d.mistakes = mistakes
	if root != nil && root.kind == table {
		root.keys = slices.DeleteFunc(root.keys, func(e entry) bool { return e.name != "risk" && isSection(e.name) })
	}
	d.decode(root, reflect.ValueOf(&c).Elem(), "")
	unread := slices.Clone(d.mistakes)
	ps := c.Risk.Validate()
	for i := range ps {
		path := joined("risk", ps[i].Path)
		if !unread.touches(path) {
			d.mistakes.add(d.where.of(path), path, ps[i].Value, ps[i].Wish)
		}
	}
	if len(d.mistakes) > 0 {
		return risk.Config{}, d.mistakes.in(name)
	}
	return c.Risk, nil
}

// isSection reports whether a whole configuration has a key of that name.
func isSection(name string) bool {
	return slices.ContainsFunc(fieldsOf(reflect.TypeFor[Config]()), func(f field) bool { return f.name == name })
}
