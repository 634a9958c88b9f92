package logoff

import (
	"encoding/binary"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

var (
	key  = [32]byte{7}
	noon = time.Date(2026, 9, 21, 12, 0, 0, 0, time.UTC)
)

const leeway = 30 * time.Second

// person has a token of a session, authenticated an hour before noon and valid for one
// after it.
func person(n uint32, session string) *models.Identity {
	id := &models.Identity{
		Subject: models.Subject{Kind: models.User}, Credential: models.JWT, Session: session,
		AuthTime: noon.Add(-time.Hour), Expires: noon.Add(time.Hour),
	}
	binary.LittleEndian.PutUint32(id.Pseudonym[:], n)
	return id
}

func authenticated(id *models.Identity, at time.Time) *models.Identity {
	id.AuthTime = at
	return id
}

func valid(id *models.Identity, until time.Time) *models.Identity {
	id.Expires = until
	return id
}

func TestWhatIsEnded(t *testing.T) {
	table := New(key)
	table.End(person(1, "a"), leeway, noon)
	f := func(name string, id *models.Identity, minutes int, want bool) {
		t.Helper()
		if got := table.Ended(id, noon.Add(time.Duration(minutes)*time.Minute)); got != want {
			t.Errorf("%s, after %d minutes: ended %t, want %t", name, minutes, got, want)
		}
	}
	f("the token", person(1, "a"), 0, true)
	f("another session of the subject", person(1, "b"), 0, false)
	f("the same name of another subject", person(2, "a"), 0, false)
	f("an earlier authentication", authenticated(person(1, "a"), noon.Add(-8*time.Hour)), 1, true)
	f("one that does not say", authenticated(person(1, "a"), time.Time{}), 1, true)
	f("one just before", authenticated(person(1, "a"), noon.Add(-leeway-time.Second)), 1, true)
	f("a new authentication, by a clock that is late", authenticated(person(1, "a"), noon.Add(-leeway)), 1, false)
	f("a new authentication", authenticated(person(1, "a"), noon.Add(time.Minute)), 1, false)
	f("to the last second", person(1, "a"), 64, true)
	f("when it is no longer valid", person(1, "a"), 65, false)
}

// A token that logs off within the leeway after its own authentication is ended too.
func TestTheTokenItselfIsEnded(t *testing.T) {
	table := New(key)
	id := authenticated(person(1, "a"), noon.Add(-time.Second))
	table.End(id, leeway, noon)
	if !table.Ended(id, noon) {
		t.Error("it goes on")
	}
	if table.Ended(authenticated(person(1, "a"), noon), noon) {
		t.Error("so does not who authenticated a second later")
	}
}

// A thief shows nothing until the token that logged off is over. His was issued after it,
// or even after the logoff, and is as long-lived.
func TestTokensIssuedLaterAreEnded(t *testing.T) {
	issued := func(at time.Time) *models.Identity {
		id := person(1, "a")
		id.Issued, id.Expires = at, at.Add(time.Hour)
		return id
	}
	for _, own := range []time.Duration{0, time.Minute, 59 * time.Minute, time.Hour} { // how old the token is that logs off
		table := New(key)
		table.End(issued(noon.Add(-own)), leeway, noon)
		if until := noon.Add(time.Hour + 4*time.Minute); !table.Ended(issued(noon), until) {
			t.Errorf("%s old: another token of the session is let in after %s", own, until.Sub(noon))
		}
	}
	table := New(key)
	table.End(issued(noon.Add(time.Minute)), leeway, noon) // by a clock that is fast
	if table.Ended(issued(noon), noon.Add(3*time.Hour)) {
		t.Error("it is ended for three hours")
	}
}

// A session stays ended as long as tokens of it are shown that are still valid.
func TestRefreshedTokensProlong(t *testing.T) {
	table, now := New(key), noon
	table.End(person(1, "a"), leeway, now)
	for range 48 {
		if !table.Ended(valid(person(1, "a"), now.Add(time.Hour)), now) {
			t.Fatalf("after %s: a refreshed token is let in", now.Sub(noon))
		}
		now = now.Add(time.Hour)
	}
	if table.Ended(valid(person(1, "a"), now.Add(3*time.Hour)), now.Add(2*time.Hour)) {
		t.Error("it is ended two hours after the last one")
	}
}

func TestNothingIsRememberedLongerThanAWeek(t *testing.T) {
	table, id := New(key), valid(person(1, "a"), noon.AddDate(50, 0, 0))
	table.End(id, leeway, noon)
	if table.Ended(id, noon.Add(Longest)) || !New(key).endedAfter(id, Longest-time.Second) {
		t.Error("a token of fifty years is not ended for exactly a week")
	}
}

func (t *Table) endedAfter(id *models.Identity, d time.Duration) bool {
	t.End(id, leeway, noon)
	return t.Ended(id, noon.Add(d))
}

// Callers without a session of their own can neither end one nor be in one.
func TestWhoCannotLogOff(t *testing.T) {
	for name, edit := range map[string]func(*models.Identity){
		"a key":          func(id *models.Identity) { id.Credential = models.APIKey },
		"a client":       func(id *models.Identity) { id.Subject.Kind = models.Client },
		"without a name": func(id *models.Identity) { id.Session = "" },
	} {
		id := person(1, "a")
		edit(id)
		if table := New(key); table.endedAfter(id, 0) || table.Changes() != 0 {
			t.Errorf("%s: has logged off", name)
		}
	}
	if (*Table)(nil).Ended(person(1, "a"), noon) {
		t.Error("no table has ended something")
	}
}

// Whoever logs off from many sessions forgets his own, never those of others.
func TestOneSubjectTakesAShare(t *testing.T) {
	table := New(key)
	table.End(person(1, "a"), leeway, noon)
	for i := range 1000 {
		table.End(valid(person(2, strconv.Itoa(i)), noon.Add(time.Hour+time.Duration(i)*time.Second)), leeway, noon)
	}
	if s := table.Stats(noon); s.Sessions != 1+perSubject || s.Displaced != 1000-perSubject {
		t.Errorf("%+v, want %d sessions and %d displaced", s, 1+perSubject, 1000-perSubject)
	}
	if !table.Ended(person(1, "a"), noon) || !table.Ended(person(2, "999"), noon) || table.Ended(person(2, "0"), noon) {
		t.Error("another's session, or not the first of its own, was forgotten")
	}
}

// A flood of logoffs fills what there is and no more; what lasts longest is kept.
func TestFlood(t *testing.T) {
	table := New(key)
	long := valid(person(1<<31, "a"), noon.Add(5*time.Hour))
	table.End(long, leeway, noon)
	const flood = 4 * Entries
	for i := range uint32(flood) {
		table.End(person(i, "a"), leeway, noon)
	}
	s := table.Stats(noon)
	if s.Sessions > Entries || s.Sessions < Entries*9/10 || s.Sessions+int(s.Displaced) != flood+1 {
		t.Errorf("%+v of %d", s, Entries)
	}
	if !table.Ended(long, noon) {
		t.Error("what lasts longest was displaced")
	}
	if s := table.Stats(noon.Add(4 * time.Hour)); s.Sessions != 1 {
		t.Errorf("%d sessions when all others are over", s.Sessions)
	}
	table.End(person(1, "b"), leeway, noon.Add(4*time.Hour)) // needs nobody's place
	if now := table.Stats(noon); now.Displaced != s.Displaced {
		t.Error("what was over is counted as displaced")
	}
}

func TestSaveAndLoad(t *testing.T) {
	table := New(key)
	for i := range uint32(10_000) {
		table.End(valid(person(i, "a"), noon.Add(time.Duration(i%2+1)*time.Hour)), leeway, noon)
	}
	now := noon.Add(90 * time.Minute)
	saved := table.AppendBinary(nil, now)
	if n := table.Stats(now).Sessions; len(saved) != 1+entryBytes*n || n == 0 {
		t.Fatalf("%d bytes for %d sessions", len(saved), n)
	}
	again := New(key)
	if err := again.Load(saved, now); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(10_000) {
		if id := person(i, "a"); again.Ended(id, now) != table.Ended(id, now) {
			t.Fatalf("%d: not as it was", i)
		}
	}
	if again.Changes() != 0 {
		t.Error("what was loaded is to be saved again")
	}
	other := New([32]byte{8})
	if err := other.Load(saved, now); err != nil || other.Ended(person(1, "a"), now) {
		t.Errorf("another key reads it: %v", err)
	}
	late := New(key)
	if err := late.Load(saved, noon.Add(8*time.Hour)); err != nil || late.Stats(now).Sessions != 0 {
		t.Errorf("what is over was loaded: %v", err)
	}
	for _, bad := range [][]byte{nil, {2}, saved[:len(saved)-1], append([]byte{9}, saved[1:]...)} {
		if err := New(key).Load(bad, now); !errors.Is(err, ErrSaved) {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

// Any number of goroutines may use it; a session that one of them has ended is ended
// for all.
func TestTogether(t *testing.T) {
	table := New(key)
	var all sync.WaitGroup
	for g := range uint32(8) {
		all.Go(func() {
			for i := range uint32(2000) {
				id := person(g<<16|i, "a")
				table.End(id, leeway, noon)
				if !table.Ended(id, noon) {
					t.Errorf("%d %d goes on", g, i)
					return
				}
				table.Ended(person(i, "b"), noon)
			}
			table.AppendBinary(nil, noon)
		})
	}
	all.Wait()
}
