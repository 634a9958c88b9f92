package traffic

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// The header as published, with an index in front, and rows made by hand.
const rbaCSV = `index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover
0,2020-02-03 12:43:30.772,-4324475583306591935,,192.0.2.65,NO,-,-,29695,"Mozilla/5.0 (iPhone, like Mac OS X)",Firefox 20.0.0.1618,iOS 13.4,mobile,False,False,False
1,2020-02-03 12:43:43.549,-4324475583306591935,544,192.0.2.64,NO,Oslo County,Oslo,29695,Mozilla/5.0,Chrome 46.0.2490,Android 4.1,mobile,True,False,False
2,2020-02-03 12:43,1,,192.0.2.1,NO,-,-,1,a,b,c,d,True,False,False
3,2020-02-03 12:44:00.001,7,,198.51.100.9,RO,-,-,9050,Mozilla/5.0,Chrome 79.0,Windows 10,desktop,True,True,True
4,2020-02-03 12:45:00,8,,198.51.100.9,RO,-,-,9050,Mozilla/5.0,Chrome 79.0,Windows 10,desktop,False,True,False
`

func TestReadRBA(t *testing.T) {
	var events []Event
	var bad []string
	for e, err := range ReadRBA(strings.NewReader(rbaCSV)) {
		if err != nil {
			bad = append(bad, err.Error())
			continue
		}
		events = append(events, *e)
	}
	if len(events) != 4 || len(bad) != 1 || !strings.HasPrefix(bad[0], "line 4: timestamp") {
		t.Fatalf("%d events, errors %q", len(events), bad)
	}
	failed, passed, taken, stuffed := events[0], events[1], events[2], events[3]
	if failed.Login != models.LoginFailed || failed.Credential != models.NoCredential || failed.LoginUser != failed.Person ||
		failed.Agent != "Mozilla/5.0 (iPhone, like Mac OS X)" || failed.Label != Honest {
		t.Errorf("failed login: %+v", failed)
	}
	want := time.Date(2020, 2, 3, 12, 43, 43, 549e6, time.UTC)
	if passed.Subject.ID != "-4324475583306591935" || passed.Status != 200 || !passed.Time.Equal(want) ||
		passed.Place.ASN != 29695 || passed.Place.Country != [2]byte{'N', 'O'} || passed.Place.HasLocation ||
		passed.Browser != "Chrome 46.0.2490" || passed.OS != "Android 4.1" || passed.DeviceType != "mobile" || passed.Region != "NO-Oslo County" {
		t.Errorf("login: %+v", passed)
	}
	if taken.Label != NaiveTakeover || taken.Attack == 0 || stuffed.Label != Stuffing || stuffed.Status != 401 {
		t.Errorf("takeover %+v, attack address %+v", taken, stuffed)
	}
}

func TestReadRBANeedsItsColumns(t *testing.T) {
	for _, text := range []string{"", "Login Timestamp,User ID\n", strings.Replace(rbaCSV, "ASN", "AS", 1)} {
		n := 0
		for e, err := range ReadRBA(strings.NewReader(text)) {
			if n++; err == nil || e != nil {
				t.Errorf("%.20q: %v", text, e)
			}
		}
		if n != 1 {
			t.Errorf("%.20q: %d results, want one error", text, n)
		}
	}
}

// A row that is earlier than one before it ends the reading, one that cannot be read
// does not.
func TestReadRBANeedsOrder(t *testing.T) {
	lines := strings.SplitAfter(rbaCSV, "\n")
	lines[3], lines[4] = "9,8,7\n", strings.Replace(lines[4], "12:44:00", "12:43:40", 1)
	var faults []error
	logins := 0
	for _, err := range ReadRBA(strings.NewReader(strings.Join(lines, ""))) {
		if err == nil {
			logins++
		} else {
			faults = append(faults, err)
		}
	}
	row := (*RowError)(nil)
	if len(faults) != 2 || !errors.As(faults[0], &row) || row.Line != 4 || errors.Is(faults[0], ErrOrder) {
		t.Fatalf("%v, want a row that cannot be read and one out of order", faults)
	}
	const want = "line 5: 2020-02-03 12:43:40.001 comes after 2020-02-03 12:43:43.549: want rows sorted by Login Timestamp"
	if err := faults[1]; !errors.Is(err, ErrOrder) || err.Error() != want || logins != 2 {
		t.Errorf("%d logins, then %v, want %s", logins, err, want)
	}
}

// Whatever the file holds, an event has an address, and a credential where the login succeeded.
func FuzzReadRBA(f *testing.F) {
	f.Add(rbaCSV)
	f.Fuzz(func(t *testing.T, text string) {
		var last time.Time
		for e, err := range ReadRBA(strings.NewReader(text)) {
			if (e == nil) != (err != nil) {
				t.Fatalf("event %v with error %v", e, err)
			}
			if e != nil && e.Time.Before(last) {
				t.Fatalf("%v after %v", e.Time, last)
			}
			if e != nil {
				last = e.Time
			}
			if e != nil && (!e.Address.IsValid() || (e.Status == 200) != (e.Credential == models.JWT)) {
				t.Fatalf("%+v", e)
			}
		}
	})
}
