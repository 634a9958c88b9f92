package config

import (
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

type sample struct {
	Name     string                    `yaml:"name"`
	On       bool                      `yaml:"on"`
	Count    int                       `yaml:"count"`
	Small    int8                      `yaml:"small"`
	Port     uint16                    `yaml:"port"`
	Ratio    float64                   `yaml:"ratio"`
	Wait     time.Duration             `yaml:"wait"`
	Size     models.Size               `yaml:"size"`
	Rate     models.RatePerSecond      `yaml:"rate"`
	Share    models.Share              `yaml:"share"`
	Mode     models.Mode               `yaml:"mode"`
	Secret   models.Secret             `yaml:"secret"`
	Networks []netip.Prefix            `yaml:"networks"`
	Address  netip.Addr                `yaml:"address"`
	File     string                    `yaml:"file" path:"true"`
	Files    map[string][]string       `yaml:"files" path:"true"`
	Inner    inner                     `yaml:"inner"`
	Maybe    *inner                    `yaml:"maybe"`
	Spare    string                    `yaml:"spare" path:"true"`
	List     []inner                   `yaml:"list"`
	Named    map[string]inner          `yaml:"named"`
	Weights  map[string]float64        `yaml:"weights"`
	Nested   map[string]map[string]int `yaml:"nested"`
	Part     `yaml:",inline"`
	hidden   int
	NoTag    int
}

type inner struct {
	X int `yaml:"x"`
	Y int `yaml:"y"`
}

// Part stands for a type whose keys are keys of another section.
type Part struct {
	Extra string `yaml:"extra"`
}

func decodeSample(src string, env map[string]string) (sample, Mistakes) {
	s := sample{Name: "default", Spare: "var/spare", Inner: inner{X: 1, Y: 2}, Weights: map[string]float64{"a": 1},
		Named: map[string]inner{"there": {X: 1, Y: 2}}}
	d := decoder{
		folder: "/etc/riskgate", where: positions{},
		env:      func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		defaults: map[reflect.Type]reflect.Value{reflect.TypeFor[inner](): reflect.ValueOf(inner{Y: 7})},
	}
	root, mistakes := parse([]byte(src))
	d.mistakes = mistakes
	d.decode(root, reflect.ValueOf(&s).Elem(), "")
	p := paths{folder: d.folder}
	p.within(reflect.ValueOf(&s).Elem())
	return s, d.mistakes.in("f")
}

func TestDecode(t *testing.T) {
	const src = `
name: gate
on: true
count: -3
small: 127
port: 65535
ratio: 1e-3
wait: 1m30s
size: 64KiB
rate: 600/m
share: 0.5%
mode: shadow
secret: ${TOKEN}
networks: [10.0.0.0/8, "2001:db8::/32"]
address: 192.0.2.1
file: keys.yaml
files: {a: [x, /y]}
inner: {x: 5}
maybe: {x: 6}
list:
  - x: 8
  - {y: 9}
named:
  new: {x: 3}
  there: {x: 4}
weights: {b: 0.5}
nested: {one: {two: 3}}
extra: "8"
`
	got, mistakes := decodeSample(src, map[string]string{"TOKEN": "s3cret"})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	want := sample{
		Name: "gate", On: true, Count: -3, Small: 127, Port: 65535, Ratio: 1e-3, Wait: 90 * time.Second,
		Size: 64 << 10, Rate: 10, Share: 0.005, Mode: models.Shadow, Secret: "s3cret",
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
		Address:  netip.MustParseAddr("192.0.2.1"),
		File:     "/etc/riskgate/keys.yaml",
		Files:    map[string][]string{"a": {"/etc/riskgate/x", "/y"}},
		Spare:    "/etc/riskgate/var/spare", // a default is a path like any other
		Inner:    inner{X: 5, Y: 2},
		Maybe:    &inner{X: 6, Y: 7},
		List:     []inner{{X: 8, Y: 7}, {Y: 9}},
		Named:    map[string]inner{"new": {X: 3, Y: 7}, "there": {X: 4, Y: 2}},
		Weights:  map[string]float64{"a": 1, "b": 0.5},
		Nested:   map[string]map[string]int{"one": {"two": 3}},
		Part:     Part{Extra: "8"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("decoded %+v\nwant %+v", got, want)
	}
}

func TestWhatIsNotWrittenKeepsItsDefault(t *testing.T) {
	want, _ := decodeSample("", nil)
	for _, src := range []string{"# nothing\n", "---\n", "inner:\n", "maybe: ~\nlist: null\nnamed:\n", "inner: {}\nweights: {}\n"} {
		got, mistakes := decodeSample(src, nil)
		if len(mistakes) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v %v, want the defaults", src, got, mistakes)
		}
	}
}

func TestMistakes(t *testing.T) {
	f := func(src string, want ...string) {
		t.Helper()
		_, mistakes := decodeSample(src, map[string]string{"EMPTY": ""})
		if got, want := mistakes.Error(), strings.Join(want, "\n"); got != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", src, got, want)
		}
	}
	// all at once, in the order of the file
	f("count: many\nport: 65536\ninner: {x: 1.5}\n",
		"f:1:8: count: many, want a whole number",
		"f:2:7: port: 65536, want a whole number from 0 to 65535",
		"f:3:12: inner.x: 1.5, want a whole number")
	// unknown keys, with the one that was meant
	f("nmae: x\ninner: {z: 1}\nmaybe: {xx: 1}\nqqqqqq: 1\n",
		"f:1:1: nmae: unknown key, want name?",
		"f:2:9: inner.z: unknown key, want x?",
		"f:3:9: maybe.xx: unknown key, want x?",
		"f:4:1: qqqqqq: unknown key, want one of name, on, count, small, port, ratio, wait, size, rate, share, mode, secret, networks, address, file, files, inner, maybe, spare, list, named, weights, nested, extra")
	f("notag: 1\ninner: {Y: 1}\n",
		"f:1:1: notag: unknown key, want one of name, on, count, small, port, ratio, wait, size, rate, share, mode, secret, networks, address, file, files, inner, maybe, spare, list, named, weights, nested, extra",
		"f:2:9: inner.Y: unknown key, want x?")
	// every key once
	f("name: a\nname: b\ninner:\n  x: 1\n  x: 2\n",
		"f:2:1: name: duplicate key, want it once, the first is in line 1",
		"f:5:3: inner.x: duplicate key, want it once, the first is in line 4")
	// units
	f("wait: 5\n", "f:1:7: wait: 5, want a duration with its unit, like 100ms, 5s or 10m")
	f("wait: 0\n", "f:1:7: wait: 0, want a duration with its unit, like 100ms, 5s or 10m")
	f("wait: 5 s\n", "f:1:7: wait: 5 s, want a duration with its unit, like 100ms, 5s or 10m")
	f("size: 64\n", "f:1:7: size: 64, want a size with its unit, like 64KiB, 1MiB or 2GiB")
	f("size: 64KB\n", "f:1:7: size: 64KB, want a size with its unit, like 64KiB, 1MiB or 2GiB")
	f("rate: 5\n", "f:1:7: rate: 5, want a positive rate with its unit, like 50/s, 600/m or 1000/h")
	f("share: 0.5\n", "f:1:8: share: 0.5, want a percentage from 0% to 100%")
	// types
	f("name: 5\n", "f:1:7: name: 5, want a text, in quotes if it looks like something else")
	f("name: true\n", "f:1:7: name: true, want a text, in quotes if it looks like something else")
	f("name: [a]\n", "f:1:7: name: a list, want a text")
	f("name: {a: 1}\n", "f:1:7: name: a section, want a text")
	f("name:\n", "f:1:1: name: nothing, want a text")
	f("on: yes\n", "f:1:5: on: yes, want true or false")
	f("on: \"true\"\n", "f:1:5: on: \"true\", want true or false")
	f("count: 0x10\n", "f:1:8: count: 0x10, want a whole number")
	f("count: 1_000\n", "f:1:8: count: 1_000, want a whole number")
	f("count: \"1\"\n", "f:1:8: count: \"1\", want a whole number")
	f("small: 128\n", "f:1:8: small: 128, want a whole number from -128 to 127")
	f("ratio: .nan\n", "f:1:8: ratio: .nan, want a number")
	f("ratio: 1e999\n", "f:1:8: ratio: 1e999, want a number")
	f("mode: off\n", "f:1:7: mode: off, want one of enforce, shadow")
	f("mode: [shadow]\n", "f:1:7: mode: a list, want one of enforce, shadow")
	f("networks: 10.0.0.0/8\n", "f:1:11: networks: 10.0.0.0/8, want a list: [a, b]")
	f("networks: [10.0.0.0]\n", "f:1:12: networks[0]: 10.0.0.0, want a network, like 10.0.0.0/8 or 2001:db8::/32")
	f("address: here\n", "f:1:10: address: here, want an address, like 192.0.2.1 or 2001:db8::1")
	f("inner: 5\n", "f:1:8: inner: 5, want a section: key: value")
	f("named: [1]\n", "f:1:8: named: a list, want names with values: name: value")
	f("list:\n  - x: 1\n  - 5\n  - z: 1\n",
		"f:3:5: list[1]: 5, want a section: key: value",
		"f:4:5: list[2].z: unknown key, want x?")
	f("nested: {a: {b: c}}\n", "f:1:17: nested.a.b: c, want a whole number")
	f("- a\n", "f:1:1: a list, want a section: key: value")
	f("hello\n", "f:1:1: hello, want a section: key: value")
	// secrets never stand in the file, nor in a message
	f("secret: hunter2\n", "f:1:9: secret: <redacted>, want ${NAME} of the environment or file:PATH")
	f("secret: 12345\n", "f:1:9: secret: <redacted>, want ${NAME} of the environment or file:PATH")
	f("secret: ${NOT_SET}\n", "f:1:9: secret: <redacted>, want ${NOT_SET} to be set in the environment")
	f("secret: ${EMPTY}\n", "f:1:9: secret: <redacted>, want ${EMPTY} to be set in the environment")
	f("secret: file:/nowhere/at/all\n", "f:1:9: secret: <redacted>, want a readable file of at most 64KiB after \"file:\"")
	// the environment is for secrets only
	f("name: ${HOME}\ncount: ${COUNT}\n", "f:2:8: count: ${COUNT}, want a whole number")
	// YAML's surprises
	f("inner: &a {x: 1}\nmaybe: *a\n",
		"f:1:8: inner: an anchor, want the value itself",
		"f:2:8: maybe: an alias, want the value itself")
	f("inner:\n  <<: {x: 1}\n", "f:2:3: inner: a key that is no text, want a plain or quoted name")
	f("name: !!str 5\n", "f:1:7: name: a tag, want the value itself")
	f("name: a\n---\nname: b\n", "f:3:1: a second document, want one document")
	f("%YAML 1.2\n---\nname: a\n", "f:1:1: a directive, want none")
	f("name: a: b\n", "f:1:7: malformed YAML, mapping value is not allowed in this context")
	f("list:\n\t- x\n", "f:2:1: malformed YAML, found character '\t' that cannot start any token")
	f("name: \xff\n", "f:1:7: bytes that are not UTF-8, want UTF-8")
	f("name: a\nextra: \x00\n", "f:2:8: a zero byte, want text")
	f("name: a\tb\nextra: \"a\tb\"\n", "f:1:7: a tab, want spaces, or quotes around the text")
	f("list: "+strings.Repeat("[", 50), "f:1:39: too many levels, want at most 32")
	f(strings.Repeat("- ", 50), "f:1:65: too many levels, want at most 32")
	f(strings.Repeat("#", maxFile+1), "f:1:1: 262145 bytes, want a file of at most 256KiB")
}

