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

// RowError says that a row cannot be read. The next ones follow.
type RowError struct {
	Line int // from 1, the header included
	Err  error
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

// Unwrap returns what is wrong with the row.
func (e *RowError) Unwrap() error { return e.Err }

// ErrOrder says that the rows are not in the order of time.
var ErrOrder = errors.New("want rows sorted by Login Timestamp")

// ReadRBA returns the logins of a CSV file with the header of the RBA data set. A
// successful login is the first authenticated request of a session, a failed one a
// request on the login route. An account takeover is labeled NaiveTakeover, any
// other row of an attack address Stuffing. Coordinates and handshakes are not in
// the set. A row that cannot be read comes as a RowError, and the next ones follow;
// any other error ends it: of the header, of the reader, or ErrOrder where a row is
// earlier than one before it. The event passed on is reused.
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
		file := rbaFile{in: in, at: at}
		for {
			err := file.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				if !yield(&file.event, nil) {
					return
				}
				continue
			}
			row := (*RowError)(nil)
			if !yield(nil, err) || !errors.As(err, &row) {
				return
			}
		}
	}
}

// rbaFile is a file of logins while it is read.
type rbaFile struct {
	in    *csv.Reader
	at    []int // rbaColumns in a record
	rows  int
	last  time.Time
	event Event
}

// next reads a row into event.
func (f *rbaFile) next() error {
	record, err := f.in.Read()
	if wrong := (*csv.ParseError)(nil); errors.As(err, &wrong) {
		f.rows++
		return &RowError{wrong.StartLine, wrong.Err}
	}
	if errors.Is(err, io.EOF) {
		return err
	}
	if err != nil {
		return fmt.Errorf("read logins: %w", err)
	}
	line, _ := f.in.FieldPos(0)
	err = f.event.readRBA(record, f.at, f.rows)
	f.rows++
	if err != nil {
		return &RowError{line, err}
	}
	now := f.event.Time
	if now.Before(f.last) {
		return fmt.Errorf("line %d: %s comes after %s: %w", line, now.Format(rbaLayout), f.last.Format(rbaLayout), ErrOrder)
	}
	f.last = now
	return nil
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
