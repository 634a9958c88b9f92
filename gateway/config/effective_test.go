package config

import (
	"reflect"
	"testing"
)

func TestPrintedTextsReadBack(t *testing.T) {
	type texts struct {
		One  string            `yaml:"one"`
		Map  map[string]string `yaml:"map"`
		List []string          `yaml:"list"`
		Rest []Part            `yaml:"rest"`
	}
	for _, s := range []string{
		"", "a", "a b", " a", "a ", "1", "1_000", "0x1", "1e3", ".5", "+1", "12:30", "yes", "True", "null", "~", ".nan",
		"a: b", "a:", ":", "a #b", "#", "- a", "-", "---", "...", "? a", "?", "<<", "*a", "&a", "!a", "%a", "@a", "`",
		"{a}", "[a]", "}", "|", ">", ",", "'", "\"", `\`, `\n`, "\n", "a\n", "\na", "a\n\nb", "\t", "a\tb", "a\rb",
		"\x01", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "é", "☃", "🙂", "${HOME}", "<redacted>",
	} {
		in := texts{s, map[string]string{s: s}, []string{s, s}, []Part{{s}, {s}}}
		var p printer
		p.section(reflect.ValueOf(in), 0)
		var out texts
		root, mistakes := parse(p.Bytes())
		d := decoder{where: positions{}, mistakes: mistakes}
		d.decode(root, reflect.ValueOf(&out).Elem(), "")
		if len(d.mistakes) > 0 || !reflect.DeepEqual(in, out) {
			t.Errorf("%q reads back as %+q, %v:\n%s", s, out, d.mistakes, p.Bytes())
		}
	}
}
