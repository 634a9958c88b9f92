package listener

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// writeCert writes a new certificate for gate.example with that serial number
// over the files that t names.
func writeCert(t testing.TB, at TLS, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: []string{"gate.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, at.Cert, "CERTIFICATE", der)
	writePEM(t, at.Key, "PRIVATE KEY", secret)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func writePEM(t testing.TB, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// shake makes a handshake and returns the connection.
func shake(t testing.TB, l *Listener, cfg *tls.Config) (*tls.Conn, error) {
	t.Helper()
	cfg.InsecureSkipVerify = true
	c := tls.Client(dial(t, l), cfg)
	return c, c.Handshake()
}

func startTLS(t testing.TB, h Handler) (*Listener, TLS) {
	dir := t.TempDir()
	at := TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	writeCert(t, at, 1)
	return start(t, h, func(c *Config) { c.TLS = at }), at
}

func TestTLSFacts(t *testing.T) {
	var facts models.TLSFacts
	var secure bool
	l, _ := startTLS(t, handlerFunc(func(_ *fasthttp.RequestCtx, r *models.Request) { facts, secure = r.TLS, r.Secure }))
	for _, f := range []struct {
		what  string
		cfg   *tls.Config
		facts models.TLSFacts
		ja4   string // a pattern: the hashes are those of the client's own release
	}{
		{"TLS 1.3 with name and protocol", &tls.Config{ServerName: "gate.example", NextProtos: []string{"h2", "http/1.1"}},
			models.TLSFacts{Version: tls.VersionTLS13, ServerName: "gate.example", ALPN: "http/1.1"}, "^t13d[0-9]{4}h2_"},
		{"TLS 1.2 without both", &tls.Config{MaxVersion: tls.VersionTLS12},
			models.TLSFacts{Version: tls.VersionTLS12}, "^t12i[0-9]{4}00_"},
		{"http/1.1 only", &tls.Config{ServerName: "gate.example", NextProtos: []string{"http/1.1"}},
			models.TLSFacts{Version: tls.VersionTLS13, ServerName: "gate.example", ALPN: "http/1.1"}, "^t13d[0-9]{4}h1_"},
	} {
		c, err := shake(t, l, f.cfg)
		if err != nil {
			t.Fatalf("%s: %v", f.what, err)
		}
		ask(t, c)
		ja4 := facts.JA4
		facts.JA4 = ""
		if facts != f.facts || !secure {
			t.Errorf("%s: %+v, secure %v; want %+v", f.what, facts, secure, f.facts)
		}
		if !regexp.MustCompile(f.ja4+"[0-9a-f]{12}_[0-9a-f]{12}$").MatchString(ja4) || len(ja4) != 36 {
			t.Errorf("%s: JA4 %s, want %s…", f.what, ja4, f.ja4)
		}
	}
}

func TestJA4IsTheSameForTheSameClient(t *testing.T) {
	seen := map[string]int{}
	l, _ := startTLS(t, handlerFunc(func(_ *fasthttp.RequestCtx, r *models.Request) { seen[r.TLS.JA4]++ }))
	for range 3 {
		c, err := shake(t, l, &tls.Config{ServerName: "gate.example"})
		if err != nil {
			t.Fatal(err)
		}
		ask(t, c)
		ask(t, c)
	}
	if len(seen) != 1 {
		t.Errorf("one client has %v", seen)
	}
}

func TestTLSRefusesTheOld(t *testing.T) {
	l, _ := startTLS(t, sayOK)
	for _, f := range []struct {
		what string
		cfg  *tls.Config
	}{
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}},
		{"CBC", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}},
		{"h2 only", &tls.Config{NextProtos: []string{"h2"}}},
	} {
		if _, err := shake(t, l, f.cfg); err == nil {
			t.Errorf("%s: the handshake succeeded", f.what)
		}
	}
	if _, err := shake(t, l, &tls.Config{MaxVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	}
}

func TestClearTextOnTLSGetsNothing(t *testing.T) {
	asked := false
	l, _ := startTLS(t, handlerFunc(func(*fasthttp.RequestCtx, *models.Request) { asked = true }))
	if answer := talk(t, l, second); strings.Contains(answer, "HTTP/1.1 200") || asked {
		t.Errorf("got %q", answer)
	}
}

func TestRefusalOverTLSArrives(t *testing.T) {
	l, _ := startTLS(t, sayOK)
	c, err := shake(t, l, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	send(t, c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"+strings.Repeat("a", 100000))
	if answer, err := io.ReadAll(c); err != nil || !strings.HasSuffix(string(answer), "body_too_large") {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestBodyBrokenOffOverTLS(t *testing.T) {
	l, _ := startTLS(t, handlerFunc(reportBody))
	c, err := shake(t, l, &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	send(t, c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"+chunks(5, 1))
	c.CloseWrite()
	if answer, _ := io.ReadAll(c); !strings.Contains(string(answer), `5 bytes, "malformed_request"`) {
		t.Errorf("got %q", answer)
	}
}

func TestReloadTakesTheNewCertificate(t *testing.T) {
	l, at := startTLS(t, sayOK)
	serial := func() int64 {
		c, err := shake(t, l, &tls.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	writeCert(t, at, 2)
	if got := serial(); got != 1 {
		t.Errorf("certificate %d before the reload, want 1", got)
	}
	if err := l.Reload(l.start); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after the reload, want 2", got)
	}
	os.WriteFile(at.Cert, []byte("no certificate"), 0o600)
	if err := l.Reload(l.start); err == nil || !strings.Contains(err.Error(), at.Cert) {
		t.Errorf("a broken certificate was loaded: %v", err)
	}
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after the failed reload, want 2", got)
	}
}

// A ticket resumes a session for a day and no longer, though crypto/tls would
// take it for seven.
func TestTicketsExpire(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		dir := t.TempDir()
		at := TLS{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
		writeCert(t, at, 1)
		now := time.Now()
		cfg := DefaultConfig()
		cfg.Address, cfg.TLS = "127.0.0.1:0", at
		l, err := New(cfg, sayOK, func() time.Time { return now }, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Start(); err != nil {
			t.Fatal(err)
		}
		client := &tls.Config{MaxVersion: version, ServerName: "gate.example", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		resumed := func() bool {
			c, err := shake(t, l, client)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ask(t, c) // which also reads the tickets of TLS 1.3
			return c.ConnectionState().DidResume
		}
		first, soon := resumed(), resumed()
		settle(t, l, 0)
		now = now.Add(ticketLifetime + time.Second)
		late, again := resumed(), resumed()
		if first || !soon || late || !again {
			t.Errorf("version %x: resumed %v %v %v %v, want false true false true", version, first, soon, late, again)
		}
		l.Stop(t.Context())
	}
}

func TestJA4Vector(t *testing.T) {
	// The example of the specification, with GREASE and in no order.
	hello := &tls.ClientHelloInfo{
		CipherSuites: []uint16{0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
			0xc014, 0x009c, 0x009d, 0x002f, 0x0035},
		SupportedVersions: []uint16{0x1a1a, tls.VersionTLS13, tls.VersionTLS12},
		SupportedProtos:   []string{"h2", "http/1.1"},
		Extensions: []uint16{0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
			0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x3a3a},
		SignatureSchemes: []tls.SignatureScheme{0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601},
	}
	if got, want := fingerprint(hello), "t13d1516h2_8daaf6152771_e5627efa2ab1"; got != want {
		t.Errorf("JA4 %s, want %s", got, want)
	}
	for _, f := range []struct {
		protos []string
		want   string
	}{{nil, "00"}, {[]string{"http/1.1"}, "h1"}, {[]string{"h"}, "hh"}, {[]string{"\xab"}, "ab"}, {[]string{"0\xef"}, "3f"}, {[]string{""}, "00"}} {
		hello.SupportedProtos = f.protos
		if got := fingerprint(hello)[8:10]; got != f.want {
			t.Errorf("protocols %q: %s, want %s", f.protos, got, f.want)
		}
	}
	if got, want := fingerprint(&tls.ClientHelloInfo{}), "t00i000000_000000000000_000000000000"; got != want {
		t.Errorf("JA4 of nothing is %s, want %s", got, want)
	}
}

var _ net.Conn = (*secureConn)(nil)
