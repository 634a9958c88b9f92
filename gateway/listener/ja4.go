package listener

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"slices"
)

// The extensions that JA4 counts but does not hash.
const (
	extensionSNI  = 0
	extensionALPN = 16
)

// noHash stands for the hash of an empty list.
const noHash = "000000000000"

// fingerprint returns the JA4 of a ClientHello over TCP: 36 characters.
// Source: FoxIO, technical_details/JA4.md.
func fingerprint(hello *tls.ClientHelloInfo) string {
	ciphers := sorted(hello.CipherSuites)
	extensions := sorted(hello.Extensions)
	ja4 := make([]byte, 0, 36)
	ja4 = append(ja4, 't')
	ja4 = append(ja4, versionCode(hello.SupportedVersions)...)
	if slices.Contains(extensions, extensionSNI) {
		ja4 = append(ja4, 'd')
	} else {
		ja4 = append(ja4, 'i')
	}
	ja4 = appendCount(ja4, len(ciphers))
	ja4 = appendCount(ja4, len(extensions))
	ja4 = appendALPN(ja4, hello.SupportedProtos)
	ja4 = append(ja4, '_')
	ja4 = appendHash(ja4, ciphers, nil)
	ja4 = append(ja4, '_')
	hashed := slices.DeleteFunc(extensions, func(id uint16) bool { return id == extensionSNI || id == extensionALPN })
	return string(appendHash(ja4, hashed, hello.SignatureSchemes))
}

// isGREASE tells the values reserved by RFC 8701.
func isGREASE(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

// sorted returns list in order, without GREASE.
func sorted(list []uint16) []uint16 {
	out := slices.DeleteFunc(slices.Clone(list), isGREASE)
	slices.Sort(out)
	return out
}

// versionCode returns the two characters of the highest version offered.
func versionCode(versions []uint16) string {
	var highest uint16
	for _, v := range versions {
		if !isGREASE(v) {
			highest = max(highest, v)
		}
	}
	switch highest {
	case tls.VersionTLS13:
		return "13"
	case tls.VersionTLS12:
		return "12"
	case tls.VersionTLS11:
		return "11"
	case tls.VersionTLS10:
		return "10"
	case 0x0300:
		return "s3"
	}
	return "00"
}

func appendCount(dst []byte, n int) []byte {
	n = min(n, 99)
	return append(dst, '0'+byte(n/10), '0'+byte(n%10))
}

// appendALPN appends first and last character of the first protocol, or of its
// hexadecimal form if one of them is neither letter nor digit.
func appendALPN(dst []byte, protos []string) []byte {
	if len(protos) == 0 || protos[0] == "" {
		return append(dst, "00"...)
	}
	p := protos[0]
	first, last := p[0], p[len(p)-1]
	if isAlphanumeric(first) && isAlphanumeric(last) {
		return append(dst, first, last)
	}
	digits := hex.EncodeToString([]byte(p))
	return append(dst, digits[0], digits[len(digits)-1])
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// appendHash appends the first 12 digits of the SHA-256 of the list, followed by
// the signature schemes in wire order.
func appendHash(dst []byte, list []uint16, schemes []tls.SignatureScheme) []byte {
	if len(list) == 0 {
		return append(dst, noHash...)
	}
	text := make([]byte, 0, 5*(len(list)+len(schemes)))
	for i, v := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = hex.AppendEncode(text, []byte{byte(v >> 8), byte(v)})
	}
	separator := byte('_')
	for _, s := range schemes {
		if isGREASE(uint16(s)) {
			continue
		}
		text = append(text, separator)
		text = hex.AppendEncode(text, []byte{byte(s >> 8), byte(s)})
		separator = ','
	}
	sum := sha256.Sum256(text)
	return hex.AppendEncode(dst, sum[:6])
}
