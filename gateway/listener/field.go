package listener

// fieldKind tells the field names that the listener treats by name.
type fieldKind uint8

// The kinds; those from firstUnordered on are left out of the header order.
const (
	otherField fieldKind = iota
	hostField
	agentField
	connectionField
	firstUnordered
	lengthField = iota - 1
	codingField
	expectField
	upgradeField
	passingField // comes and goes with the single request
)

// maxFieldName is the length up to which names are told apart by kind; longer
// ones are other fields.
const maxFieldName = 40

// fieldName is a field name while it is read.
type fieldName struct {
	lower      [maxFieldName]byte
	length     int
	hash       uint32 // FNV-1a of the lower-case name
	underscore bool
}

// read reads the name that line starts with and returns the place of its colon,
// -1 if what stands before it is no token.
func (n *fieldName) read(line []byte) int {
	hash := orderStart
	for i, c := range line {
		if c == ':' {
			n.length, n.hash = i, hash
			if i == 0 {
				return -1
			}
			return i
		}
		lower := tokenByte[c]
		if lower == 0 {
			return -1
		}
		if i < maxFieldName {
			n.lower[i] = lower
		}
		n.underscore = n.underscore || lower == '_'
		hash = (hash ^ uint32(lower)) * orderPrime
	}
	return -1
}

// kind returns what the name stands for.
//
// Left out of the header order, because they tell the request and not the
// client: credentials, cookies, everything about the body, conditions, ranges,
// caching, navigation, tracing, and what proxies add.
func (n *fieldName) kind() fieldKind {
	if n.length > maxFieldName {
		return otherField
	}
	name := n.lower[:n.length]
	switch string(name) {
	case "host":
		return hostField
	case "user-agent":
		return agentField
	case "connection":
		return connectionField
	case "content-length":
		return lengthField
	case "transfer-encoding":
		return codingField
	case "expect":
		return expectField
	case "upgrade", "http2-settings":
		return upgradeField
	case "authorization", "proxy-authorization", "dpop", "signature", "signature-input", "cookie", "x-api-key",
		"content-type", "content-encoding", "content-digest", "digest", "trailer", "te",
		"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range",
		"cache-control", "pragma", "date", "referer", "origin", "upgrade-insecure-requests", "sec-fetch-user",
		"sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest", "priority", "x-requested-with", "x-csrf-token",
		"idempotency-key", "prefer", "traceparent", "tracestate", "baggage", "x-request-id", "x-correlation-id",
		"forwarded", "via", "x-real-ip", "cdn-loop":
		return passingField
	}
	if hasPrefix(name, "x-forwarded-") || hasPrefix(name, "x-riskgate-") || hasPrefix(name, "x-b3-") {
		return passingField
	}
	return otherField
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// FNV-1a, 32 bits, for names and for their order.
const (
	orderStart uint32 = 2166136261
	orderPrime uint32 = 16777619
)

// tokenByte gives the lower-case form of the bytes of a token, 0 for others.
var tokenByte = func() (lower [256]byte) {
	const others = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
	for i := 0; i < len(others); i++ {
		lower[others[i]] = others[i]
	}
	for c := byte('A'); c <= 'Z'; c++ {
		lower[c] = c + 'a' - 'A'
	}
	return lower
}()
