package listener

import "github.com/riskgate/riskgate/models"

const hexUpper = "0123456789ABCDEF"

// canonicalPath appends to dst the decoded form of path, which starts with "/":
// every %XX decoded, "." and ".." segments resolved, runs of slashes merged. Dst
// must be empty.
//
// It refuses what two readers may take for different paths: an encoded slash,
// backslash or control character, a backslash, dot segments spelled with %2e or
// followed by ";", overlong UTF-8, and broken escapes.
func canonicalPath(dst, path []byte) ([]byte, models.Fault, models.Denial) {
	var faults models.Fault
	start := 0       // of the segment being written, after its slash
	encoded := false // the segment holds an encoded dot
	for i := 0; i < len(path); {
		if path[i] == '/' {
			var denial models.Denial
			if dst, denial = nextSegment(dst, path, i, start, encoded, &faults); denial != "" {
				return dst, faults, denial
			}
			start, encoded = len(dst), false
			i++
			continue
		}
		c, width, denial := pathByte(path, i)
		if denial != "" {
			return dst, faults, denial
		}
		if c >= 0x80 && width == 1 {
			faults |= models.NonASCIIPath
		}
		encoded = encoded || c == '.' && width > 1
		dst = append(dst, c)
		i += width
	}
	dst, denial := endSegment(dst, start, encoded, &faults)
	if denial == "" && overlong(dst) {
		denial = models.EncodedPath
	}
	return dst, faults, denial
}

// pathByte returns the byte that path[i] spells, other than a slash, and in how
// many bytes.
func pathByte(path []byte, i int) (c byte, width int, denial models.Denial) {
	c = path[i]
	switch {
	case c == '\\':
		return 0, 0, models.EncodedPath
	case c <= ' ' || c == 0x7f || c == '#':
		return 0, 0, models.BadTarget
	case c != '%':
		return c, 1, ""
	}
	c, ok := unhex(path, i)
	switch {
	case !ok:
		return 0, 0, models.BadTarget
	case c < ' ' || c == 0x7f || c == '/' || c == '\\':
		return 0, 0, models.EncodedPath
	}
	return c, 3, ""
}

// nextSegment ends the segment dst[start:] at the slash path[i] and begins the
// next.
func nextSegment(dst, path []byte, i, start int, encoded bool, faults *models.Fault) ([]byte, models.Denial) {
	if i == 0 {
		return append(dst, '/'), ""
	}
	if path[i-1] == '/' {
		*faults |= models.DoubleSlash
	}
	dst, denial := endSegment(dst, start, encoded, faults)
	if denial == "" && dst[len(dst)-1] != '/' {
		dst = append(dst, '/')
	}
	return dst, denial
}

// endSegment judges the segment dst[start:] and takes it back if it is a dot
// segment, with its parent if it is "..".
func endSegment(dst []byte, start int, encoded bool, faults *models.Fault) ([]byte, models.Denial) {
	segment := dst[start:]
	dots := 0
	for dots < len(segment) && segment[dots] == '.' {
		dots++
	}
	if dots == 0 || dots > 2 {
		return dst, ""
	}
	if len(segment) > dots {
		if segment[dots] == ';' {
			return dst, models.EncodedPath
		}
		return dst, ""
	}
	if encoded {
		return dst, models.EncodedPath
	}
	*faults |= models.DotSegment
	dst = dst[:start]
	if dots == 2 && len(dst) > 1 {
		dst = dst[:len(dst)-1]
		for dst[len(dst)-1] != '/' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst, ""
}

// overlong reports whether path holds an ASCII character spelled in more bytes
// than it needs, which some decoders take for a slash or a dot.
func overlong(path []byte) bool {
	for i := 0; i+1 < len(path); i++ {
		c, next := path[i], path[i+1]
		if c < 0xc0 || next < 0x80 || next > 0xbf {
			continue
		}
		if c <= 0xc1 || c == 0xe0 && next < 0xa0 || c == 0xf0 && next < 0x90 {
			return true
		}
	}
	return false
}

// appendPath appends the percent-encoded form of a canonical path. Everything
// that is no pchar of RFC 3986 is encoded, so that decoding gives path again.
func appendPath(dst, path []byte) []byte {
	for _, c := range path {
		if isPathByte[c] {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hexUpper[c>>4], hexUpper[c&15])
	}
	return dst
}

// isPathByte tells the bytes that stand for themselves in a path: pchar and "/".
var isPathByte = byteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/")

func byteSet(members string) (set [256]bool) {
	for i := 0; i < len(members); i++ {
		set[members[i]] = true
	}
	return set
}

// unhex returns the byte that the escape at b[i] stands for.
func unhex(b []byte, i int) (byte, bool) {
	if i+2 >= len(b) {
		return 0, false
	}
	hi, lo := hexValue[b[i+1]], hexValue[b[i+2]]
	return hi<<4 | lo, hi < 16 && lo < 16
}

// hexValue tells the value of a hexadecimal digit, 255 for other bytes.
var hexValue = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i := byte(0); i < 10; i++ {
		values['0'+i] = i
	}
	for i := byte(0); i < 6; i++ {
		values['a'+i], values['A'+i] = 10+i, 10+i
	}
	return values
}()
