package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals"
)

func (s *site) reload() {
	s.t.Helper()
	if err := s.Reload(); err != nil {
		s.t.Fatalf("reload: %v", err)
	}
}

// refused fails the test unless a reload is refused with an error that holds want
// and the gateway goes on as before.
func (s *site) refused(want string) {
	s.t.Helper()
	before := s.Config()
	err := s.Reload()
	if err == nil || !strings.Contains(err.Error(), want) {
		s.t.Errorf("reload: %v, want %s", err, want)
	}
	if s.Config() != before {
		s.t.Errorf("%s: the configuration changed", want)
	}
	s.want("/items/1", http.StatusOK)
}

// torExit is an address of the fixture databases.
const torExit = "203.0.113.200"

// strict watches, lax lets pass a machine that comes from a Tor exit.
const (
	strict = "mode: enforce, classes: {normal: {monitor: 15}}"
	lax    = "mode: enforce, classes: {normal: {monitor: 40, throttle: 50, step_up: 60}}"
)

// fromTor returns what the service hears was done with a GET that the client
// "shop" sends through Tor.
func (s *site) fromTor(path string) string {
	r := s.request(path)
	r.Header.Set("X-Forwarded-For", torExit)
	_, body := s.do(r)
	return body
}

func TestReloadChangesThresholds(t *testing.T) {
	s := newSite(t).start()
	f := func(risk, want string) {
		t.Helper()
		s.configure(parts{risk: risk})
		s.reload()
		if got := s.fromTor("/action"); got != want {
			t.Errorf("%s: %s, want %s", risk, got, want)
		}
	}
	f("mode: shadow", "allow")
	f(strict, "monitor")
	f(lax, "allow")
	f(strict, "monitor")
}

func TestReloadChangesRoutes(t *testing.T) {
	s := newSite(t).start()
	s.want("/more/1", http.StatusNotFound)
	s.configure(parts{routes: `- {id: more, match: {path: "/more/{id}"}, pool: service}`})
	s.reload()
	if status, _ := s.get("/more/1"); status != http.StatusNotFound || s.Config().Routes[7].ID != "more" {
		t.Errorf("new route: %d", status) // the service knows no such path; the gateway forwards it
	}
	if status, body := s.get("/more/1"); strings.Contains(body, "request_id") {
		t.Errorf("new route is not forwarded: %d %s", status, body)
	}
	s.configure(parts{})
	s.reload()
	if status, body := s.get("/more/1"); !strings.Contains(body, "request_id") {
		t.Errorf("removed route is forwarded: %d %s", status, body)
	}
}

func TestReloadMovesAPool(t *testing.T) {
	s := newSite(t).start()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "other")
	}))
	defer other.Close()
	running := make(chan string)
	go func() { _, body := s.get("/slow"); running <- body }()
	eventually(t, "the request is at the old service", func() bool {
		return strings.Contains(s.metrics(), "riskgate_upstream_pending{pool=\"service\",target=\""+s.service.URL+"\"} 1")
	})
	s.replace("targets: [\""+s.service.URL, "targets: [\""+other.URL)
	s.reload()
	if _, body := s.get("/items/1"); body != "other" {
		t.Errorf("after the reload: %q, want the other service", body)
	}
	close(s.slow)
	if body := <-running; body != "done" {
		t.Errorf("the request that was running: %q", body)
	}
}

func TestReloadChangesKeys(t *testing.T) {
	s := newSite(t).start()
	s.want("/items/1", http.StatusOK)
	keys := s.addKeys("shop", "clinic") // shop gets a new one
	s.reload()
	s.want("/items/1", http.StatusUnauthorized)
	s.key = keys["clinic"]
	s.want("/items/1", http.StatusOK)
	s.write("keys.yaml", "keys:\n  - {id: a b, owner: x}\n")
	s.refused("keys.yaml:2:10: keys[0].id: ")
}

func TestReloadChangesPolicies(t *testing.T) {
	s := newSite(t)
	s.write("p.cedar", "permit (principal, action, resource);\n")
	s.configure(parts{authz: "policies: p.cedar"})
	s.start()
	s.want("/items/1", http.StatusOK)
	s.write("p.cedar", "permit (principal, action, resource);\n@id(\"closed\") forbid (principal, action, resource);\n")
	s.reload()
	s.want("/items/1", http.StatusForbidden)
	s.write("p.cedar", "permit (principal, action, resource);\n")
	s.reload()
	s.write("p.cedar", "permit (principal, action\n")
	s.refused("p.cedar:")
}

