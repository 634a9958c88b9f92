package listener

import "github.com/riskgate/riskgate/models"

// maxParameters bounds how many parameters are compared for repetition.
const maxParameters = 32

// queryFaults returns what is odd about a raw query, and whether it holds a byte
// that no request target may hold.
func queryFaults(query []byte) (faults models.Fault, ok bool) {
	var seen [maxParameters]uint64
	n := 0
	inName, name := true, fnvOffset
	for i := 0; i < len(query); i++ {
		c := query[i]
		switch {
		case c <= ' ' || c == 0x7f || c == '#':
			return faults, false
		case c == '&':
			if n = remember(&seen, n, name); n < 0 {
				faults |= models.RepeatedParameter
				n = maxParameters
			}
			inName, name = true, fnvOffset
			continue
		case c == '=':
			inName = false
			continue
		case c >= 0x80:
			faults |= models.NonASCIIPath
		case c == '%':
			if d, valid := unhex(query, i); valid {
				c = d
				i += 2
				if d < 0x20 || d == 0x7f {
					faults |= models.ControlInQuery
				}
			}
		}
		if inName {
			name = (name ^ uint64(c)) * fnvPrime
		}
	}
	if remember(&seen, n, name) < 0 {
		faults |= models.RepeatedParameter
	}
	return faults, true
}

// FNV-1a, 64 bits.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

// remember adds the hash of a parameter name to the first n of seen and returns
// their new number, or -1 if it was there already. Empty names do not count.
func remember(seen *[maxParameters]uint64, n int, name uint64) int {
	if name == fnvOffset || n == maxParameters {
		return n
	}
	for _, s := range seen[:n] {
		if s == name {
			return -1
		}
	}
	seen[n] = name
	return n + 1
}
