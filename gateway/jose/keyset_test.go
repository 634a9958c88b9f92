package jose

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
)

type noFetch struct{}

func (noFetch) Fetch(context.Context, string, int64) ([]byte, error) {
	return nil, errors.New("unreachable")
}

// issuer is a fake identity provider whose keys can be rotated.
type issuer struct {
	mu      sync.Mutex // guards the rest
	keys    []jose.JSONWebKey
	down    bool
	gate    chan struct{} // not nil: a fetch waits for it
	fetches atomic.Int64
}

func (i *issuer) Fetch(context.Context, string, int64) ([]byte, error) {
	i.fetches.Add(1)
	i.mu.Lock()
	keys, down, gate := i.keys, i.down, i.gate
	i.mu.Unlock()
	if gate != nil {
		<-gate
	}
	if down {
		return nil, errors.New("connection refused")
	}
	return json.Marshal(jose.JSONWebKeySet{Keys: keys})
}

func (i *issuer) set(down bool, kids ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down, i.keys = down, nil
	for _, kid := range kids {
		i.keys = append(i.keys, jose.JSONWebKey{Key: keyNamed(kid).Public(), KeyID: kid, Algorithm: "ES256", Use: "sig"})
	}
}

var (
	keyMu sync.Mutex // guards named
	named = map[string]*ecdsa.PrivateKey{}
)

func keyNamed(kid string) *ecdsa.PrivateKey {
	keyMu.Lock()
	defer keyMu.Unlock()
	if named[kid] == nil {
		named[kid], _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	return named[kid]
}

func signed(t testing.TB, kid string) []byte {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: keyNamed(kid)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign([]byte(`{"sub":"alice"}`))
	if err != nil {
		t.Fatal(err)
	}
	s, _ := jws.CompactSerialize()
	return []byte(s)
}

func parse(t testing.TB, token []byte) *Token {
	t.Helper()
	tok, denial := Parse(token)
	if denial != "" {
		t.Fatalf("Parse: %s", denial)
	}
	return &tok
}

var start = time.Unix(1_700_000_000, 0)

func testSet(i *issuer) *KeySet {
	return NewKeySet(Config{URL: "https://idp.example/keys", Algorithms: []string{"ES256"}}, i,
		zerolog.Nop(), func() time.Time { return start })
}

func TestRotatedKeyIsUsedAtOnceWithOneFetch(t *testing.T) {
	idp := &issuer{}
	idp.set(false, "old")
	s := testSet(idp)
	oldTok, newTok := parse(t, signed(t, "old")), parse(t, signed(t, "new"))
	old, denial := s.Verify(oldTok, start)
	if denial != "" {
		t.Fatalf("first token: %s", denial)
	}
	idp.set(false, "old", "new")
	later := start.Add(time.Minute)
	if _, denial := s.Verify(newTok, later); denial != "" {
		t.Errorf("token of the new key: %s", denial)
	}
	again, _ := s.Verify(oldTok, later)
	if again != old || !old.Usable(later) {
		t.Error("a key that stayed is another key after the rotation")
	}
	if n := idp.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want the first and one for the rotation", n)
	}
	idp.set(false, "new")
	s.refresh(t.Context(), later.Add(time.Minute))
	if old.Usable(later.Add(time.Minute)) {
		t.Error("a withdrawn key is still usable")
	}
}

func TestAThousandUnknownKeysAtOnceMakeOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idp := &issuer{gate: make(chan struct{})}
		idp.set(false, "real")
		s := testSet(idp)
		tok := parse(t, signed(t, "real"))
		var wg sync.WaitGroup
		var passed atomic.Int64
		for range 1000 {
			wg.Go(func() {
				if _, denial := s.Verify(tok, start); denial == "" {
					passed.Add(1)
				}
			})
		}
		synctest.Wait()
		close(idp.gate)
		wg.Wait()
		if n := idp.fetches.Load(); n != 1 || passed.Load() != 1000 {
			t.Errorf("%d fetches, %d passed, want 1 and 1000", n, passed.Load())
		}
	})
}

