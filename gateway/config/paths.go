package config

import (
	"path/filepath"
	"reflect"
	"slices"
)

// paths makes relative paths of files start at a folder, defaults included: an
// operator who writes a default down must not change its meaning.
type paths struct {
	folder string
	fields map[reflect.Type][]string // that hold paths and are not tagged path:"true"
}

// within resolves the paths in v, which is addressable, and in all its parts.
func (p *paths) within(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			p.within(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			p.within(v.Index(i))
		}
	case reflect.Map:
		each(v, p.within)
	case reflect.Struct:
		if reader(v.Type()) == nil {
			p.section(v)
		}
	}
}

func (p *paths) section(v reflect.Value) {
	for _, f := range fieldsOf(v.Type()) {
		part := v.FieldByIndex(f.index)
		if f.path || slices.Contains(p.fields[f.owner], f.goName) {
			p.resolve(part)
		} else {
			p.within(part)
		}
	}
}

// resolve changes a path, a list or a map of them. An empty path stays empty.
func (p *paths) resolve(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if name := v.String(); name != "" && !filepath.IsAbs(name) {
			v.SetString(filepath.Join(p.folder, name))
		}
	case reflect.Slice:
		for i := range v.Len() {
			p.resolve(v.Index(i))
		}
	case reflect.Map:
		each(v, p.resolve)
	}
}

// each lets change work on every element of a map.
func each(m reflect.Value, change func(reflect.Value)) {
	for _, key := range m.MapKeys() {
		elem := reflect.New(m.Type().Elem()).Elem()
		elem.Set(m.MapIndex(key))
		change(elem)
		m.SetMapIndex(key, elem)
	}
}
