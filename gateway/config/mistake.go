package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// Mistake is one thing wrong with a configuration file.
type Mistake struct {
	File         string
	Line, Column int // from 1
	models.Problem
}

// String returns "file:line:col: path: value, wish"; the path is left out where
// the mistake is about the file as a whole.
func (m Mistake) String() string {
	text := m.Problem.String()
	if m.Path == "" {
		text = m.Value + ", " + m.Wish
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, text)
}

// Mistakes is every mistake of a file, in the order of the file. As an error it
// is never empty.
type Mistakes []Mistake

// Error returns one mistake per line.
func (ms Mistakes) Error() string {
	lines := make([]string, len(ms))
	for i, m := range ms {
		lines[i] = m.String()
	}
	return strings.Join(lines, "\n")
}

func (ms *Mistakes) add(pos position, path, value, wish string) {
	*ms = append(*ms, Mistake{Line: pos.line, Column: pos.column,
		Problem: models.Problem{Path: path, Value: value, Wish: wish}})
}

// in names the file and sorts.
func (ms Mistakes) in(file string) Mistakes {
	for i := range ms {
		ms[i].File = file
	}
	slices.SortStableFunc(ms, func(a, b Mistake) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return ms
}

// touches reports whether the value at path, or one that contains it, is among
// the mistakes. One about the file as a whole contains every value.
func (ms Mistakes) touches(path string) bool {
	return slices.ContainsFunc(ms, func(m Mistake) bool {
		return m.Path == "" || path == m.Path || strings.HasPrefix(path, m.Path+".") || strings.HasPrefix(path, m.Path+"[")
	})
}

// positions finds where a path of the configuration stands in the file.
type positions map[string]position

// of returns the position of path, or of the nearest part around it that the
// file mentions; the beginning of the file if there is none.
func (ps positions) of(path string) position {
	for path != "" {
		if pos, ok := ps[path]; ok {
			return pos
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return position{1, 1}
}

func joined(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func indexed(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
