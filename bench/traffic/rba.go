package traffic

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/models"
)

// The columns of the data set of Wiefling et al., "Pump Up Password Security!"
// (https://doi.org/10.5281/zenodo.6782156), that are read. Their order does not
// matter, others are passed over.
var rbaColumns = []string{
	"Login Timestamp", "User ID", "IP Address", "Country", "Region", "ASN", "User Agent String",
	"Browser Name and Version", "OS Name and Version", "Device Type", "Login Successful", "Is Attack IP", "Is Account Takeover",
}

const (
	rbaTime, rbaUser, rbaAddress, rbaCountry, rbaRegion, rbaASN, rbaAgent = 0, 1, 2, 3, 4, 5, 6
	rbaBrowser, rbaOS, rbaDevice, rbaSuccess, rbaAttackIP, rbaTakeover    = 7, 8, 9, 10, 11, 12
)

// ReadRBA returns the logins of a CSV file with the header of the RBA data set. A
// successful login is the first authenticated request of a session, a failed one a
// request on the login route. An account takeover is labeled NaiveTakeover, any
// other row of an attack address Stuffing. Coordinates and handshakes are not in
// the set. A row that cannot be read comes as an error with its line, and the next
// ones follow; an error of the header or of the reader ends it. The event passed on
// is reused.
func ReadRBA(r io.Reader) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		in := csv.NewReader(r)
		in.ReuseRecord = true
		header, err := in.Read()
		if err != nil {
			yield(nil, fmt.Errorf("read the header: %w", err))
			return
		}
		at, err := columnsOf(header, rbaColumns)
		if err != nil {
			yield(nil, err)
			return
		}
		var e Event
		for n := 0; ; n++ {
			record, err := in.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if wrong := (*csv.ParseError)(nil); err != nil && !errors.As(err, &wrong) {
				yield(nil, fmt.Errorf("read logins: %w", err))
				return
			}
			if err == nil {
				line, _ := in.FieldPos(0)
				if err = e.readRBA(record, at, n); err != nil {
					err = fmt.Errorf("line %d: %w", line, err)
				}
			}
			shown := &e
			if err != nil {
				shown = nil
			}
			if !yield(shown, err) {
				return
			}
		}
	}
}

// columnsOf finds the columns with these names in a header.
func columnsOf(header, names []string) (at []int, err error) {
	for _, name := range names {
		i := slices.Index(header, name)
		if i < 0 {
			return nil, fmt.Errorf("read the header: no column %q", name)
		}
		at = append(at, i)
	}
	return at, nil
}

const rbaLayout = "2006-01-02 15:04:05.999"

func (e *Event) readRBA(record []string, at []int, row int) error {
	f := func(column int) string { return record[at[column]] }
	when, err := time.Parse(rbaLayout, f(rbaTime))
	if err != nil {
		return fmt.Errorf("timestamp %q, want one like %s", f(rbaTime), rbaLayout)
	}
	address, err := netip.ParseAddr(f(rbaAddress))
	if err != nil {
		return fmt.Errorf("address %q: %w", f(rbaAddress), err)
	}
	asn, err := strconv.ParseUint(f(rbaASN), 10, 32)
	if err != nil {
		return fmt.Errorf("ASN %q, want a number", f(rbaASN))
	}
	user := strings.Clone(f(rbaUser))
	*e = Event{
		Time: when, Address: address, Person: user, Row: row, Object: -1,
		Place: models.Place{ASN: uint32(asn)}, Region: f(rbaCountry) + "-" + f(rbaRegion),
		Agent: strings.Clone(f(rbaAgent)), Browser: strings.Clone(f(rbaBrowser)), OS: strings.Clone(f(rbaOS)), DeviceType: strings.Clone(f(rbaDevice)),
	}
	copy(e.Place.Country[:], f(rbaCountry))
	if isTrue(f(rbaSuccess)) {
		e.Subject = models.Subject{Kind: models.User, Issuer: UserIssuer, ID: user}
		e.Credential, e.CredentialID, e.AuthTime = models.JWT, user+"-"+strconv.Itoa(row), when
		e.Method, e.Route, e.Path, e.Status = "GET", "orders.list", "/v1/orders", 200
	} else {
		e.Method, e.Route, e.Path, e.Class, e.Status = "POST", "login", "/login", models.Login, 401
		e.LoginUser, e.Login = user, models.LoginFailed
	}
	switch {
	case isTrue(f(rbaTakeover)):
		e.Label, e.Attack = NaiveTakeover, row+1
	case isTrue(f(rbaAttackIP)):
		e.Label, e.Attack = Stuffing, row+1
	}
	return nil
}

func isTrue(s string) bool { return strings.EqualFold(s, "true") }
