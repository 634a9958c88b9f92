package models

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Problem is one mistake in a configuration.
type Problem struct {
	Path  string // "risk.classes.normal.throttle"; indexes as "routes[2].id"
	Value string // as written, or as read
	Wish  string // what was expected
}

// String returns "path: value, wish".
func (p Problem) String() string { return p.Path + ": " + p.Value + ", " + p.Wish }

// Problems collects every mistake of a configuration. The zero value is empty.
type Problems []Problem

// Add appends a mistake at path; value is formatted with %v.
func (p *Problems) Add(path string, value any, wish string) {
	*p = append(*p, Problem{Path: path, Value: fmt.Sprint(value), Wish: wish})
}

// Under appends the mistakes of a part of the configuration that stands at path.
func (p *Problems) Under(path string, part Problems) {
	for _, q := range part {
		switch {
		case q.Path == "":
			q.Path = path
		case q.Path[0] == '[':
			q.Path = path + q.Path
		default:
			q.Path = path + "." + q.Path
		}
		*p = append(*p, q)
	}
}

// Secret is a string that never prints. Read it with Reveal.
type Secret string

const redacted = "<redacted>"

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns "<redacted>", or "" for the empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns the same as String.
func (s Secret) GoString() string { return s.String() }

// MarshalText writes the same as String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the secret as it stands.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}

// Size is a number of bytes, written with a unit: 512B, 64KiB, 1MiB, 2GiB.
type Size int64

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// UnmarshalText reads a whole, non-negative number with a unit.
func (s *Size) UnmarshalText(text []byte) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || n > (1<<62)/u.bytes {
			break
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("want a size with its unit, like 64KiB, 1MiB or 2GiB")
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.suffix
		}
	}
	return "0B"
}

// MarshalText writes the same as String.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// RatePerSecond is a number of events per second, written as 50/s, 600/m or
// 1000/h.
type RatePerSecond float64

var rateUnits = []struct {
	suffix string
	per    time.Duration
}{{"/s", time.Second}, {"/m", time.Minute}, {"/h", time.Hour}}

// UnmarshalText reads a positive number with a unit.
func (r *RatePerSecond) UnmarshalText(text []byte) error {
	for _, u := range rateUnits {
		digits, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(digits, 64)
		if err != nil || !(n > 0) || n > 1e9 {
			break
		}
		*r = RatePerSecond(n / u.per.Seconds())
		return nil
	}
	return fmt.Errorf("want a positive rate with its unit, like 50/s, 600/m or 1000/h")
}

// String writes the rate in the largest unit in which it is a whole number, else
// per second.
func (r RatePerSecond) String() string {
	for _, u := range rateUnits {
		if n := float64(r) * u.per.Seconds(); n == float64(int64(n)) {
			return strconv.FormatInt(int64(n), 10) + u.suffix
		}
	}
	return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s"
}

// MarshalText writes the same as String.
func (r RatePerSecond) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Share is a part of a whole in [0, 1], written as a percentage: 0.5%.
type Share float64

// UnmarshalText reads a percentage from 0% to 100%.
func (s *Share) UnmarshalText(text []byte) error {
	if digits, ok := strings.CutSuffix(string(text), "%"); ok {
		if n, err := strconv.ParseFloat(digits, 64); err == nil && n >= 0 && n <= 100 {
			*s = Share(n / 100)
			return nil
		}
	}
	return fmt.Errorf("want a percentage from 0%% to 100%%")
}

// String writes the percentage.
func (s Share) String() string {
	return strconv.FormatFloat(100*float64(s), 'g', 10, 64) + "%"
}

// MarshalText writes the same as String.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
