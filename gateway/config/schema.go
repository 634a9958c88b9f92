package config

import (
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// Describe returns what is said about a field of a type, "" for nothing.
type Describe func(t reflect.Type, field string) string

// Schema returns a JSON Schema (draft 2020-12) of the file, made from the types
// that read it. A field is described by its tag doc:"..." or else by describe.
// The schema knows shapes and units; what is wrong between values only Load
// tells.
func Schema(describe Describe) ([]byte, error) {
	c := Default()
	s := schemas{describe: describe, defaults: elements()}
	root := s.section(reflect.ValueOf(c))
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "riskgate.yaml"
	b, err := json.MarshalIndent(root, "", "  ")
	return append(b, '\n'), err
}

type schema map[string]any

type schemas struct {
	describe Describe
	defaults map[reflect.Type]reflect.Value
}

func (s *schemas) of(v reflect.Value) schema {
	if reader(v.Type()) != nil {
		return scalarSchema(v)
	}
	switch v.Kind() {
	case reflect.Struct:
		return s.section(v)
	case reflect.Pointer:
		return s.of(s.fresh(v.Type().Elem()))
	case reflect.Slice:
		return schema{"type": orNull("array"), "items": s.of(s.fresh(v.Type().Elem()))}
	case reflect.Map:
		return schema{"type": orNull("object"), "additionalProperties": s.of(s.fresh(v.Type().Elem()))}
	}
	panic("BUG: configuration of type " + v.Type().String())
}

// fresh returns a value that holds the defaults of its type.
func (s *schemas) fresh(t reflect.Type) reflect.Value {
	if def, ok := s.defaults[t]; ok {
		return def
	}
	return reflect.Zero(t)
}

func (s *schemas) section(v reflect.Value) schema {
	properties := map[string]schema{}
	for _, f := range fieldsOf(v.Type()) {
		p := s.of(v.FieldByIndex(f.index))
		doc := f.doc
		if doc == "" && s.describe != nil {
			doc = s.describe(f.owner, f.goName)
		}
		if doc != "" {
			p["description"] = doc
		}
		properties[f.name] = p
	}
	return schema{"type": orNull("object"), "properties": properties, "additionalProperties": false}
}

func orNull(t string) []string { return []string{t, "null"} }

// patterns of the texts that carry a unit.
var patterns = map[reflect.Type]string{
	durationType:                            `^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$`,
	secretType:                              `^(\$\{[A-Za-z_][A-Za-z0-9_]*\}|file:.+|)$`,
	reflect.TypeFor[models.Size]():          `^[0-9]+(GiB|MiB|KiB|B)$`,
	reflect.TypeFor[models.RatePerSecond](): `^[0-9.eE+-]+/[smh]$`,
	reflect.TypeFor[models.Share]():         `^[0-9.eE+-]+%$`,
}

func scalarSchema(v reflect.Value) schema {
	t := v.Type()
	out := schema{"type": "string"}
	if pattern, ok := patterns[t]; ok {
		out["pattern"] = pattern
	} else if names := namesOf(t); names != nil {
		out["enum"] = names
	} else if !reflect.PointerTo(t).Implements(textType) {
		out = plainSchema(t)
	}
	if def := shownDefault(v); def != nil {
		out["default"] = def
	}
	return out
}

func plainSchema(t reflect.Type) schema {
	switch t.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Int, reflect.Int64:
		return schema{"type": "integer"}
	case reflect.Int8, reflect.Int16, reflect.Int32:
		high := int64(1)<<(t.Bits()-1) - 1
		return schema{"type": "integer", "minimum": -high - 1, "maximum": high}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return schema{"type": "integer", "minimum": 0, "maximum": uint64(1)<<t.Bits() - 1}
	}
	return schema{"type": "integer", "minimum": 0}
}

// shownDefault returns the default as it is written in the file, nil for none.
func shownDefault(v reflect.Value) any {
	if v.Type() == secretType || v.IsZero() && v.Kind() == reflect.String || v.CanFloat() && math.IsNaN(v.Float()) {
		return nil
	}
	if v.Type() == durationType {
		return shortDuration(time.Duration(v.Int()))
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil || len(text) == 0 {
			return nil
		}
		return string(text)
	}
	return v.Interface()
}

// shortDuration leaves out the zeros that String writes after a unit: 5m.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
