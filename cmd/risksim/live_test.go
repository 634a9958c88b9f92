package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go4.org/netipx"

	"github.com/riskgate/riskgate/bench/traffic"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/device"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/streaming/ocsf"
	fixture "github.com/riskgate/riskgate/testdata/geo"
	"github.com/riskgate/riskgate/testdata/geo/mmdb"
)

func mustDay(t *testing.T, text string) time.Time {
	t.Helper()
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// freeAddress returns a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startGateway starts a gateway of the files that risksim wrote.
func startGateway(t *testing.T, folder string) (*gateway.Gateway, func()) {
	t.Helper()
	name := filepath.Join(folder, "riskgate.yaml")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("127.0.0.1:8080"), []byte("127.0.0.1:0"), 1)
	text = bytes.Replace(text, []byte("127.0.0.1:9090"), []byte("127.0.0.1:0"), 1)
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{
		Load: func() (*config.Config, error) { return config.Load(name) }, Node: "test", Log: zerolog.New(io.Discard),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			if err := g.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
	t.Cleanup(stop)
	return g, stop
}

// decisions reads the decisions that a gateway wrote.
func decisions(t *testing.T, folder string) (all []models.Event) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, "events.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range bytes.Split(bytes.TrimSpace(content), []byte("\n")) {
		var ev models.Event
		if err := ocsf.Decode(text, &ev); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("honest")) {
			t.Fatalf("the label went to the gateway: %s", text)
		}
		if ev.Kind == models.DecisionEvent {
			all = append(all, ev)
		}
	}
	return all
}

// A real gateway with the files of --write-gateway knows every credential and sees
// every address where the world says it is, and each of its decisions has a label;
// no label goes to it.
func TestLiveAgainstAGateway(t *testing.T) {
	for world, flags := range map[string][]string{
		"A": {"--users", "150", "--days", "60", "--flood", "200", "--time-scale", "0"},
		"B": {"--users", "150", "--days", "60", "--flood", "200", "--time-scale", "0"},
		// 700 requests are some hours of the world: at the speed of answers buckets would refuse most.
		"API": {"--users", "40", "--machines", "10", "--days", "7", "--limit", "700", "--time-scale", "12000"},
	} {
		folder, back := filepath.Join(t.TempDir(), "gateway"), freeAddress(t)
		args := append([]string{"live", "--world", world, "--upstream", back}, flags...)
		must(t, append(args, "--write-gateway", folder)...)
		g, stop := startGateway(t, folder)
		file := filepath.Join(t.TempDir(), "labels.jsonl")
		out := must(t, append(args, "--target", "http://"+g.Addr().String(), "--labels", file)...)
		stop()
		labels, met := map[string]label{}, map[string]bool{}
		for _, l := range readLines[label](t, file) {
			labels[l.ID] = l
			met[l.Label] = true
		}
		all := decisions(t, folder)
		for i := range all {
			checkDecision(t, &all[i], labels)
		}
		if len(all) < 80 || !strings.Contains(out, "0 without an answer") || !strings.Contains(out, " 200\n") {
			t.Errorf("world %s, %d decisions:\n%s", world, len(all), out)
		}
		if strings.Contains(out, "  502\n") || strings.Contains(out, "  400\n") {
			t.Errorf("world %s: want the upstream to answer:\n%s", world, out)
		}
		if _, honest, _ := strings.Cut(out, "label    honest "); world != "API" && strings.Contains(strings.SplitN(honest, "\n", 2)[0], " 401: ") {
			t.Errorf("world %s: a token was refused:\n%s", world, out)
		}
		for _, l := range []string{"naive", "vpn", "targeted", "very_targeted", "residential_proxy", "poisoning", "threshold_flood"} {
			if world != "API" && !met[l] {
				t.Errorf("world %s: nothing of %s:\n%s", world, l, out)
			}
		}
	}
}

// checkDecision holds a decision against its label and the world's places.
func checkDecision(t *testing.T, ev *models.Event, labels map[string]label) {
	t.Helper()
	l, ok := labels[string(ocsf.AppendUUID(nil, ev.ID))]
	if !ok || ev.Subject == models.Client && string(ev.CredID) != l.Person {
		t.Fatalf("label %+v of an event of %s", l, ev.Client)
	}
	place, classes, state := traffic.Atlas{}.Lookup(ev.Client, 0)
	const both = models.SourceVPN | models.SourceHosting
	if state != models.Clean || ev.Observed.Place.ASN != place.ASN || ev.Observed.Place.Country != place.Country ||
		ev.Features.Flags&both != classes&both {
		t.Fatalf("%s is in %+v %b, want %+v %b", ev.Client, ev.Observed.Place, ev.Features.Flags&both, place, classes)
	}
	switch ev.Denial {
	case "", models.StepUpRequired, models.StepUpExhausted, models.RiskDenied, models.SubjectRate:
	default:
		t.Fatalf("%s of %s was refused: %s", l.Label, ev.Client, ev.Denial)
	}
}

