package device

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/keyed"
)

var (
	born = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	ada  = models.Pseudonym{1}
	eve  = models.Pseudonym{2}
)

func testTokens() *Tokens { return NewTokens([32]byte{7}, keyed.New([32]byte{8})) }

func TestTokens(t *testing.T) {
	tokens := testTokens()
	text := tokens.Issue(nil, ada, [8]byte{9}, born, true)
	if len(text) != TokenBytes || TokenBytes > 100 {
		t.Fatalf("%d bytes", len(text))
	}
	f := func(name string, text []byte, p models.Pseudonym, at time.Time, want int) {
		t.Helper()
		if got := tokens.Verify(text, p, at).Status; got != want {
			t.Errorf("%s: status %d, want %d", name, got, want)
		}
	}
	f("the owner", text, ada, born, models.TokenValid)
	f("a year later", text, ada, born.AddDate(1, 0, 0), models.TokenValid)
	f("two years later", text, ada, born.AddDate(2, 0, 0), models.TokenNone)
	f("before it was issued", text, ada, born.Add(-time.Hour), models.TokenNone)
	f("somebody else", text, eve, born, models.TokenForeign)
	f("nothing", nil, ada, born, models.TokenNone)
	f("cut short", text[:TokenBytes-1], ada, born, models.TokenNone)
	f("no base64", []byte(strings.Repeat("!", TokenBytes)), ada, born, models.TokenNone)
	f("another version", []byte("AA"+string(text[2:])), ada, born, models.TokenNone)
	other := NewTokens([32]byte{1}, keyed.New([32]byte{8}))
	f("a key that is no longer in use", other.Issue(nil, ada, [8]byte{9}, born, true), ada, born, models.TokenNone)
	forged := bytes.Clone(text)
	forged[TokenBytes/2] ^= 1
	f("forged", forged, ada, born, models.TokenForged)
	shown := tokens.Verify(text, ada, born)
	if !shown.Trusted || !shown.Issued.Equal(born) || shown.Device == 0 {
		t.Errorf("%+v", shown)
	}
	if tokens.Verify(tokens.Issue(nil, ada, [8]byte{9}, born, false), ada, born).Trusted {
		t.Error("a token on probation is trusted")
	}
}

// Whatever bit of a token is changed, it is not valid any more.
func TestEveryBitIsSigned(t *testing.T) {
	tokens := testTokens()
	raw, err := base64.RawURLEncoding.DecodeString(string(tokens.Issue(nil, ada, [8]byte{9}, born, false)))
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(raw) {
		raw[bit/8] ^= 1 << (bit % 8)
		text := base64.RawURLEncoding.AppendEncode(nil, raw)
		if s := tokens.Verify(text, ada, born).Status; s == models.TokenValid || s == models.TokenForeign {
			t.Errorf("bit %d is not signed: status %d", bit, s)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func FuzzVerify(f *testing.F) {
	tokens := testTokens()
	good := string(tokens.Issue(nil, ada, [8]byte{9}, born, true))
	f.Add(good)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if s := tokens.Verify([]byte(text), ada, born); s.Status == models.TokenValid && text != good {
			t.Errorf("%q is valid", text)
		}
	})
}

func viewOf(fields ...string) *models.Request {
	v := &models.Request{}
	for i := 0; i < len(fields); i += 2 {
		from := uint32(len(v.Raw))
		v.Raw = append(v.Raw, fields[i]+fields[i+1]...)
		mid := from + uint32(len(fields[i]))
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: from, To: mid}, Value: models.Span{From: mid, To: uint32(len(v.Raw))}}
		v.NumFields++
	}
	return v
}

func TestFind(t *testing.T) {
	f := func(want string, fields ...string) {
		t.Helper()
		if got := string(Find(viewOf(fields...))); got != want {
			t.Errorf("%q: %q, want %q", fields, got, want)
		}
	}
	f("")
	f("x", "Cookie", "__Host-riskgate-device=x")
	f("x", "COOKIE", "a=b;  __Host-riskgate-device=x; c=d")
	f("x", "Cookie", "a=b", "Cookie", "__Host-riskgate-device=x")
	f("", "Cookie", "not__Host-riskgate-device=x")
	f("y", "X-Riskgate-Device", "y")
	f("x", "X-Riskgate-Device", "y", "Cookie", "__Host-riskgate-device=x")
}

func BenchmarkVerify(b *testing.B) {
	tokens := testTokens()
	text := tokens.Issue(nil, ada, [8]byte{9}, born, true)
	b.ReportAllocs()
	for b.Loop() {
		tokens.Verify(text, ada, born)
	}
}
