package traffic

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/geo"
	fixture "github.com/riskgate/riskgate/testdata/geo"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC) // a Monday

// digest is a hash of everything that happens in a world.
func digest(c Config) string {
	h := sha256.New()
	for e := range c.Events() {
		fmt.Fprintf(h, "%+v\n", *e)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestEqualSeedsGiveEqualWorlds(t *testing.T) {
	c := Config{Seed: 7, Start: start, Days: 2, Users: 200, Machines: 5, Naive: 3}
	other := c
	other.Seed = 8
	first := digest(c)
	if again := digest(c); again != first {
		t.Error("the same configuration gives different events")
	}
	if first == digest(other) {
		t.Error("another seed gives the same events")
	}
}

func TestDayOne(t *testing.T) {
	users, machines := map[string]bool{}, map[string]bool{}
	hours := [24]float64{}
	var last time.Time
	requests, logins, failed := 0, 0, 0
	for e := range DayOne(1, start).Events() {
		if e.Time.Before(last) {
			t.Fatalf("%v comes after %v", e.Time, last)
		}
		last = e.Time
		requests++
		if e.Label != Honest {
			t.Fatalf("an attack by %s in a world without attackers", e.Person)
		}
		switch {
		case e.Subject.Kind == models.Client:
			machines[e.Person] = true
		case e.Route == "login":
			users[e.Person] = true
			logins++
			hours[e.Time.Hour()]++
			if e.Login == models.LoginFailed {
				failed++
			}
		}
		checkEvent(t, e)
	}
	if len(users) != 10_000 || len(machines) != 500 {
		t.Errorf("%d users and %d machines, want 10000 and 500", len(users), len(machines))
	}
	if requests < 300_000 || requests > 1_500_000 {
		t.Errorf("%d requests, want between 0.3 and 1.5 million", requests)
	}
	if share := float64(failed) / float64(logins); math.Abs(share-0.04) > 0.01 {
		t.Errorf("%.1f %% of logins fail, want about 4 %%", 100*share)
	}
	if night, day := hours[2], hours[12]; night > day/1.3 || night == 0 {
		t.Errorf("%v logins at 2 and %v at 12, want the day to be busier", night, day)
	}
}

func checkEvent(t *testing.T, e *Event) {
	known := e.Route == "login" == (e.Credential == models.NoCredential) &&
		(e.Subject.Kind == models.Anonymous) == (e.Route == "login") &&
		e.Address.IsValid() && e.Person != "" && e.Path != "" && e.Status != 0 && len(e.JA4) == 36
	if !known {
		t.Fatalf("half an event: %+v", *e)
	}
}

// The networks that honest users and machines come from are those that the
// fixture databases know, with the kind that the generator assumes.
func TestEveryAddressIsKnownToTheFixture(t *testing.T) {
	d := openGeo(t)
	c := Config{Seed: 3, Start: start, Days: 1, Users: 2000, Everyone: true, Machines: 50, Naive: 20}
	countries := map[string]int{}
	people := map[string]bool{}
	for e := range c.Events() {
		place, classes, state := d.Lookup(e.Address, 0)
		if state != models.Clean || !place.HasLocation || place.ASN == 0 {
			t.Fatalf("%s of %s is not in the fixture databases", e.Address, e.Person)
		}
		if e.Subject.Kind == models.User && e.Label == Honest {
			if !people[e.Person] {
				people[e.Person] = true
				countries[string(place.Country[:])]++
			}
			if classes&^models.SourceVPN != 0 {
				t.Fatalf("%s, an honest user, comes from %s, classes %b", e.Person, e.Address, classes)
			}
		}
		if e.Label == NaiveTakeover && place.Country == [2]byte{'D', 'E'} {
			t.Fatalf("a naive attacker comes from the victim's country: %s", e.Address)
		}
	}
	if share := float64(countries["DE"]) / float64(len(people)); share < 0.7 || share > 0.9 {
		t.Errorf("%.0f %% of users are in the home country, want about 80 %%", 100*share)
	}
}

func openGeo(t *testing.T) *geo.Databases {
	dir := t.TempDir()
	cfg := geo.DefaultConfig()
	for name, path := range map[string]*string{"city.mmdb": &cfg.City, "asn.mmdb": &cfg.ASN, "anonymous.mmdb": &cfg.Anonymous} {
		content, err := fixture.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		*path = filepath.Join(dir, name)
		if err := os.WriteFile(*path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	d, err := geo.Open(cfg, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestHomesStayAndLeasesEnd(t *testing.T) {
	static := place{network: homeBerlin, host: 5}
	lease := place{network: homeBerlin, host: 5, lease: 10}
	seen := map[netip.Addr]bool{}
	for day := range 100 {
		if static.address(day) != static.address(0) {
			t.Fatalf("a static home moves on day %d", day)
		}
		seen[lease.address(day)] = true
	}
	if len(seen) < 10 || len(seen) > 11 {
		t.Errorf("a lease of 10 days had %d addresses in 100 days", len(seen))
	}
}

func TestNaiveAttackersUseTheVictimsAccount(t *testing.T) {
	c := Config{Seed: 5, Start: start, Days: 3, Users: 500, Naive: 30}
	takeovers := map[string]int{}
	for e := range c.Events() {
		if e.Label != NaiveTakeover {
			continue
		}
		if e.Time.Before(start.AddDate(0, 0, 2)) {
			t.Fatalf("an attack at %v, before the last day", e.Time)
		}
		if e.Credential == models.JWT {
			takeovers[e.Subject.ID]++
		}
	}
	if len(takeovers) < 25 {
		t.Errorf("%d accounts taken over, want close to 30", len(takeovers))
	}
	if got := digest(Config{Seed: 5, Start: start, Days: 1, Users: 0, Naive: 1}); got == "" {
		t.Error("an attack on an empty world does not end")
	}
}

func BenchmarkEvents(b *testing.B) {
	n := 0
	for b.Loop() {
		for range (Config{Seed: 1, Start: start, Days: 1, Users: 1000, Everyone: true, Machines: 50}).Events() {
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
}