func TestColonsBetweenBraces(t *testing.T) {
	f := func(src string, want map[string]string) {
		t.Helper()
		root, mistakes := parse([]byte(src))
		if len(mistakes) > 0 {
			t.Errorf("%s: %v", src, mistakes)
			return
		}
		got := map[string]string{}
		for _, e := range root.keys {
			got[e.name] = e.value.text
			for _, item := range e.value.items {
				got[e.name] += item.text + ";"
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", src, got, want)
		}
	}
	f("{a: urn:mfa, b: x}", map[string]string{"a": "urn:mfa", "b": "x"})
	f("{a: [urn:pwd, urn:a:b:c]}", map[string]string{"a": "urn:pwd;urn:a:b:c;"})
	f("{a: http://127.0.0.1:9001/x, b: 12:30}", map[string]string{"a": "http://127.0.0.1:9001/x", "b": "12:30"})
	f("{a: json:/username}", map[string]string{"a": "json:/username"})
	f(`{"a":b, c: d}`, map[string]string{"a": "b", "c": "d"})
	f("a: urn:mfa\nb: [urn:mfa]", map[string]string{"a": "urn:mfa", "b": "urn:mfa;"})
}

func TestSecretFromFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, mistakes := decodeSample("secret: file:"+name+"\n", nil)
	if len(mistakes) > 0 || got.Secret.Reveal() != "s3cret" {
		t.Errorf("secret %q, mistakes %v, want s3cret", got.Secret.Reveal(), mistakes)
	}
}

