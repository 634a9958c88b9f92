package config

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxFile bounds a configuration file, in bytes.
	maxFile = 256 << 10
	// maxDepth bounds how deep lists and sections may be nested.
	maxDepth = 32
)

// kind tells the forms a value can have in the file.
type kind uint8

const (
	empty  kind = iota // nothing, null or ~
	plain              // a scalar without quotes
	quoted             // a scalar in quotes, or a block of text
	list
	table
)

// node is one value of the file, with the position of its first character.
type node struct {
	kind  kind
	text  string // of plain and quoted
	pos   position
	keys  []entry // of a table, each name once
	items []*node // of a list
}

// entry is one key of a table and what it holds.
type entry struct {
	name  string
	pos   position
	value *node
}

// position counts from 1; the zero value is unknown.
type position struct{ line, column int }

// parse reads YAML without its more surprising parts: one document, text keys,
// every key once, no anchors, aliases, merge keys, tags and directives. It
// returns nil for an empty file.
func parse(src []byte) (*node, Mistakes) {
	t := &tree{}
	switch {
	case len(src) > maxFile:
		t.report(position{1, 1}, "", strconv.Itoa(len(src))+" bytes", "want a file of at most 256KiB")
	case !utf8.Valid(src):
		t.report(lineOf(src, firstInvalid(src)), "", "bytes that are not UTF-8", "want UTF-8")
	case bytes.IndexByte(src, 0) >= 0:
		t.report(lineOf(src, bytes.IndexByte(src, 0)), "", "a zero byte", "want text")
	default:
		return t.parse(src), t.mistakes
	}
	return nil, t.mistakes
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}

func lineOf(src []byte, offset int) position {
	before := src[:offset]
	return position{bytes.Count(before, []byte("\n")) + 1, offset - bytes.LastIndexByte(before, '\n')}
}

// tree builds nodes and collects what it does not accept.
type tree struct{ mistakes Mistakes }

func (t *tree) report(pos position, path, value, wish string) {
	t.mistakes.add(pos, path, value, wish)
}

func (t *tree) parse(src []byte) *node {
	tokens := lexer.Tokenize(string(src))
	if pos, deep := tooDeep(tokens); deep {
		t.report(pos, "", "too many levels", "want at most "+strconv.Itoa(maxDepth))
		return nil
	}
	for _, tk := range tokens {
		// The lexer drops tabs inside scalars without quotes.
		if plainToken(tk) && strings.Contains(strings.TrimSpace(tk.Origin), "\t") {
			t.report(position{tk.Position.Line, tk.Position.Column}, "", "a tab", "want spaces, or quotes around the text")
		}
	}
	file, err := parser.Parse(mendColons(tokens), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		t.syntax(err)
		return nil
	}
	var root *node
	for i, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case doc.Body.Type() == ast.DirectiveType:
			t.report(positionOf(doc.Body), "", "a directive", "want none")
		case i > 0 && root != nil:
			t.report(positionOf(doc.Body), "", "a second document", "want one document")
		default:
			root = t.node(doc.Body, "", 0)
		}
	}
	return root
}

// tooDeep looks for nesting before the parser, whose time grows with its
// square, does.
func tooDeep(tokens token.Tokens) (position, bool) {
	depth, line, inLine := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			line, inLine = tk.Position.Line, 0
		}
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			inLine++
		}
		if depth > maxDepth || inLine > maxDepth {
			return position{tk.Position.Line, tk.Position.Column}, true
		}
	}
	return position{}, false
}

func (t *tree) syntax(err error) {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		t.report(position{1, 1}, "", "malformed YAML", err.Error())
		return
	}
	p := e.GetToken().Position
	t.report(position{p.Line, p.Column}, "", "malformed YAML", e.GetMessage())
}

// node returns nil for what it reported.
func (t *tree) node(n ast.Node, path string, depth int) *node {
	if depth > maxDepth {
		t.report(positionOf(n), path, "too many levels", "want at most "+strconv.Itoa(maxDepth))
		return nil
	}
	out := &node{pos: positionOf(n)}
	switch n := n.(type) {
	case *ast.NullNode:
		out.kind = empty
	case *ast.StringNode:
		out.kind, out.text = quoted, n.Value
		if n.Token.Type == token.StringType {
			out.kind = plain
		}
	case *ast.LiteralNode:
		out.kind, out.text = quoted, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = plain, n.GetToken().Value
	case *ast.SequenceNode:
		out.kind = list
		for i, item := range n.Values {
			out.items = append(out.items, t.node(item, indexed(path, i), depth+1))
		}
	case *ast.MappingNode:
		out.kind = table
		t.entries(out, n.Values, path, depth)
	case *ast.MappingValueNode:
		out.kind = table
		t.entries(out, []*ast.MappingValueNode{n}, path, depth)
	default:
		t.refuse(n, path)
		return nil
	}
	return out
}

func (t *tree) refuse(n ast.Node, path string) {
	what := "unexpected " + n.Type().String()
	switch n.Type() {
	case ast.AnchorType:
		what = "an anchor"
	case ast.AliasType:
		what = "an alias"
	case ast.TagType:
		what = "a tag"
	}
	t.report(positionOf(n), path, what, "want the value itself")
}

func (t *tree) entries(out *node, values []*ast.MappingValueNode, path string, depth int) {
	first := map[string]position{}
	for _, v := range values {
		name, ok := keyName(v.Key)
		pos := positionOf(v.Key)
		if !ok {
			t.report(pos, path, "a key that is no text", "want a plain or quoted name")
			continue
		}
		at := joined(path, name)
		if seen, twice := first[name]; twice {
			t.report(pos, at, "duplicate key", "want it once, the first is in line "+strconv.Itoa(seen.line))
			continue
		}
		first[name] = pos
		out.keys = append(out.keys, entry{name, pos, t.node(v.Value, at, depth+1)})
	}
}

// keyName returns the text of a key; numbers count as text, merge keys do not.
func keyName(key ast.MapKeyNode) (string, bool) {
	switch k := key.(type) {
	case *ast.StringNode:
		return k.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return k.GetToken().Value, true
	}
	return "", false
}

// positionOf returns where n begins. The token of a table is its first colon,
// so the first key stands for it.
func positionOf(n ast.Node) position {
	for {
		m, ok := n.(*ast.MappingNode)
		if !ok || m.IsFlowStyle || len(m.Values) == 0 {
			break
		}
		n = m.Values[0].Key
	}
	if v, ok := n.(*ast.MappingValueNode); ok {
		n = v.Key
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return position{1, 1}
	}
	return position{tk.Position.Line, tk.Position.Column}
}
