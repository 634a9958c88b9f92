package models

import (
	"math"
	"strconv"
	"strings"
)

// appendPhrase appends the text of p with the value in it.
func appendPhrase(dst []byte, p *phrase, value float32) []byte {
	one, many, two := strings.Cut(p.text, "|")
	text := one
	if two && math.Floor(float64(value)+0.5) != 1 {
		text = many
	}
	before, after, has := strings.Cut(text, "#")
	dst = append(dst, before...)
	if !has {
		return dst
	}
	return append(appendValue(dst, p.form, float64(value)), after...)
}

func appendValue(dst []byte, f form, v float64) []byte {
	switch f {
	case tenths:
		return appendTenths(dst, v)
	case percent:
		return append(appendTenths(dst, float64(100*v)), " %"...)
	case span:
		return appendSpan(dst, v)
	case bytesize:
		return appendBytes(dst, v)
	case hour:
		return append(appendWhole(dst, v), " h UTC"...)
	case change:
		if i := int(v); v >= 0 && v < NumSessionKinds {
			return append(dst, changes[i]...)
		}
		return append(dst, "change inside a session"...)
	}
	return appendWhole(dst, v)
}

// appendBytes writes an amount of bytes in the largest decimal unit that fits.
func appendBytes(dst []byte, v float64) []byte {
	for _, unit := range [...]struct {
		size float64
		name string
	}{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}} {
		if v >= unit.size {
			return append(appendTenths(dst, v/unit.size), unit.name...)
		}
	}
	return append(appendWhole(dst, v), " bytes"...)
}

// widest bounds the numbers that are written out.
const widest = 1e9

// appendWhole appends the nearest whole number; what is none is a question mark.
func appendWhole(dst []byte, v float64) []byte {
	if v != v {
		return append(dst, '?')
	}
	return strconv.AppendInt(dst, int64(math.Floor(min(max(v, -widest), widest)+0.5)), 10)
}

// appendTenths appends v with one digit after the point below 10.
func appendTenths(dst []byte, v float64) []byte {
	n := math.Floor(float64(v*10) + 0.5)
	if !(n >= 0 && n < 100) || math.Mod(n, 10) == 0 {
		return appendWhole(dst, v)
	}
	dst = strconv.AppendInt(dst, int64(n)/10, 10)
	return strconv.AppendInt(append(dst, '.'), int64(n)%10, 10)
}

// appendSpan appends so many minutes in the largest unit of which there are two.
func appendSpan(dst []byte, minutes float64) []byte {
	unit := " minute"
	for _, u := range [...]struct {
		name    string
		minutes float64
	}{{" day", 24 * 60}, {" hour", 60}} {
		if minutes >= 2*u.minutes {
			unit, minutes = u.name, minutes/u.minutes
			break
		}
	}
	if minutes < 1 {
		return append(dst, "less than a minute"...)
	}
	dst = append(appendWhole(dst, minutes), unit...)
	if math.Floor(minutes+0.5) != 1 {
		dst = append(dst, 's')
	}
	return dst
}
