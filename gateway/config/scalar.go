package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// scalarReader fills v from a scalar. Its error is the wish.
type scalarReader func(d *decoder, n *node, v reflect.Value) error

var (
	secretType   = reflect.TypeFor[models.Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// reader returns how values of the type are read, nil if they are no scalars.
func reader(t reflect.Type) scalarReader {
	switch {
	case t == secretType:
		return readSecret
	case t == durationType:
		return readDuration
	case t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(textType):
		return readText
	}
	switch t.Kind() {
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return readInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return readUint
	case reflect.Float32, reflect.Float64:
		return readFloat
	}
	return nil
}

func (d *decoder) scalar(n *node, v reflect.Value, path string, read scalarReader) {
	err := errors.New("want " + wishOf(v.Type()))
	if n.kind == plain || n.kind == quoted {
		err = read(d, n, v)
	}
	if err == nil {
		return
	}
	value := n.shown()
	if v.Type() == secretType {
		value = "<redacted>"
	}
	d.report(n, path, value, err.Error())
}

// wishOf says what a scalar of the type looks like.
func wishOf(t reflect.Type) string {
	switch t {
	case secretType:
		return "${NAME} of the environment or file:PATH"
	case durationType:
		return "a duration with its unit, like 100ms, 5s or 10m"
	case reflect.TypeFor[netip.Prefix]():
		return "a network, like 10.0.0.0/8 or 2001:db8::/32"
	case reflect.TypeFor[netip.Addr]():
		return "an address, like 192.0.2.1 or 2001:db8::1"
	case reflect.TypeFor[netip.AddrPort]():
		return "an address with a port, like 192.0.2.1:443"
	}
	if names := namesOf(t); names != nil {
		return oneOf(names)
	}
	if reflect.PointerTo(t).Implements(textType) {
		return wishOfText(t)
	}
	return wishOfKind(t)
}

// wishOfText asks the type itself, by giving it nothing to read.
func wishOfText(t reflect.Type) string {
	err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText(nil)
	if err == nil {
		return anyText
	}
	wish, ok := strings.CutPrefix(err.Error(), "want ")
	if !ok {
		return anyText
	}
	return wish
}

const anyText = "a value"

func wishOfKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64:
		return "a whole number"
	case reflect.Int8, reflect.Int16, reflect.Int32:
		high := int64(1)<<(t.Bits()-1) - 1
		return fmt.Sprintf("a whole number from %d to %d", -high-1, high)
	}
	return fmt.Sprintf("a whole number from 0 to %d", uint64(1)<<t.Bits()-1)
}

// namesOf returns the names an enumeration reads, nil for other types.
func namesOf(t reflect.Type) []string {
	if e, ok := reflect.New(t).Interface().(interface{ Values() []string }); ok {
		return e.Values()
	}
	return nil
}

func readText(_ *decoder, n *node, v reflect.Value) error {
	err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.text))
	switch {
	case err == nil:
		return nil
	case strings.HasPrefix(err.Error(), "want "):
		return err
	case wishOf(v.Type()) != anyText:
		return errors.New("want " + wishOf(v.Type()))
	}
	return errors.New("want another value: " + err.Error())
}

func readString(_ *decoder, n *node, v reflect.Value) error {
	if n.kind == plain && looksTyped(n.text) {
		return errors.New("want a text, in quotes if it looks like something else")
	}
	v.SetString(n.text)
	return nil
}

// looksTyped reports whether YAML readers take the text for a number or a truth
// value.
func looksTyped(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "null", "~", ".inf", "-.inf", ".nan":
		return true
	}
	_, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	return err == nil && strings.ContainsAny(text, "0123456789")
}

func readBool(_ *decoder, n *node, v reflect.Value) error {
	if n.kind != plain || n.text != "true" && n.text != "false" {
		return errors.New("want true or false")
	}
	v.SetBool(n.text == "true")
	return nil
}

func readInt(_ *decoder, n *node, v reflect.Value) error {
	i, err := strconv.ParseInt(n.text, 10, v.Type().Bits())
	if n.kind != plain || err != nil {
		return errors.New("want " + wishOfKind(v.Type()))
	}
	v.SetInt(i)
	return nil
}

func readUint(_ *decoder, n *node, v reflect.Value) error {
	i, err := strconv.ParseUint(n.text, 10, v.Type().Bits())
	if n.kind != plain || err != nil {
		return errors.New("want " + wishOfKind(v.Type()))
	}
	v.SetUint(i)
	return nil
}

func readFloat(_ *decoder, n *node, v reflect.Value) error {
	f, err := strconv.ParseFloat(n.text, v.Type().Bits())
	if n.kind != plain || err != nil || math.IsInf(f, 0) || strings.Trim(n.text, "0123456789.eE+-") != "" {
		return errors.New("want " + wishOfKind(v.Type()))
	}
	v.SetFloat(f)
	return nil
}

func readDuration(_ *decoder, n *node, v reflect.Value) error {
	t, err := time.ParseDuration(n.text)
	if err != nil || strings.Trim(n.text, "0123456789.+-") == "" {
		return errors.New("want " + wishOf(durationType))
	}
	v.SetInt(int64(t))
	return nil
}

var envName = regexp.MustCompile(`^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$`)

// maxSecret bounds a file that holds a secret, in bytes.
const maxSecret = 64 << 10

// readSecret takes a secret from the environment or from a file, of which it
// drops a final line break. Secrets do not stand in the configuration itself.
func readSecret(d *decoder, n *node, v reflect.Value) error {
	if m := envName.FindStringSubmatch(n.text); m != nil {
		value, ok := d.env(m[1])
		if !ok || value == "" {
			return fmt.Errorf("want ${%s} to be set in the environment", m[1])
		}
		v.SetString(value)
		return nil
	}
	if n.text == "" {
		v.SetString("")
		return nil
	}
	name, ok := strings.CutPrefix(n.text, "file:")
	if !ok || name == "" {
		return errors.New("want " + wishOf(secretType))
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(d.folder, name)
	}
	return readSecretFile(name, v)
}

func readSecretFile(name string, v reflect.Value) error {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSecret {
		return errors.New("want a readable file of at most 64KiB after \"file:\"")
	}
	b, err := os.ReadFile(name)
	secret := strings.TrimRight(string(b), "\r\n")
	if err != nil || secret == "" {
		return errors.New("want a readable file with a secret in it after \"file:\"")
	}
	v.SetString(secret)
	return nil
}

// shown returns the value as a message shows it: on one line and not too long.
func (n *node) shown() string {
	switch n.kind {
	case empty:
		return "nothing"
	case list:
		return "a list"
	case table:
		return "a section"
	}
	text := n.text
	if len(text) > 80 {
		text = strings.ToValidUTF8(text[:80], "") + "…"
	}
	if n.kind == quoted || text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		return strconv.Quote(text)
	}
	return text
}

func errWant(names []string) error { return errors.New("want " + oneOf(names)) }
