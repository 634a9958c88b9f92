package authn

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

var start = time.Unix(1_800_000_000, 0)

var testKey = func() *ecdsa.PrivateKey {
	k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return k
}()

// idp is a fake identity provider.
type idp struct {
	mu    sync.Mutex // guards the rest
	kids  []string
	down  bool
	count int
}

func (p *idp) set(down bool, kids ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down, p.kids = down, kids
}

func (p *idp) fetches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *idp) Fetch(context.Context, string, int64) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count++; p.down {
		return nil, errors.New("connection refused")
	}
	set := map[string][]any{"keys": {}}
	x, y := point(testKey)
	for _, kid := range p.kids {
		set["keys"] = append(set["keys"], map[string]string{
			"kty": "EC", "crv": "P-256", "kid": kid, "alg": "ES256", "use": "sig", "x": x, "y": y,
		})
	}
	return json.Marshal(set)
}

// point returns the coordinates of a public key as a JWK writes them.
func point(k *ecdsa.PrivateKey) (x, y string) {
	b, err := k.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	return b64(b[1:33]), b64(b[33:])
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type claimSet map[string]any

// goodClaims are those of a token that is accepted, with changes; nil removes a
// claim.
func goodClaims(changes claimSet) claimSet {
	c := claimSet{
		"iss": "https://idp.example", "sub": "alice", "aud": "orders", "client_id": "web",
		"exp": start.Add(time.Hour).Unix(), "iat": start.Unix(), "sid": "s1",
		"scope": "read write", "roles": []string{"clerk"}, "acr": "urn:pwd", "auth_time": start.Add(-time.Minute).Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func sign(t testing.TB, kid, typ string, c claimSet) string {
	t.Helper()
	head := map[string]string{"alg": "ES256", "kid": kid}
	if typ != "" {
		head["typ"] = typ
	}
	h, _ := json.Marshal(head)
	payload, _ := json.Marshal(c)
	signed := b64(h) + "." + b64(payload)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, testKey, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...))
}

func testConfig() Config {
	c := DefaultConfig()
	c.JWT.Issuers = []Issuer{{
		Issuer: "https://idp.example", Audience: []string{"orders"}, Clients: map[string]string{"svc-7": "batch"},
		Keys: jose.Config{URL: "https://idp.example/keys", Algorithms: []string{"ES256"}},
	}}
	return c
}

func pseudonym(s models.Subject) models.Pseudonym { return models.PseudonymOf([]byte("k"), s, 0) }

func newTest(t testing.TB, c Config, p *idp) *Authenticator {
	t.Helper()
	if problems := c.Validate(); len(problems) > 0 {
		t.Fatal(problems)
	}
	a, err := New(c, pseudonym, p, zerolog.Nop(), func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// request makes a view with header fields, given as "Name: value".
func request(fields ...string) *models.Request {
	v := &models.Request{Client: netip.MustParseAddr("192.0.2.7")}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		at := uint32(len(v.Raw))
		v.Raw = append(v.Raw, f+"\r\n"...)
		n, l := uint32(len(name)), uint32(len(value))
		v.Fields[v.NumFields] = models.Field{Name: models.Span{From: at, To: at + n},
			Value: models.Span{From: at + n + 2, To: at + n + 2 + l}}
		v.NumFields++
	}
	return v
}

func bearer(token string) *models.Request { return request("Host: x", "Authorization: Bearer "+token) }

func writeKeys(t testing.TB, name, content string) string {
	t.Helper()
	if name == "" {
		name = filepath.Join(t.TempDir(), "keys.yaml")
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
