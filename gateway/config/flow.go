package config

import (
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// mendColons puts plain scalars together again that the lexer cuts at a colon
// between braces: in {acr: urn:mfa} the second colon is a character of the
// scalar, because no space follows it (YAML 1.2, 7.3.3).
func mendColons(tokens token.Tokens) token.Tokens {
	var out token.Tokens
	depth := 0
	for i := 0; i < len(tokens); i++ {
		tk := tokens[i]
		switch tk.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		}
		for depth > 0 && i+2 < len(tokens) && cutAtColon(tk, tokens[i+1], tokens[i+2]) {
			tk = token.String(tk.Value+":"+tokens[i+2].Value, tk.Origin+":"+tokens[i+2].Origin, tk.Position)
			i += 2
		}
		tk.Prev, tk.Next = nil, nil
		out.Add(tk)
	}
	return out
}

// cutAtColon reports whether the three tokens stand in the file without a gap.
func cutAtColon(before, colon, after *token.Token) bool {
	return colon.Type == token.MappingValueType && plainToken(before) && plainToken(after) &&
		follows(before, colon) && follows(colon, after)
}

func follows(a, b *token.Token) bool {
	return a.Position.Line == b.Position.Line &&
		a.Position.Column+utf8.RuneCountInString(a.Value) == b.Position.Column
}

func plainToken(tk *token.Token) bool {
	switch tk.Type {
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType, token.NullType,
		token.HexIntegerType, token.OctetIntegerType, token.BinaryIntegerType,
		token.InfinityType, token.NanType:
		return true
	}
	return false
}