// The written databases say of every block, from its first address to its last,
// and of the networks of the fixture, what the Atlas does.
func TestWrittenPlacesAreThoseOfTheAtlas(t *testing.T) {
	folder := t.TempDir()
	must(t, "live", "--world", "A", "--users", "1", "--days", "1", "--write-gateway", folder)
	c := geo.DefaultConfig()
	c.City, c.ASN, c.Anonymous = filepath.Join(folder, "city.mmdb"), filepath.Join(folder, "asn.mmdb"), filepath.Join(folder, "anonymous.mmdb")
	d, err := geo.Open(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	table, err := fixture.Files.ReadFile("networks.txt")
	if err != nil {
		t.Fatal(err)
	}
	networks, err := mmdb.Read(bytes.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	var addresses []netip.Addr
	for _, n := range networks {
		addresses = append(addresses, n.Prefix.Addr())
	}
	vpns, blocks := 0, (traffic.Atlas{}).Networks()
	for _, n := range blocks {
		addresses = append(addresses, n.Prefix.Addr(), netipx.PrefixLastIP(n.Prefix))
		if n.Classes&models.SourceVPN != 0 {
			vpns++
		}
	}
	seen := 0
	for _, a := range addresses {
		want, classes, state := traffic.Atlas{}.Lookup(a, 0)
		if state != models.Clean {
			continue // for documentation: nobody comes from there
		}
		seen++
		if got, gotClasses, gotState := d.Lookup(a, 0); got != want || gotClasses != classes || gotState != state {
			t.Fatalf("%s is in %+v %b, want %+v %b", a, got, gotClasses, want, classes)
		}
	}
	if seen < 2*len(blocks)+20 || len(blocks) < 2000 || vpns < 100 {
		t.Errorf("%d addresses of %d blocks, of which %d of VPNs", seen, len(blocks), vpns)
	}
	if _, _, state := d.Lookup(netip.MustParseAddr("255.255.255.254"), 0); state != models.Unavailable {
		t.Errorf("an address that nobody has is %s", state)
	}
}

// A browser shows the device token that it was given, until its owner clears it;
// an attacker has none but what he took or was given himself.
func TestLiveKeepsCookies(t *testing.T) {
	var mu sync.Mutex
	shown := map[string]string{} // by number of the request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := r.Header.Get("X-Correlation-Id")
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("X-Request-Id", "id-"+number)
		c, err := r.Cookie(device.CookieName)
		if err == nil {
			shown[number] = c.Value
			return
		}
		http.SetCookie(w, &http.Cookie{Name: device.CookieName, Value: "token-" + number})
	}))
	defer server.Close()
	dir := t.TempDir()
	world := []string{"--world", "A", "--users", "150", "--days", "60", "--seed", "3", "--flood", "100"}
	trace := filepath.Join(dir, "trace.jsonl")
	must(t, append([]string{"trace", "--out", trace}, world...)...)
	must(t, append([]string{"live", "--target", server.URL, "--labels", filepath.Join(dir, "labels"), "--time-scale", "0", "--concurrency", "1"}, world...)...)
	type browser struct {
		person, label  string
		attack, device int
	}
	kept, tokens := map[browser]string{}, map[string]string{} // owner of each token
	var lost, held, keepers int
	for i, l := range readLines[traceLine](t, trace) {
		number := strconv.Itoa(i + 1)
		b, got := browser{l.Person, l.Label, l.Attack, l.Device}, shown[number]
		want := kept[b]
		switch {
		case l.HoldsToken:
			if tokens[got] == l.Person {
				held++
				continue
			}
			t.Fatalf("request %d, %+v, shows %q", i+1, l, got)
		case l.TokenLost, l.Variant == "victims_agent":
			want = ""
			lost++
		case l.Variant == "keeps_cookie" && want != "":
			keepers++
		}
		if got != want {
			t.Fatalf("request %d, %+v, shows %q, want %q", i+1, l, got, want)
		}
		if got == "" {
			kept[b] = "token-" + number
			if l.Label == "honest" {
				tokens[kept[b]] = l.Person
			}
		}
	}
	if lost < 20 || held == 0 || keepers < 20 {
		t.Errorf("%d cleared browsers, %d stolen tokens, %d of who waits", lost, held, keepers)
	}
}