func TestReloadKeepsWhatItCannotRead(t *testing.T) {
	s := newSite(t).start()
	good, err := os.ReadFile(s.path("riskgate.yaml"))
	s.must(err)
	f := func(old, bad, want string) {
		t.Helper()
		s.write("riskgate.yaml", strings.Replace(string(good), old, bad, 1))
		s.refused(want)
	}
	f("memory: 256MiB", "memory: 256MiB\nroutez: []", s.path("riskgate.yaml")+":2:1: routez: ")
	f("memory: 256MiB", "memory: [", "riskgate.yaml:")
	f(string(good), "", "riskgate.yaml:1:1: routes: none, want at least one")
	f("flush: 100ms", "flush: 100", "riskgate.yaml:33:12: signals.baseline.flush: ")
	f("authz: {}", "authz: {policies: nowhere.cedar}", "nowhere.cedar")
	f("city: city.mmdb", "city: keys.yaml", "keys.yaml")
	// what needs a restart says so, with its place
	f("memory: 256MiB", "memory: 300MiB", "riskgate.yaml:1:9: memory: changed, want the old value until a restart")
	f("known: 4MiB", "known: 5MiB", "riskgate.yaml:31:12: signals.baseline.known: changed, want the old value until a restart")
	f("address: 127.0.0.1:0", "address: 127.0.0.1:1", "riskgate.yaml:3:12: listener.address: changed")
	f("recent: 256", "recent: 16", "admin.recent: changed")
	f("path: events.jsonl", "path: other.jsonl", "streaming.file.path: changed")
	s.write("riskgate.yaml", string(good))
	s.reload()
	if got := s.metrics(); !strings.Contains(got, `riskgate_gateway_reloads_total{result="failed"} 11`) {
		t.Error("not every failed reload was counted")
	}
}

// A part that fails late takes back what the parts before it had accepted.
func TestReloadIsAllOrNothing(t *testing.T) {
	s := newSite(t).start()
	s.write("list.txt", "192.0.2.0/24\n")
	s.configure(parts{listener: "max_body: 1KiB", authz: "policies: nowhere.cedar"})
	s.refused("nowhere.cedar")
	r := s.request("/upload")
	r.Method, r.Body = http.MethodPost, io.NopCloser(strings.NewReader(strings.Repeat("x", 2000)))
	if status, body := s.do(r); status != http.StatusOK {
		t.Errorf("the refused body limit is in force: %d %s", status, body)
	}
}

func TestBrokenGeoDatabaseKeepsTheOld(t *testing.T) {
	t.Parallel()
	s := newSite(t).start()
	place := func() string {
		r := s.request("/items/1")
		r.Header.Set("X-Forwarded-For", "192.0.2.10")
		if status, body := s.do(r); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		var last string
		eventually(t, "the event", func() bool {
			_, last = s.admin(http.MethodGet, "/-/events?n=1")
			return strings.Contains(last, "192.0.2.10")
		})
		return last
	}
	if !strings.Contains(place(), `"country":"DE"`) {
		t.Fatal("the fixture does not say DE")
	}
	s.write("city.mmdb", "broken")
	s.refused("city")
	eventually(t, "the watch has seen it", func() bool { return strings.Contains(s.log.String(), "the old one stays") })
	if !strings.Contains(place(), `"country":"DE"`) {
		t.Error("the broken database replaced the old one")
	}
}

// An address in Tokyo that answers within a millisecond is impossible once it is
// known where the gateway stands.
func TestReloadMovesTheGateway(t *testing.T) {
	s := newSite(t).start()
	f := func(refresh string, want models.State) {
		t.Helper()
		view := models.Request{Time: s.clock(), Client: netip.MustParseAddr("198.51.100.230"), RTT: models.RoundTrips{TCP: time.Millisecond}}
		ev := models.Event{Time: view.Time, Client: view.Client}
		route := signals.NewRouteFacts("items", "/items/{id}", models.Normal)
		s.collector.Collect(&view, nil, &route, &ev)
		if got := ev.Evidence[models.RTT].State; got != want {
			t.Errorf("%s: rtt is %s, want %s", refresh, got, want)
		}
	}
	const nowhere, berlin, nonsense = "refresh: 1s", "refresh: 1s, location: {latitude: 52.52, longitude: 13.405}",
		"refresh: 1s, location: {latitude: 152.52, longitude: 13.405}"
	f(nowhere, models.Unavailable)
	s.replace(nowhere, berlin)
	s.reload()
	f(berlin, models.Hit)
	s.replace(berlin, nonsense)
	s.refused("signals.geo.location.latitude: 152.52, want degrees from -90 to 90")
	f(nonsense, models.Hit)
	s.configure(parts{authz: "policies: nowhere.cedar"}) // refused after the location was taken
	s.refused("nowhere.cedar")
	f("refused", models.Hit)
	s.configure(parts{})
	s.reload()
	f(nowhere, models.Unavailable)
}

