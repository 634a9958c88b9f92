package ocsf

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Every member is written as key, value and a comma; close turns the last comma
// into the bracket. Keys are literals with quotes and colon.

func closeWith(dst []byte, bracket byte) []byte {
	if dst[len(dst)-1] == ',' {
		dst[len(dst)-1] = bracket
	} else {
		dst = append(dst, bracket)
	}
	return append(dst, ',')
}

func openObject(dst []byte, key string) []byte { return append(append(dst, key...), '{') }

func text(dst []byte, key, value string) []byte {
	return append(quote(append(dst, key...), value), ',')
}

// name writes a value that needs no escapes: a name of the models.
func name(dst []byte, key, value string) []byte {
	dst = append(append(dst, key...), '"')
	return append(append(dst, value...), '"', ',')
}

// textIf writes nothing for "".
func textIf(dst []byte, key, value string) []byte {
	if value == "" {
		return dst
	}
	return text(dst, key, value)
}

func number(dst []byte, key string, value int64) []byte {
	return append(strconv.AppendInt(append(dst, key...), value, 10), ',')
}

// numberIf writes nothing for 0.
func numberIf(dst []byte, key string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return number(dst, key, value)
}

func unsigned(dst []byte, key string, value uint64) []byte {
	return append(strconv.AppendUint(append(dst, key...), value, 10), ',')
}

func boolean(dst []byte, key string, value bool) []byte {
	return append(strconv.AppendBool(append(dst, key...), value), ',')
}

// trueIf writes nothing for false.
func trueIf(dst []byte, key string, value bool) []byte {
	if !value {
		return dst
	}
	return boolean(dst, key, true)
}

// floatIf writes the shortest text that reads back as the same bits, and nothing
// for +0. What is not finite becomes null.
func floatIf(dst []byte, key string, value float64, m *memo) []byte {
	if math.Float64bits(value) == 0 {
		return dst
	}
	return append(m.append(append(dst, key...), value, 64), ',')
}

func float32If(dst []byte, key string, value float32, m *memo) []byte {
	if math.Float32bits(value) == 0 {
		return dst
	}
	return append(m.append(append(dst, key...), float64(value), 32), ',')
}

func appendFloat(dst []byte, value float64, bits int) []byte {
	if i := int64(value); i != 0 && -1e6 < value && value < 1e6 && float64(i) == value {
		return strconv.AppendInt(dst, i, 10)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, value, 'g', -1, bits)
}

func hexadecimal(dst []byte, key string, value []byte) []byte {
	dst = append(append(dst, key...), '"')
	dst = hex.AppendEncode(dst, value)
	return append(dst, '"', ',')
}

func base64If(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	dst = append(append(dst, key...), '"')
	dst = base64.StdEncoding.AppendEncode(dst, value)
	return append(dst, '"', ',')
}

func address(dst []byte, key string, value netip.Addr) []byte {
	dst = append(append(dst, key...), '"')
	dst = value.AppendTo(dst)
	return append(dst, '"', ',')
}

// moment writes t in milliseconds, and what is left of it is for remainder.
func moment(dst []byte, key string, t time.Time) []byte { return number(dst, key, t.UnixMilli()) }

// remainder returns the nanoseconds of t beyond its milliseconds.
func remainder(t time.Time) int64 { return int64(t.Nanosecond() % 1e6) }

// view reads b as a string without copying it. The result must not outlive the
// call that it is made for.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

const hexDigits = "0123456789abcdef"

// plain says which bytes stand for themselves in a JSON string.
var plain = func() (table [256]bool) {
	for c := 0x20; c < 0x7f; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// firstPrintable is the first character after the control characters beyond ASCII.
const firstPrintable = 0xa0

// quote appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD, and
// every control character an escape: terminals obey some that JSON allows.
func quote(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		if s[i] >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if n > 1 && r >= firstPrintable {
				i += n
				continue
			}
			if n > 1 {
				dst = append(append(dst, s[from:i]...), '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
				i += n
				from = i
				continue
			}
		}
		dst = escape(append(dst, s[from:i]...), s[i])
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func escape(dst []byte, c byte) []byte {
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c >= utf8.RuneSelf:
		return append(dst, `\ufffd`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
