package upstream

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// authority is a CA made for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	file string
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	cert, key := certify(t, nil, nil, "")
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return authority{cert, key, file}
}

// certify makes a certificate for name, signed by the parent; without a parent
// an authority.
func certify(t *testing.T, parent *x509.Certificate, parentKey *ecdsa.PrivateKey, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "test " + name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true,
	}
	if parent == nil {
		tmpl.IsCA, tmpl.KeyUsage = true, x509.KeyUsageCertSign
		parent, parentKey = tmpl, key
	} else {
		tmpl.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

func startTLS(t *testing.T, ca authority, name string, version uint16) string {
	t.Helper()
	cert, key := certify(t, ca.cert, ca.key, name)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok"))
	}))
	s.TLS = &tls.Config{
		MaxVersion:   version,
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}},
	}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

// speaksFirst is a server without TLS that does not wait for a header.
func speaksFirst(_ int, c net.Conn, br *bufio.Reader) {
	_, _ = io.WriteString(c, okAnswer)
	_, _ = io.Copy(io.Discard, br)
}

// TestTLSIsVerified: only the right name under the right authority gets requests.
func TestTLSIsVerified(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	url := startTLS(t, ours, "orders.internal", tls.VersionTLS13)
	for _, c := range []struct {
		what, url, ca, name string
		denial              models.Denial
		proxy               string
	}{
		{"right name and authority", url, ours.file, "orders.internal", "", ""},
		{"wrong name", url, ours.file, "other.internal", models.UpstreamTLS, "tls_certificate_error"},
		{"address instead of name", url, ours.file, "", models.UpstreamTLS, "tls_certificate_error"},
		{"wrong authority", url, other.file, "orders.internal", models.UpstreamTLS, "tls_certificate_error"},
		{"authorities of the system", url, "", "orders.internal", models.UpstreamTLS, "tls_certificate_error"},
		{"TLS 1.2", startTLS(t, ours, "orders.internal", tls.VersionTLS12), ours.file, "orders.internal", "", ""},
		{"TLS 1.1", startTLS(t, ours, "orders.internal", tls.VersionTLS11), ours.file, "orders.internal", models.UpstreamTLS, "tls_alert_received"},
		{"no TLS", "https" + startRaw(t, speaksFirst).url()[4:], ours.file, "orders.internal", models.UpstreamTLS, "tls_protocol_error"},
	} {
		p := testPool(t, func(p *PoolConfig) { p.CA, p.ServerName = c.ca, c.name }, c.url)
		for range 2 { // the second over the kept connection
			resp, r := get(t, p)
			if r.Denial != c.denial || r.ProxyError != c.proxy {
				t.Errorf("%s: %+v, want %q %q", c.what, r, c.denial, c.proxy)
			}
			if c.denial == "" && string(resp.Body()) != "ok" {
				t.Errorf("%s: body %q", c.what, resp.Body())
			}
		}
	}
}

func TestNewRefusesBadCA(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, ca := range []string{empty, filepath.Join(t.TempDir(), "absent.pem")} {
		c := Config{Pools: map[string]PoolConfig{"web": {Targets: []string{"https://localhost"}, CA: ca}}}
		if _, err := New(c, discard); err == nil {
			t.Errorf("New accepts the authorities in %s", ca)
		}
	}
}