func TestReloadReplacesTheCertificate(t *testing.T) {
	s := newSite(t)
	s.certificate("first")
	s.configure(parts{listener: "tls: {cert: cert.pem, key: key.pem}"})
	s.start()
	if got := s.shown(); got != "first" {
		t.Fatalf("%s is shown", got)
	}
	s.certificate("second")
	s.reload()
	if got := s.shown(); got != "second" {
		t.Errorf("after the reload %s is shown", got)
	}
	s.write("cert.pem", "nothing")
	if err := s.Reload(); err == nil || !strings.Contains(err.Error(), "cert.pem") {
		t.Errorf("reload: %v", err)
	}
	if got := s.shown(); got != "second" {
		t.Errorf("after the refused reload %s is shown", got)
	}
}

// certificate writes a self-signed one.
func (s *site) certificate(name string) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, leaf, key.Public(), key)
	s.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(err)
	s.write("cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	s.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// shown returns the name in the certificate that clients see.
func (s *site) shown() string {
	c, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].DNSNames[0]
}

func TestReloadByFileChange(t *testing.T) {
	t.Parallel()
	s := newSite(t).start()
	s.configure(parts{risk: strict})
	eventually(t, "the configuration is in force", func() bool { return s.fromTor("/action") == "monitor" })
	s.addKeys("clinic") // shop is gone
	eventually(t, "the key file is in force", func() bool { status, _ := s.get("/items/1"); return status == 401 })
}

// A file that changes between New and Start is noticed too.
func TestReloadByFileChangeBeforeStart(t *testing.T) {
	t.Parallel()
	s := newSite(t).build()
	s.configure(parts{routes: `- {id: more, match: {path: "/more/{id}"}, pool: service}`})
	s.must(s.Start())
	defer s.stop()
	eventually(t, "the route is known", func() bool { return len(s.Config().Routes) == 8 })
}

func TestReloadByAdminCall(t *testing.T) {
	s := newSite(t).start()
	if status, body := s.admin(http.MethodPost, "/-/reload"); status != 200 || body != "reloaded\n" {
		t.Errorf("reload: %d %s", status, body)
	}
	s.write("riskgate.yaml", "memory: 1\n")
	status, body := s.admin(http.MethodPost, "/-/reload")
	if status != http.StatusUnprocessableEntity || !strings.Contains(body, s.path("riskgate.yaml")+":1:9: memory: ") {
		t.Errorf("bad file: %d %s", status, body)
	}
	if status, _ := s.admin(http.MethodGet, "/-/reload"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", status)
	}
}

// A risk section is published once per change, before any decision made by it.
func TestReloadPublishesTheRiskSection(t *testing.T) {
	s := newSite(t).start()
	s.reload()
	s.configure(parts{risk: "mode: shadow, classes: {normal: {throttle: 23}}"})
	s.reload()
	s.reload()
	s.want("/items/1", 200)
	s.stop()
	text, err := os.ReadFile(s.path("events.jsonl"))
	s.must(err)
	var kinds []string
	for line := range strings.Lines(string(text)) {
		kind := "decision"
		if strings.HasPrefix(line, `{"type":"riskgate.config"`) {
			kind = "config"
		}
		kinds = append(kinds, kind)
	}
	if got := strings.Join(kinds, " "); got != "config config decision" {
		t.Errorf("events: %s\n%s", got, text)
	}
}

// As a tool that rotates files does it: rename, then ask for a reload.
func TestReloadOpensTheEventFileAnew(t *testing.T) {
	s := newSite(t).start()
	s.want("/items/1", http.StatusOK)
	path := s.Config().Streaming.File.Path
	eventually(t, "the first event", func() bool {
		text, _ := os.ReadFile(path)
		return strings.Contains(string(text), `"kind":"decision"`)
	})
	s.must(os.Rename(path, path+".old"))
	s.reload()
	s.want("/items/2", http.StatusOK)
	eventually(t, "a new file that begins with the risk section", func() bool {
		text, _ := os.ReadFile(path)
		section, events, _ := strings.Cut(string(text), "\n")
		return strings.Contains(section, `"type":"riskgate.config"`) && strings.Contains(events, `"kind":"decision"`)
	})
}

// A list that lost its entries, as by a download that failed, is refused: the
// entries of before go on.
func TestReloadRefusesAnEmptiedList(t *testing.T) {
	s := newSite(t)
	s.write("vpn.txt", "198.51.100.7\n198.51.100.8\n")
	s.replace("refresh: 1s}", "refresh: 1s, lists: {vpn: [vpn.txt]}}")
	s.start()
	entries := func() float64 { return value(t, s.families()["riskgate_signals_geo_list_entries"], "list=vpn") }
	if n := entries(); n != 2 {
		t.Errorf("%g entries, want 2", n)
	}
	s.write("vpn.txt", "# nothing came\n")
	s.refused("vpn.txt: no entry, want at least one address, prefix or AS number")
	if n := entries(); n != 2 {
		t.Errorf("%g entries after the file was emptied, want the 2 of before", n)
	}
	s.write("vpn.txt", "198.51.100.7\n")
	s.reload()
	if n := entries(); n != 1 {
		t.Errorf("%g entries, want 1", n)
	}
}
