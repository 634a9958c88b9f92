package config

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

// wish sets v to what cannot be right, too little and too much, and returns what
// Validate wants instead.
func (k *keysOf) wish(v reflect.Value, path string) string {
	if path == "memory" || path == "routes[0].pool" { // depends on the rest of the file
		return ""
	}
	if names := namesOf(v.Type()); names != nil {
		return strings.TrimPrefix(oneOf(names), "one of ")
	}
	var wishes []string
	saved := reflect.New(v.Type()).Elem()
	saved.Set(v)
	defer k.set(v, saved)
	for _, extreme := range extremes(v.Type()) {
		k.set(v, extreme)
		for _, p := range k.complaints() {
			if p.Path == path && !slices.Contains(wishes, tidy(p.Wish)) {
				wishes = append(wishes, tidy(p.Wish))
				break
			}
		}
	}
	return strings.Join(wishes, " and ")
}

func (k *keysOf) set(v, to reflect.Value) {
	v.Set(to)
	for _, commit := range slices.Backward(k.commits) {
		commit()
	}
}

func (k *keysOf) complaints() models.Problems {
	all := k.config.Validate()
	c := *k.config
	c.Streaming.Sink = streaming.SinkFile
	return append(all, c.Validate()...)
}

func extremes(t reflect.Type) (all []reflect.Value) {
	add := func(v any) { all = append(all, reflect.ValueOf(v).Convert(t)) }
	switch {
	case t == durationType:
		add(-time.Hour)
		add(1e6 * time.Hour)
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		add(-1000)
		add(int64(math.MaxInt64) / 4)
	case t.Kind() == reflect.Float64:
		add(-1e9)
		add(1e12)
	case t.Kind() == reflect.String && t != secretType:
		add("~no such thing~")
	}
	return all
}

var zeroUnits = strings.NewReplacer("h0m0s", "h", "m0s", "m", " ,", ",")

func tidy(wish string) string {
	for _, prefix := range []string{"want a number from ", "want a duration from ", "want a duration ", "want from ", "want "} {
		if rest, ok := strings.CutPrefix(wish, prefix); ok {
			wish = rest
			break
		}
	}
	return zeroUnits.Replace(wish)
}

func nounOf(t reflect.Type) string {
	switch {
	case t == secretType:
		return "secret"
	case t == durationType:
		return "duration"
	case t == reflect.TypeFor[models.Size]():
		return "size"
	case t == reflect.TypeFor[models.RatePerSecond]():
		return "rate"
	case namesOf(t) != nil:
		return "one of"
	case t.Kind() == reflect.Slice:
		return "list of " + nounOf(t.Elem()) + "s"
	case t.Kind() == reflect.Map:
		return "by name: " + nounOf(t.Elem())
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.Int || t.Kind() == reflect.Int64:
		return "whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Struct:
		return "network"
	}
	return "text"
}
