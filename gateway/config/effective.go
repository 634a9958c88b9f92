package config

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/risk"
)

// YAML returns the effective configuration, defaults included, as a file that
// says the same. Secrets are redacted.
func (c *Config) YAML() ([]byte, error) {
	var p printer
	p.section(reflect.ValueOf(c).Elem(), 0)
	return p.Bytes(), p.err
}

// RiskYAML returns a risk section, defaults included, as a file that says the
// same.
func RiskYAML(r *risk.Config) ([]byte, error) {
	var p printer
	p.WriteString("risk:\n")
	p.section(reflect.ValueOf(r).Elem(), 1)
	return p.Bytes(), p.err
}

// printer writes what decoder reads.
type printer struct {
	bytes.Buffer
	err error
}

// line begins a line.
func (p *printer) line(depth int) { p.WriteString(strings.Repeat("  ", depth)) }

func (p *printer) section(v reflect.Value, depth int) {
	for i, f := range fieldsOf(v.Type()) {
		if i > 0 || !p.afterDash() {
			p.line(depth)
		}
		p.WriteString(f.name + ":")
		p.value(v.FieldByIndex(f.index), depth+1)
	}
}

// afterDash reports whether the line has begun with the dash of a list.
func (p *printer) afterDash() bool { return bytes.HasSuffix(p.Bytes(), []byte("- ")) }

// value writes what follows a key, and ends the line.
func (p *printer) value(v reflect.Value, depth int) {
	switch {
	case reader(v.Type()) != nil:
		p.WriteString(" " + p.scalar(v) + "\n")
	case v.Kind() == reflect.Pointer && v.IsNil():
		p.WriteString(" null\n")
	case v.Kind() == reflect.Pointer:
		p.value(v.Elem(), depth)
	case v.Kind() == reflect.Struct:
		p.WriteString("\n")
		p.section(v, depth)
	case v.Kind() == reflect.Slice:
		p.list(v, depth)
	default:
		p.table(v, depth)
	}
}

func (p *printer) list(v reflect.Value, depth int) {
	if v.Len() > 0 && reader(v.Type().Elem()) == nil {
		p.WriteString("\n")
		for i := range v.Len() {
			p.line(depth)
			p.WriteString("- ")
			p.section(v.Index(i), depth+1)
		}
		return
	}
	items := make([]string, v.Len())
	for i := range items {
		items[i] = p.scalar(v.Index(i))
	}
	p.WriteString(" [" + strings.Join(items, ", ") + "]\n")
}

func (p *printer) table(v reflect.Value, depth int) {
	if v.Len() == 0 {
		p.WriteString(" {}\n")
		return
	}
	p.WriteString("\n")
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		p.line(depth)
		p.WriteString(quotedText(key.String()) + ":")
		p.value(v.MapIndex(key), depth+1)
	}
}

func (p *printer) scalar(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil && p.err == nil {
			p.err = fmt.Errorf("print configuration: %w", err)
		}
		return quotedText(string(text))
	}
	switch v.Kind() {
	case reflect.String:
		return quotedText(v.String())
	case reflect.Float32, reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits())
	}
	return fmt.Sprint(v.Interface())
}

var simpleText = regexp.MustCompile(`^[A-Za-z0-9_/<][A-Za-z0-9_./%>-]*$`)

// quotedText puts a text in quotes where it could be read as something else.
func quotedText(text string) string {
	if simpleText.MatchString(text) && !looksTyped(text) {
		return text
	}
	return strconv.Quote(text)
}