func TestForgedKeyNamesCannotForceFetches(t *testing.T) {
	idp := &issuer{}
	idp.set(false, "real")
	s := testSet(idp)
	tok := *parse(t, signed(t, "real"))
	for i := range 600 { // ten minutes, a name of its own each second
		tok.KeyID = fmt.Sprint("forged-", i)
		if _, denial := s.Verify(&tok, start.Add(time.Duration(i)*time.Second)); denial != models.TokenUnknownKey {
			t.Fatalf("forged key name: %q", denial)
		}
	}
	if n := idp.fetches.Load(); n != 60 {
		t.Errorf("%d fetches in 10 minutes, want one per 10 s", n)
	}
	idp.fetches.Store(0)
	tok.KeyID = "retired"
	for i := range 600 { // the same name again and again
		s.Verify(&tok, start.Add(time.Hour+time.Duration(i)*time.Second))
	}
	if n := idp.fetches.Load(); n != 10 {
		t.Errorf("%d fetches for one unknown name in 10 minutes, want one per minute", n)
	}
}

func TestOldKeysOutliveADeadIssuerUntilMaxStale(t *testing.T) {
	idp := &issuer{}
	idp.set(false, "real")
	s := testSet(idp)
	tok := parse(t, signed(t, "real"))
	k, _ := s.Verify(tok, start)
	idp.set(true)
	hour := start.Add(time.Hour)
	s.refresh(t.Context(), hour)
	if _, denial := s.Verify(tok, hour); denial != "" {
		t.Errorf("after an hour without issuer: %s", denial)
	}
	if st := s.State(hour); !st.Stale || st.Expired || st.Err == nil || st.Failures != 1 || !st.Fetched.Equal(start) {
		t.Errorf("state %+v, want stale", st)
	}
	late := start.Add(25 * time.Hour)
	if _, denial := s.Verify(tok, late); denial != models.KeysUnavailable {
		t.Errorf("after 25 h without issuer: %q", denial)
	}
	if k.Usable(late) || !s.State(late).Expired {
		t.Error("the key is still usable after 25 h")
	}
	idp.set(false, "real")
	if _, denial := s.Verify(tok, late.Add(time.Minute)); denial != "" {
		t.Errorf("after the issuer came back: %s", denial)
	}
}

func TestNoKeysYetIsUnavailable(t *testing.T) {
	idp := &issuer{down: true}
	if _, denial := testSet(idp).Verify(parse(t, signed(t, "x")), start); denial != models.KeysUnavailable {
		t.Errorf("got %q", denial)
	}
}

func TestRunRefreshesAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		idp := &issuer{}
		idp.set(false, "a")
		s := testSet(idp)
		s.clock = time.Now
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { s.Run(ctx) })
		time.Sleep(time.Hour + time.Second) // of the bubble
		cancel()
		wg.Wait()
		if n := idp.fetches.Load(); n != 7 {
			t.Errorf("%d fetches in an hour, want one at once and six after", n)
		}
	})
}

// slowIssuer answers a fetch after a minute, unless the fetch is canceled before.
type slowIssuer struct{ *issuer }

func (i slowIssuer) Fetch(ctx context.Context, url string, limit int64) ([]byte, error) {
	select {
	case <-ctx.Done():
		i.fetches.Add(1)
		return nil, ctx.Err()
	case <-time.After(time.Minute):
		return i.issuer.Fetch(ctx, url, limit)
	}
}

// slowSet is a set of such an issuer whose fetches may take so long.
func slowSet(timeout time.Duration) (*KeySet, slowIssuer) {
	idp := slowIssuer{&issuer{}}
	idp.set(false, "a")
	c := Config{URL: "https://idp.example/keys", Algorithms: []string{"ES256"}, Timeout: timeout}
	return NewKeySet(c, idp, zerolog.Nop(), time.Now), idp
}

// Who ends Run has not heard the issuer fail: nothing is counted, the state is that
// of before, and the next Run fetches at once.
func TestFetchThatRunEndedIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, idp := slowSet(2 * time.Minute)
		for _, ends := range []time.Duration{90 * time.Second, 10*time.Minute + 90*time.Second} {
			ctx, cancel := context.WithTimeout(t.Context(), ends)
			s.Run(ctx)
			cancel()
		}
		if st := s.State(time.Now()); st.Err != nil || st.Failures != 0 || st.Fetches != 2 || st.Stale {
			t.Errorf("after whole fetches: %+v, want 2 and none failed", st)
		}
		for range 3 {
			time.Sleep(time.Minute) // so that a fetch may be made
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			s.Run(ctx)
			cancel()
		}
		if st := s.State(time.Now()); st.Err != nil || st.Failures != 0 || st.Fetches != 2 || st.Stale {
			t.Errorf("after fetches that Run ended: %+v, want no failure", st)
		}
		before := idp.fetches.Load()
		ctx, cancel := context.WithTimeout(t.Context(), 61*time.Second)
		defer cancel()
		s.Run(ctx)
		if st := s.State(time.Now()); st.Fetches != 3 || idp.fetches.Load() != before+1 {
			t.Errorf("the next Run: %+v, want a fetch at once", st)
		}
	})
}

