package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// testIssuer signs access tokens and publishes its key.
type testIssuer struct {
	url     string
	key     *ecdsa.PrivateKey
	fetches atomic.Int64
	gate    chan struct{} // not nil: a fetch waits until it is closed
}

func newTestIssuer(t testing.TB) *testIssuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes() // 0x04, X, Y
	if err != nil {
		t.Fatal(err)
	}
	set, _ := json.Marshal(map[string]any{"keys": []any{map[string]string{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k",
		"x": part(point[1:33]), "y": part(point[33:]),
	}}})
	i := &testIssuer{key: key}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.fetches.Add(1)
		if i.gate != nil {
			select {
			case <-i.gate:
			case <-r.Context().Done():
			}
		}
		_, _ = w.Write(set)
	}))
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

// token returns an ES256 access token that is valid for 12 hours from now.
func (i *testIssuer) token(user string, now time.Time) string { return i.signed(user, "urn:pwd", now) }

// signed is token under an authentication context class.
func (i *testIssuer) signed(user, acr string, now time.Time) string {
	claims, err := json.Marshal(map[string]any{
		"iss": i.url, "sub": user, "aud": "test", "client_id": "app", "sid": user + "-1", "acr": acr,
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(), "auth_time": now.Unix(),
	})
	if err != nil {
		panic(err)
	}
	signed := part([]byte(`{"typ":"at+jwt","alg":"ES256","kid":"k"}`)) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		panic(err)
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + part(signature[:])
}

func part(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// A risk section that moves leaves a fetch of keys alone.
func TestMoveOfTheRiskSectionFetchesNoKeys(t *testing.T) {
	s := newSite(t)
	s.issuer.gate = make(chan struct{})
	s.start()
	eventually(t, "a fetch is under way", func() bool { return s.issuer.fetches.Load() == 1 })
	s.reloading.Lock()
	err := s.swapRisk(s.Config())
	s.reloading.Unlock()
	s.must(err)
	close(s.issuer.gate)
	refreshes := func(result string) float64 {
		return value(t, s.families()["riskgate_jose_refreshes_total"], "issuer="+s.issuer.url+",result="+result)
	}
	eventually(t, "the fetch has ended", func() bool { return refreshes("done") > 0 })
	if n := s.issuer.fetches.Load(); n != 1 {
		t.Errorf("%d fetches after the risk section moved, want the one", n)
	}
	s.want("/items/1", http.StatusOK)
}

// A reload begins a fetch that is under way anew. That is no failure.
func TestReloadDuringAFetchIsNoFailure(t *testing.T) {
	s := newSite(t)
	s.issuer.gate = make(chan struct{})
	s.start()
	eventually(t, "a fetch is under way", func() bool { return s.issuer.fetches.Load() == 1 })
	s.reload()
	eventually(t, "the fetch is begun anew", func() bool { return s.issuer.fetches.Load() == 2 })
	close(s.issuer.gate)
	s.until("the keys are known", "riskgate_jose_stale{issuer=\""+s.issuer.url+"\"} 0")
	if n := value(t, s.families()["riskgate_jose_refreshes_total"], "issuer="+s.issuer.url+",result=failed"); n != 0 {
		t.Errorf("%g fetches failed, want none", n)
	}
	if strings.Contains(s.log.String(), "key set cannot be refreshed") {
		t.Error("the log says that key sets cannot be refreshed")
	}
}
