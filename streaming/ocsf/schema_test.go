package ocsf

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// schema is OCSF as its own definition files say, read without regard to what we
// write: classes and objects with all that they inherit and include.
type schema struct {
	dir        string
	dictionary map[string]attribute
	types      map[string]dataType
	categories map[string]struct{ UID int64 }
	observable map[string]bool // type ids of observables
	classes    map[int64]*definition
	objects    map[string]*definition
	pattern    map[string]*regexp.Regexp
}

type attribute struct {
	Type        string
	IsArray     bool `json:"is_array"`
	Requirement string
	Profile     *string
	Enum        map[string]json.RawMessage
	Observable  int
}

type dataType struct {
	Type       string
	Regex      string
	MaxLen     int `json:"max_len"`
	Range      []float64
	Observable int
}

// definition is a class or object file, and then the same with its ancestors.
type definition struct {
	Name, Extends, Category string
	UID                     int64
	Observable              int
	Attributes              map[string]json.RawMessage
	Constraints             map[string][]string

	all map[string]attribute
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// loadSchema reads the definitions, or skips the test where they are not at hand.
func loadSchema(t testing.TB) *schema {
	t.Helper()
	data := os.Getenv("RISKGATE_DATA")
	if data == "" {
		data = "../../../shared/data"
	}
	s := &schema{
		dir: filepath.Join(data, "ocsf"), observable: map[string]bool{"0": true, "99": true},
		classes: map[int64]*definition{}, objects: map[string]*definition{}, pattern: map[string]*regexp.Regexp{},
	}
	if _, err := os.Stat(s.dir); err != nil {
		t.Skipf("needs the OCSF definitions in $RISKGATE_DATA/ocsf: %v", err)
	}
	var version struct{ Version string }
	readJSON(t, filepath.Join(s.dir, "version.json"), &version)
	if version.Version != SchemaVersion {
		t.Fatalf("definitions of OCSF %s, want %s", version.Version, SchemaVersion)
	}
	var dictionary struct {
		Attributes map[string]attribute
		Types      struct{ Attributes map[string]dataType }
	}
	readJSON(t, filepath.Join(s.dir, "dictionary.json"), &dictionary)
	s.dictionary, s.types = dictionary.Attributes, dictionary.Types.Attributes
	var categories struct {
		Attributes map[string]struct{ UID int64 }
	}
	readJSON(t, filepath.Join(s.dir, "categories.json"), &categories)
	s.categories = categories.Attributes
	s.loadObjects(t)
	s.loadClasses(t)
	s.findObservables()
	return s
}

func (s *schema) load(t testing.TB, globs ...string) map[string]*definition {
	t.Helper()
	byName := make(map[string]*definition)
	for _, glob := range globs {
		paths, _ := filepath.Glob(filepath.Join(s.dir, glob))
		for _, path := range paths {
			d := new(definition)
			readJSON(t, path, d)
			if d.Name == "" {
				d.Name = strings.TrimSuffix(filepath.Base(path), ".json")
			}
			byName[d.Name] = d
		}
	}
	return byName
}

func (s *schema) loadObjects(t testing.TB) {
	byName := s.load(t, "objects/*.json")
	for name, d := range byName {
		s.resolve(t, d, byName)
		s.objects[name] = d
	}
}

func (s *schema) loadClasses(t testing.TB) {
	byName := s.load(t, "events/*.json", "events/*/*.json")
	for _, d := range byName {
		s.resolve(t, d, byName)
		for _, name := range []string{"class_uid", "category_uid"} { // check compares them
			a := d.all[name]
			a.Enum = nil
			d.all[name] = a
		}
		if d.UID != 0 {
			s.classes[1000*s.categories[d.Category].UID+d.UID] = d
		}
	}
}

// resolve gives d what it inherits: attributes one by one, constraints whole.
func (s *schema) resolve(t testing.TB, d *definition, byName map[string]*definition) {
	t.Helper()
	if d.all != nil {
		return
	}
	d.all = make(map[string]attribute)
	if parent := byName[d.Extends]; parent != nil {
		s.resolve(t, parent, byName)
		for name, a := range parent.all {
			d.all[name] = a
		}
		if d.Constraints == nil {
			d.Constraints = parent.Constraints
		}
		if d.Category == "" {
			d.Category = parent.Category
		}
	}
	var includes []string
	if raw, ok := d.Attributes["$include"]; ok {
		if err := json.Unmarshal(raw, &includes); err != nil {
			t.Fatal(err)
		}
		delete(d.Attributes, "$include")
	}
	for _, include := range includes {
		s.include(t, d, include)
	}
	for name, raw := range d.Attributes {
		s.merge(t, d, name, raw, "")
	}
}

// include adds the attributes of a profile, which count only in events that name it.
func (s *schema) include(t testing.TB, d *definition, path string) {
	t.Helper()
	var profile definition
	readJSON(t, filepath.Join(s.dir, path), &profile)
	for name, raw := range profile.Attributes {
		s.merge(t, d, name, raw, profile.Name)
	}
}

// merge lays an attribute over what is known of it.
func (s *schema) merge(t testing.TB, d *definition, name string, raw json.RawMessage, profile string) {
	t.Helper()
	base, seen := d.all[name]
	if !seen {
		base = s.dictionary[name]
	}
	over := base
	over.Enum = nil
	if json.Unmarshal(raw, &over) != nil { // "profile": null takes it out of its profile
		t.Fatalf("%s.%s: %s", d.Name, name, raw)
	}
	if profile != "" {
		over.Profile = &profile
	}
	enum := make(map[string]json.RawMessage)
	for _, m := range []map[string]json.RawMessage{base.Enum, over.Enum} {
		for k, v := range m {
			enum[k] = v
		}
	}
	over.Enum = enum
	d.all[name] = over
}

func (s *schema) findObservables() {
	add := func(n int) {
		if n != 0 {
			s.observable[strconv.Itoa(n)] = true
		}
	}
	for _, a := range s.dictionary {
		add(a.Observable)
	}
	for _, d := range s.types {
		add(d.Observable)
	}
	for _, o := range s.objects {
		add(o.Observable)
	}
}

// check returns everything that is wrong with an event.
func (s *schema) check(line []byte) (faults []string) {
	decoder := json.NewDecoder(strings.NewReader(string(line)))
	decoder.UseNumber()
	var event map[string]any
	if err := decoder.Decode(&event); err != nil {
		return []string{err.Error()}
	}
	class, _ := integer(event["class_uid"])
	d := s.classes[class]
	if d == nil {
		return []string{fmt.Sprintf("no class %v", event["class_uid"])}
	}
	category, _ := integer(event["category_uid"])
	activity, _ := integer(event["activity_id"])
	kind, _ := integer(event["type_uid"])
	if category != s.categories[d.Category].UID || kind != 100*class+activity {
		faults = append(faults, fmt.Sprintf("category_uid %d or type_uid %d", category, kind))
	}
	profiles := map[string]bool{}
	if metadata, ok := event["metadata"].(map[string]any); ok {
		list, _ := metadata["profiles"].([]any)
		for _, p := range list {
			profiles[fmt.Sprint(p)] = true
		}
	}
	c := checker{schema: s, profiles: profiles}
	c.object(d.Name, event, d)
	return append(faults, c.faults...)
}

func integer(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

type checker struct {
	schema   *schema
	profiles map[string]bool
	faults   []string
}

func (c *checker) fault(path, format string, args ...any) {
	c.faults = append(c.faults, path+": "+fmt.Sprintf(format, args...))
}

func (c *checker) active(a attribute) bool { return a.Profile == nil || c.profiles[*a.Profile] }

func (c *checker) object(path string, value map[string]any, d *definition) {
	if d.Name == "object" {
		return // anything
	}
	for name, v := range value {
		a, known := d.all[name]
		switch {
		case !known:
			c.fault(path+"."+name, "no such attribute")
		case !c.active(a):
			c.fault(path+"."+name, "belongs to profile %s", *a.Profile)
		default:
			c.attribute(path+"."+name, v, a)
		}
	}
	for name, a := range d.all {
		if _, has := value[name]; !has && a.Requirement == "required" && c.active(a) {
			c.fault(path+"."+name, "missing")
		}
	}
	for rule, names := range d.Constraints {
		n := 0
		for _, name := range names {
			if _, has := value[name]; has {
				n++
			}
		}
		if rule == "at_least_one" && n == 0 || rule == "just_one" && n != 1 {
			c.fault(path, "has %d of %v, want %s", n, names, rule)
		}
	}
}

func (c *checker) attribute(path string, value any, a attribute) {
	if !a.IsArray {
		c.value(path, value, a)
		return
	}
	list, ok := value.([]any)
	if !ok {
		c.fault(path, "%v, want an array", value)
	}
	for i, v := range list {
		c.value(fmt.Sprintf("%s[%d]", path, i), v, a)
	}
}

func (c *checker) value(path string, value any, a attribute) {
	if _, primitive := c.schema.types[a.Type]; primitive {
		c.primitive(path, value, a.Type)
		c.enum(path, value, a)
		return
	}
	d := c.schema.objects[a.Type]
	object, ok := value.(map[string]any)
	switch {
	case d == nil:
		c.fault(path, "definition of %s is missing", a.Type)
	case !ok:
		c.fault(path, "%v, want an object", value)
	default:
		c.object(path, object, d)
	}
}

func (c *checker) enum(path string, value any, a attribute) {
	text := fmt.Sprint(value)
	if strings.Contains(path, "observables[") && strings.HasSuffix(path, ".type_id") {
		if !c.schema.observable[text] {
			c.fault(path, "%s is no type of observable", text)
		}
		return
	}
	if _, ok := a.Enum[text]; len(a.Enum) > 0 && !ok {
		c.fault(path, "%s is not in the enumeration", text)
	}
}

func (c *checker) primitive(path string, value any, name string) {
	d := c.schema.types[name]
	base := name
	if d.Type != "" {
		base = d.Type
	}
	text, isText := value.(string)
	n, isInteger := integer(value)
	_, isNumber := value.(json.Number)
	_, isBool := value.(bool)
	ok := map[string]bool{"string_t": isText, "integer_t": isInteger, "long_t": isInteger, "float_t": isNumber, "boolean_t": isBool, "json_t": true}
	if !ok[base] {
		c.fault(path, "%v (%T), want %s", value, value, name)
		return
	}
	if d.MaxLen > 0 && len(text) > d.MaxLen {
		c.fault(path, "%d bytes, want at most %d", len(text), d.MaxLen)
	}
	if len(d.Range) == 2 && (float64(n) < d.Range[0] || float64(n) > d.Range[1]) {
		c.fault(path, "%d, want %v", n, d.Range)
	}
	if d.Regex != "" && !c.schema.matches(name, d.Regex, text) {
		c.fault(path, "%q is no %s", text, name)
	}
}

func (s *schema) matches(name, expression, text string) bool {
	if s.pattern[name] == nil {
		s.pattern[name] = regexp.MustCompile(expression)
	}
	return s.pattern[name].MatchString(text)
}
