package config

import (
	"reflect"
	"slices"
	"strings"
)

// decoder fills configuration types from a tree. It goes on after a mistake, so
// that all of them are reported at once.
type decoder struct {
	folder   string // relative paths start here
	env      func(string) (string, bool)
	defaults map[reflect.Type]reflect.Value // of the elements of lists and maps
	where    positions
	mistakes Mistakes
}

// report points at the value, or at the key that has none.
func (d *decoder) report(n *node, path, value, wish string) {
	pos := n.pos
	if n.kind == empty {
		pos = d.where.of(path)
	}
	d.mistakes.add(pos, path, value, wish)
}

// decode fills v, which holds the defaults, from n. Null leaves a section, list
// or map as it is.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	if n == nil {
		return // reported when the tree was built
	}
	if _, known := d.where[path]; !known || n.kind == plain || n.kind == quoted {
		d.where[path] = n.pos
	}
	if read := reader(v.Type()); read != nil {
		d.scalar(n, v, path, read)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		d.pointer(n, v, path)
	case reflect.Struct:
		d.section(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Map:
		d.table(n, v, path)
	default:
		panic("BUG: configuration of type " + v.Type().String())
	}
}

func (d *decoder) pointer(n *node, v reflect.Value, path string) {
	if n.kind == empty {
		return
	}
	next := d.fresh(v.Type().Elem())
	if !v.IsNil() {
		next.Set(v.Elem())
	}
	d.decode(n, next, path)
	v.Set(next.Addr())
}

// fresh returns an addressable value that holds the defaults of its type.
func (d *decoder) fresh(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	if def, ok := d.defaults[t]; ok {
		v.Set(def)
	}
	return v
}

func (d *decoder) section(n *node, v reflect.Value, path string) {
	if n.kind == empty {
		return
	}
	if n.kind != table {
		d.report(n, path, n.shown(), "want a section: key: value")
		return
	}
	fields := fieldsOf(v.Type())
	late, has := heirs()[v.Type()]
	for _, e := range n.keys {
		if !has || e.name != late.field {
			d.key(e, v, fields, path)
		}
	}
	for _, e := range n.keys {
		if has && e.name == late.field {
			d.defaults[late.element] = late.begin(v)
			d.key(e, v, fields, path)
		}
	}
}

// key fills one field of a section.
func (d *decoder) key(e entry, v reflect.Value, fields []field, path string) {
	at := joined(path, e.name)
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.name })
	if i < 0 {
		d.mistakes.add(e.pos, at, "unknown key", wishName(e.name, fields))
		return
	}
	d.where[at] = e.pos
	d.decode(e.value, v.FieldByIndex(fields[i].index), at)
}

func (d *decoder) list(n *node, v reflect.Value, path string) {
	if n.kind == empty {
		return
	}
	if n.kind != list {
		d.report(n, path, n.shown(), "want a list: [a, b]")
		return
	}
	out := reflect.MakeSlice(v.Type(), 0, len(n.items))
	for i, item := range n.items {
		elem := d.fresh(v.Type().Elem())
		d.decode(item, elem, indexed(path, i))
		out = reflect.Append(out, elem)
	}
	v.Set(out)
}

// table adds to the map, and replaces single fields of a section that is there
// by default.
func (d *decoder) table(n *node, v reflect.Value, path string) {
	if n.kind == empty {
		return
	}
	if n.kind != table {
		d.report(n, path, n.shown(), "want names with values: name: value")
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), v.Len()+len(n.keys))
	for it := v.MapRange(); it.Next(); {
		out.SetMapIndex(it.Key(), it.Value())
	}
	for _, e := range n.keys {
		at := joined(path, e.name)
		d.where[at] = e.pos
		key := reflect.ValueOf(e.name).Convert(v.Type().Key())
		elem := d.fresh(v.Type().Elem())
		if old := out.MapIndex(key); old.IsValid() {
			elem.Set(old)
		}
		d.decode(e.value, elem, at)
		out.SetMapIndex(key, elem)
	}
	v.Set(out)
}

// field is one key of a section.
type field struct {
	name   string // in the file
	goName string
	owner  reflect.Type // struct that declares it
	index  []int
	path   bool // tagged path:"true"
	doc    string
}

// fieldsOf lists the keys of a section in the order of the type. Fields tagged
// yaml:",inline" give their own keys; fields without a yaml tag, or with "-",
// are not configuration.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for _, in := range fieldsOf(f.Type) {
				in.index = append([]int{i}, in.index...)
				fields = append(fields, in)
			}
		case name != "" && name != "-" && f.IsExported():
			fields = append(fields, field{name, f.Name, t, []int{i}, f.Tag.Get("path") == "true", f.Tag.Get("doc")})
		}
	}
	return fields
}

// wishName names the key that was probably meant, else all of them.
func wishName(name string, fields []field) string {
	best, distance := "", 1+len(name)/3
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
		if d := editDistance(name, f.name); d <= distance && (best == "" || d < distance) {
			best, distance = f.name, d
		}
	}
	if best != "" {
		return "want " + best + "?"
	}
	return "want " + oneOf(names)
}

func oneOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return "one of " + strings.Join(names, ", ")
}

// editDistance counts insertions, deletions and replacements of bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