func TestDefaultsStayAsTheyWere(t *testing.T) {
	defaults := map[string]float64{"a": 1}
	before := maps.Clone(defaults)
	s := sample{Weights: defaults}
	root, _ := parse([]byte("weights: {a: 2, b: 3}\n"))
	d := decoder{where: positions{}}
	d.decode(root, reflect.ValueOf(&s).Elem(), "")
	if !maps.Equal(defaults, before) {
		t.Errorf("decoding changed the defaults to %v", defaults)
	}
}

func TestPositionOfTheNearestPart(t *testing.T) {
	root, _ := parse([]byte("name: a\ninner:\n  x: 1\nlist:\n  - x: 1\n  -\n    y: 2\n"))
	d := decoder{where: positions{}}
	var s sample
	d.decode(root, reflect.ValueOf(&s).Elem(), "")
	f := func(path string, line, column int) {
		t.Helper()
		if got := d.where.of(path); got != (position{line, column}) {
			t.Errorf("%s stands at %d:%d, want %d:%d", path, got.line, got.column, line, column)
		}
	}
	f("name", 1, 7)
	f("inner", 2, 1)
	f("inner.x", 3, 6)
	f("inner.y", 2, 1)
	f("list[0]", 5, 5)
	f("list[1].y", 7, 8)
	f("list[1].x.z", 7, 5)
	f("count", 1, 1)
	f("", 1, 1)
}

