package signals

import (
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// partial is an atlas of databases that know less: no country, or no AS number.
func partial(asn, country bool) atlas {
	a := atlas{}
	for prefix, p := range earth {
		if !asn {
			p.ASN = 0
		}
		if !country {
			p.Country, p.HasLocation = [2]byte{}, false
		}
		a[prefix] = p
	}
	return a
}

// What is new is named as what it is: nobody is in a new country where no database
// knows of countries.
func TestWhatIsNewIsNamedAsWhatIsKnown(t *testing.T) {
	f := func(name string, l Locator, addr, want string) {
		t.Helper()
		g := newGate(t, l, nil)
		ada := user("ada")
		at := g.live(ada, day0, 20, shot{addr: home, agent: firefox, ja4: ja4})
		ev := g.collect(ada, shot{at: at, addr: addr, agent: firefox, ja4: ja4})
		got, _, _ := strings.Cut(string(models.AppendWords(nil, models.Network, &ev.Evidence[models.Network], 1)), ",")
		if got != want {
			t.Errorf("%s, %s: %q, want %q", name, addr, got, want)
		}
	}
	const there, block = "192.0.2.11", "198.51.100.7"
	f("no database", atlas{}, block, "new block of addresses")
	f("no database", atlas{}, munich, "new block of addresses")
	f("no database", atlas{}, there, "new address in a usual block of addresses")
	f("no database", atlas{}, "2001:db8::1", "new block of addresses")
	f("AS numbers alone", partial(true, false), block, "new network")
	f("AS numbers alone", partial(true, false), mobile, "new network")
	f("AS numbers alone", partial(true, false), "2001:db8::1", "new block of addresses")
	f("AS numbers alone", partial(true, false), there, "new address in a usual network")
	f("countries alone", partial(false, true), block, "new country")
	f("countries alone", partial(false, true), munich, "new block of addresses")
	f("countries alone", partial(false, true), there, "new address in a usual block of addresses")
	f("both", earth, block, "new country")
	f("both", earth, munich, "new network in a usual country")
	f("both", earth, there, "new address in a usual network")
	f("an address that both do not know", earth, nowhere, "new block of addresses")
}

// Events of builds that did not tell blocks from countries say what they said.
func TestEarlierEventsSayWhatTheySaid(t *testing.T) {
	f := models.Features{Flags: models.IsLook | models.SecondModel | models.NetUnavailable}
	f.Set(models.NetTotal, 5)
	var set models.EvidenceSet
	Evaluate(&f, &set)
	if got := set[models.Network].Facts[0].Code; got != models.FactNewCountry {
		t.Errorf("an event without the flags says %s, want new_country", got)
	}
}

// Of a recorded request both is known again, whichever build recorded it.
func TestAgainTellsBlocksFromCountries(t *testing.T) {
	for name, c := range map[string]struct {
		l    Locator
		want models.Flag
	}{"both": {earth, 0}, "none": {atlas{}, models.BlockNetwork | models.BlockCountry}, "no AS number": {partial(false, true), models.BlockNetwork}} {
		g := newGate(t, c.l, nil)
		ev := g.collect(user("ada"), shot{at: day0, addr: home, agent: firefox})
		ev.Features.Flags &^= models.BlockNetwork | models.BlockCountry // as an earlier build had it
		ev.Time = ev.Time.Add(time.Second)
		route := NewRouteFacts("r", "/v1/items/{id}", models.Normal)
		g.c.Again(ev, &route)
		if got := ev.Features.Flags & (models.BlockNetwork | models.BlockCountry); got != c.want {
			t.Errorf("%s: flags %b, want %b", name, got, c.want)
		}
	}
}
