package pipeline

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/listener"
)

type claims map[string]any

// token signs a token for the subject that was authenticated now, with changes;
// nil removes a claim.
func (w *world) token(sub string, changes ...claims) string {
	w.Helper()
	now := w.now()
	c := claims{"iss": testIssuer, "sub": sub, "aud": "api", "client_id": "web", "sid": "s-" + sub,
		"exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "acr": "urn:pwd", "auth_time": now.Add(-time.Hour).Unix()}
	for _, change := range changes {
		maps.Copy(c, change)
	}
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(c)
	w.must(err)
	signed := b64([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"k1"}`)) + "." + b64(payload)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, w.key, sum[:])
	w.must(err)
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...))
}

// strong is a token of somebody who has just shown a second factor.
func (w *world) strong(sub string) string {
	return w.token(sub, claims{"acr": "urn:mfa", "auth_time": w.now().Unix()})
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (w *world) keySet() string {
	point, err := w.key.PublicKey.Bytes()
	w.must(err)
	set, err := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "use": "sig", "x": b64(point[1:33]), "y": b64(point[33:])}}})
	w.must(err)
	return w.file("keys.json", string(set))
}

// keyFile lists three keys: one that is good, one that has expired, and one for a
// network elsewhere.
func (w *world) keyFile() string {
	var b strings.Builder
	b.WriteString("keys:\n")
	for _, k := range []struct{ id, more string }{
		{"good", ""}, {"old", "    expires: 2026-03-01\n"}, {"away", "    networks: [233.252.0.0/24]\n"},
	} {
		wire, hash := authn.GenerateKey(k.id)
		w.apiKeys[k.id] = wire
		fmt.Fprintf(&b, "  - id: %s\n    owner: %s-batch\n    hash: %q\n%s", k.id, k.id, hash, k.more)
	}
	return w.file("keys.yaml", b.String())
}

func (w *world) file(name, content string) string {
	path := filepath.Join(w.TempDir(), name)
	w.must(os.WriteFile(path, []byte(content), 0o600))
	return path
}

// certificate writes a certificate of its own signature.
func (w *world) certificate() listener.TLS {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{"api.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &w.key.PublicKey, w.key)
	w.must(err)
	secret, err := x509.MarshalPKCS8PrivateKey(w.key)
	w.must(err)
	block := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return listener.TLS{Cert: w.file("cert.pem", block("CERTIFICATE", der)), Key: w.file("key.pem", block("PRIVATE KEY", secret))}
}

// count reads a counter.
func (w *world) count(c prometheus.Metric) float64 {
	var m dto.Metric
	w.must(c.Write(&m))
	return m.GetCounter().GetValue()
}