func TestEditDistance(t *testing.T) {
	f := func(a, b string, want int) {
		t.Helper()
		if got := editDistance(a, b); got != want {
			t.Errorf("%s to %s takes %d edits, want %d", a, b, got, want)
		}
	}
	f("", "", 0)
	f("abc", "", 3)
	f("treshold", "threshold", 1)
	f("kitten", "sitting", 3)
}

func FuzzParse(f *testing.F) {
	f.Add("name: a\ninner: {x: 1}\n")
	f.Add("list:\n  - x: 1\n  - {y: 2}\nnetworks: [10.0.0.0/8]\nwait: 5\n")
	f.Add("a: &x 1\nb: *x\n<<: {}\n? q\n: r\n--- |\n text\n")
	f.Add("secret: hunter2hunter2\n")
	f.Add("\r\r0")
	f.Fuzz(func(t *testing.T, src string) {
		got, mistakes := decodeSample(src, nil)
		lines := strings.Count(src, "\n") + strings.Count(src, "\r") + 1
		for _, m := range mistakes {
			if m.Line < 1 || m.Column < 1 || m.Line > lines+1 {
				t.Errorf("%s: no such place in %d lines", m, lines)
			}
			if strings.HasPrefix(m.Path, "secret") && strings.Contains(m.String(), "hunter2") {
				t.Errorf("%s: tells the secret", m)
			}
		}
		again, _ := decodeSample(src, nil)
		if !reflect.DeepEqual(got, again) {
			t.Errorf("read twice: %+v and %+v", got, again)
		}
	})
}