// A fetch that takes too long is one that failed.
func TestFetchThatTimesOutIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := slowSet(10 * time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		s.Run(ctx)
		if st := s.State(time.Now()); !errors.Is(st.Err, context.DeadlineExceeded) || st.Failures != 1 {
			t.Errorf("state %+v, want one failure", st)
		}
	})
}

// A token that waits for a fetch that is given up makes it itself.
func TestWaitingTokenTakesOverAFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, idp := slowSet(2 * time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { s.Run(ctx) })
		synctest.Wait()
		wg.Go(func() {
			if _, denial := s.Verify(parse(t, signed(t, "a")), time.Now()); denial != "" {
				t.Errorf("the token that waited: %s", denial)
			}
		})
		synctest.Wait()
		cancel()
		wg.Wait()
		if n := idp.fetches.Load(); n != 2 {
			t.Errorf("%d fetches, want the one given up and another", n)
		}
	})
}

// Run ends when it is told to, also while it waits for a fetch of somebody else.
func TestRunDoesNotWaitForTheFetchOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := slowSet(2 * time.Minute)
		var wg sync.WaitGroup
		wg.Go(func() { s.Verify(parse(t, signed(t, "a")), time.Now()) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		s.Run(ctx)
		if took := time.Since(began); took != time.Second {
			t.Errorf("Run ended after %s, want 1s", took)
		}
		wg.Wait()
	})
}

func TestFileIsASource(t *testing.T) {
	idp := &issuer{}
	idp.set(false, "k")
	data, _ := idp.Fetch(t.Context(), "", 0)
	name := filepath.Join(t.TempDir(), "jwks.json")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s := NewKeySet(Config{File: name, Algorithms: []string{"ES256"}}, nil, zerolog.Nop(), time.Now)
	if _, denial := s.Verify(parse(t, signed(t, "k")), start); denial != "" {
		t.Error(denial)
	}
}

func TestHTTPRefusesRedirectsLargeAndFailedAnswers(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			fmt.Fprint(w, strings.Repeat("x", 100))
		}
	}))
	defer srv.Close()
	h := NewHTTP()
	defer h.Close()
	if data, err := h.Fetch(t.Context(), srv.URL, 100); err != nil || len(data) != 100 {
		t.Errorf("fetch: %d bytes, %v", len(data), err)
	}
	if _, err := h.Fetch(t.Context(), srv.URL, 99); !errors.Is(err, errTooLarge) {
		t.Errorf("101st byte: %v", err)
	}
	for _, path := range []string{"/moved", "/broken"} {
		if _, err := h.Fetch(t.Context(), srv.URL+path, 100); err == nil {
			t.Errorf("%s is accepted", path)
		}
	}
}

func TestValidateReportsEveryMistake(t *testing.T) {
	c := Config{URL: "http://idp.example/keys", Algorithms: []string{"none", "HS256"}, Timeout: time.Hour, MaxBytes: 1}
	var paths []string
	for _, p := range c.Validate() {
		paths = append(paths, p.Path)
	}
	if got, want := strings.Join(paths, " "), "jwks_url algorithms algorithms algorithms timeout max_bytes"; got != want {
		t.Errorf("mistakes at %s, want %s", got, want)
	}
	ok := Config{URL: "http://127.0.0.1:8080/keys", Algorithms: []string{"ES256"}}
	if p := ok.Validate(); len(p) != 0 {
		t.Errorf("valid configuration: %v", p)
	}
}

func BenchmarkVerifyES256(b *testing.B) {
	idp := &issuer{}
	idp.set(false, "k")
	s, token := testSet(idp), signed(b, "k")
	b.ReportAllocs()
	for b.Loop() {
		tok, _ := Parse(token)
		if _, denial := s.Verify(&tok, start); denial != "" {
			b.Fatal(denial)
		}
	}
}
