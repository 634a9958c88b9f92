package config

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming"
)

const guideFile = "../../docs/configuration.md"

// keysOf writes the keys of one section as a list, from what reads them: types,
// comments, defaults and what Validate wants.
type keysOf struct {
	bytes.Buffer
	comments comments
	config   *Config
	commits  []func() // that carry a change of an element back into its map
	problems []string // of the comments
	told     map[reflect.Type]bool
}

// walk lists v, which is addressable. Path is as Validate writes it, shown as a
// reader sees it.
func (k *keysOf) walk(v reflect.Value, path, shown string) {
	again := k.told[v.Type()] // as the classes of routes
	k.told[v.Type()] = true
	for _, f := range fieldsOf(v.Type()) {
		part := v.FieldByIndex(f.index)
		at, name := join(path, f.name), join(shown, f.name)
		said := k.comments.describe(f.owner, f.goName)
		if f.doc != "" {
			said = f.doc
		}
		if said = inWordsOfTheFile(said, f); again {
			said = ""
		}
		if inner := sectionIn(part.Type()); inner == nil {
			k.leaf(part, at, name, f.goName, said)
		} else {
			k.group(name, f.goName, said, part.Type())
			k.inside(part, at, name)
		}
	}
}

// inWordsOfTheFile replaces the names of fields in a comment by those of keys.
func inWordsOfTheFile(said string, of field) string {
	for _, f := range fieldsOf(of.owner) {
		if strings.EqualFold(f.goName, f.name) && f.goName == strings.ToUpper(f.goName) {
			continue // TLS is a word of its own
		}
		name := regexp.MustCompile(`([a-z,] )` + f.goName + `\b( field| of| database)?`)
		said = name.ReplaceAllStringFunc(said, func(found string) string {
			if !strings.HasSuffix(found, f.goName) { // a field of HTTP, a thing of somebody else
				return found
			}
			return strings.TrimSuffix(found, f.goName) + "`" + f.name + "`"
		})
	}
	return said
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// sectionIn returns the section that a value holds, in a list, a map or a pointer,
// nil for scalars and lists of them.
func sectionIn(t reflect.Type) reflect.Type {
	if reader(t) != nil {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return t
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return sectionIn(t.Elem())
	}
	return nil
}

// inside goes into the first element.
func (k *keysOf) inside(v reflect.Value, path, shown string) {
	switch v.Kind() {
	case reflect.Struct:
		k.walk(v, path, shown)
	case reflect.Pointer:
		k.walk(v.Elem(), path, shown)
	case reflect.Slice:
		k.walk(v.Index(0), path+"[0]", shown+"[]")
	case reflect.Map:
		key := slices.MinFunc(v.MapKeys(), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		elem := reflect.New(v.Type().Elem()).Elem()
		elem.Set(v.MapIndex(key))
		k.commits = append(k.commits, func() { v.SetMapIndex(key, elem) })
		k.walk(elem, path+"."+key.String(), shown+".NAME")
		k.commits = k.commits[:len(k.commits)-1]
	}
}

func (k *keysOf) group(name, goName, said string, t reflect.Type) {
	kind := map[reflect.Kind]string{reflect.Slice: "list of sections", reflect.Map: "sections by name"}[t.Kind()]
	if said == "" && kind == "" {
		return
	}
	if kind == "" {
		kind = "section"
	}
	k.entry(name, goName, said, []string{kind})
}

func (k *keysOf) leaf(v reflect.Value, path, name, goName, said string) {
	facts := []string{nounOf(v.Type())}
	if wish := k.wish(v, path); wish != "" {
		facts = append(facts, wish)
	}
	if reader(v.Type()) != nil {
		standard := k.defaultOf(path, v.Type())
		silent := standard.IsZero() && strings.Contains(said, "efault")
		if def := shownDefault(standard); def != nil && !silent {
			text := fmt.Sprint(def)
			facts = append(facts, "default "+text)
			said = k.withoutDefault(name, said, text)
		}
	}
	k.entry(name, goName, said, facts)
}

var defaultSentence = regexp.MustCompile(`\s*Default:? "?([^ :,;"]+?)"?\.(\s|$)`)

// withoutDefault leaves out the sentence that says the same as def. A comment
// that says something else is a mistake in it.
func (k *keysOf) withoutDefault(name, said, def string) string {
	m := defaultSentence.FindStringSubmatchIndex(said)
	if m == nil {
		return said
	}
	if text := said[m[2]:m[3]]; text != def && !(text == "60s" && def == "1m") {
		k.problems = append(k.problems, fmt.Sprintf("%s: the comment says default %s, it is %s", name, text, def))
	}
	return strings.TrimSpace(said[:m[0]] + " " + said[m[1]:])
}

// defaultOf returns the default of what stands at path: of the element, for
// elements of lists and maps.
func (k *keysOf) defaultOf(path string, t reflect.Type) reflect.Value {
	c := Default()
	v := reflect.ValueOf(c)
	for _, step := range strings.Split(strings.ReplaceAll(path, "[0]", ".[0]"), ".") {
		switch {
		case v.Kind() == reflect.Map || step == "[0]":
			v = freshOf(v.Type().Elem())
			continue
		case v.Kind() == reflect.Pointer:
			v = freshOf(v.Type().Elem())
		}
		for _, f := range fieldsOf(v.Type()) {
			if f.name == step {
				v = v.FieldByIndex(f.index)
				break
			}
		}
	}
	if v.Type() != t {
		panic("BUG: " + path + " is a " + v.Type().String())
	}
	return v
}

func freshOf(t reflect.Type) reflect.Value {
	if def, ok := elements()[t]; ok {
		return def
	}
	return reflect.Zero(t)
}

// fragment is the rest of a comment that is no sentence without its name.
var fragment = regexp.MustCompile(`^(of|for|such|in|that|and) `)

// entry writes one key, at most 118 characters a line.
func (k *keysOf) entry(name, goName, said string, facts []string) {
	text := "`" + name + "`"
	if rest, ok := strings.CutPrefix(said, goName+" "); ok && !fragment.MatchString(rest) {
		text += " " + rest
	} else if said != "" {
		text += ": " + said
	}
	if said != "" {
		text = strings.TrimSuffix(text, ".") + "."
	}
	text += " *" + strings.ReplaceAll(strings.Join(facts, "; "), "one of; ", "one of ") + "*"
	line := "*"
	for _, word := range strings.Fields(text) {
		if len([]rune(line))+1+len([]rune(word)) > 118 {
			k.WriteString(line + "\n")
			line = " "
		}
		line += " " + word
	}
	k.WriteString(line + "\n")
}

func sectionKeys(t *testing.T, name string) (list string, problems []string) {
	t.Helper()
	c, err := Parse("riskgate.yaml", example(t), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	c.Streaming.Sink = streaming.SinkKafka
	c.Streaming.Kafka.Brokers = []string{"127.0.0.1:9092"}
	c.Routes[0] = c.Routes[2] // has every part, the login
	c.Risk.Candidates = []risk.Candidate{c.Risk.Candidate()}
	c.Risk.Candidates[0].Name = "stricter"
	k := keysOf{comments: comments{}, config: c, told: map[reflect.Type]bool{}}
	for _, f := range fieldsOf(reflect.TypeOf(*c)) {
		if f.name != name {
			continue
		}
		v := reflect.ValueOf(c).Elem().FieldByIndex(f.index)
		if sectionIn(v.Type()) == nil {
			k.leaf(v, name, name, f.goName, k.comments.describe(f.owner, f.goName))
		} else {
			k.inside(v, name, name)
		}
	}
	return k.String(), k.problems
}

var keyBlock = regexp.MustCompile(`(?s)<!-- keys of ([a-z]+) -->\n.*?<!-- end -->`)

// The lists of keys in the guide are made from the types that read the file.
func TestGuideListsEveryKey(t *testing.T) {
	guide, err := os.ReadFile(guideFile)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	want := keyBlock.ReplaceAllFunc(guide, func(block []byte) []byte {
		name := string(keyBlock.FindSubmatch(block)[1])
		listed[name] = true
		list, problems := sectionKeys(t, name)
		for _, p := range problems {
			t.Error(p)
		}
		return []byte("<!-- keys of " + name + " -->\n" + list + "<!-- end -->")
	})
	for _, f := range fieldsOf(reflect.TypeFor[Config]()) {
		if !listed[f.name] {
			t.Errorf("%s has no list for section %s", guideFile, f.name)
		}
	}
	if *update {
		if err := os.WriteFile(guideFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	} else if !bytes.Equal(guide, want) {
		t.Errorf("%s is not what the types say: go test ./gateway/config -update rewrites it", guideFile)
	}
}