// What is no gateway shows at the first request.
func TestLiveTriesItsTarget(t *testing.T) {
	requests := 0
	answering := func(status int) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			requests++
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "SSH-2.0-server\r\n")
			c.Close()
		}
	}()
	for target, want := range map[string]string{
		"http://" + freeAddress(t):               "connection refused",
		"http://" + l.Addr().String():            "malformed HTTP",
		answering(http.StatusMisdirectedRequest): "421 Misdirected Request",
		answering(http.StatusBadRequest):         "400 Bad Request",
	} {
		var out, faults bytes.Buffer
		labels := filepath.Join(t.TempDir(), "labels.jsonl")
		code := run([]string{"live", "--world", "A", "--users", "50", "--days", "20", "--target", target, "--labels", labels, "--time-scale", "0"}, &out, &faults)
		if text := faults.String(); code != exitFault || !strings.Contains(text, "--target "+target+": no gateway answers there") ||
			!strings.Contains(text, want) || out.Len() > 0 {
			t.Errorf("%s: exit %d, want %q:\n%s%s", target, code, want, text, &out)
		}
	}
	if requests != 2 {
		t.Errorf("%d requests after the first answer, want none", requests-2)
	}
	var out, faults bytes.Buffer
	args := []string{"live", "--world", "A", "--users", "20", "--days", "5", "--labels", filepath.Join(t.TempDir(), "l"), "--time-scale", "0", "--target", answering(200)}
	if code := run(args, &out, &faults); code != exitDone || !strings.Contains(faults.String(), "no X-Request-Id") {
		t.Errorf("exit %d: %s", code, &faults)
	}
}

func TestProgressIsToldEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	at, day := time.Unix(1000, 0), mustDay(t, "2026-03-02")
	p := newProgress(&out, "requests sent", at, day.AddDate(0, 0, 5))
	p.tell(at.Add(patience-1), 10, day)
	p.tell(at.Add(patience), 20, day.Add(time.Hour))
	p.tell(at.Add(patience+1), 30, day.Add(2*time.Hour))
	if got, want := out.String(), "risksim: 20 requests sent, at 2026-03-02 01:00:00 of a world until 2026-03-07 00:00:00\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Everybody sends one after the other, what his event says.
func TestLiveKeepsTheOrderOfASender(t *testing.T) {
	seen := make(chan string, 2000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", "id-"+r.Header.Get("X-Correlation-Id"))
		seen <- r.Header.Get("X-Api-Key") + " " + r.Method + " " + r.RequestURI + " " + r.Header.Get("X-Forwarded-For")
	}))
	defer server.Close()
	dir := t.TempDir()
	world := []string{"--users", "1", "--machines", "12", "--days", "3", "--seed", "2"}
	labels, trace := filepath.Join(dir, "labels.jsonl"), filepath.Join(dir, "trace.jsonl")
	must(t, append([]string{"live", "--target", server.URL, "--labels", labels, "--limit", "1000", "--time-scale", "0"}, world...)...)
	close(seen)
	got, want := map[string][]string{}, map[string][]string{}
	for s := range seen {
		key, rest, _ := strings.Cut(s, " ")
		if id, ok := strings.CutPrefix(key, "rgk_"); ok {
			id, _, _ = strings.Cut(id, "_")
			got[id] = append(got[id], rest)
		}
	}
	must(t, append([]string{"trace", "--world", "API", "--out", trace, "--limit", "1000"}, world...)...)
	for _, l := range readLines[traceLine](t, trace) {
		if l.Kind == "client" && l.Label == "honest" {
			want[l.CredentialID] = append(want[l.CredentialID], l.Method+" "+l.Path+" "+l.Address.String())
		}
	}
	if len(want) < 3 {
		t.Fatalf("%d clients", len(want))
	}
	for id, w := range want {
		if strings.Join(got[id], "\n") != strings.Join(w, "\n") {
			t.Errorf("%s sent %d requests in another order than its %d", id, len(got[id]), len(w))
		}
	}
	if n := len(readLines[label](t, labels)); n != 1000 {
		t.Errorf("%d labels", n)
	}
}
