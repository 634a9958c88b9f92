package ocsf

import (
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/riskgate/riskgate/models"
)

func TestLines(t *testing.T) {
	f := func(want string, ev *models.Event) {
		t.Helper()
		if got := string(AppendLine(nil, ev)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	ev := sample()
	ev.Assessment.Score, ev.Assessment.Level, ev.Action, ev.Denial, ev.Status = 91.2, models.Critical, models.Deny, models.RiskDenied, 403
	f("2026-09-21T14:13:20.123Z deny     91 critical GET /v1/orders/1042 403 1.35ms risk_denied route=orders.read"+
		" user=07080000000000000000000000000000 from=198.51.100.7 DE AS3320 because device-0.73 network-2.19"+
		" id=01020300-0000-0000-0000-000000000000", ev)
	f("1970-01-01T00:00:05.000Z refused   17 x unknown_key from 192.0.2.0/24", &models.Event{
		Kind: models.RefusalEvent, Time: time.Unix(5, 0), Count: 17, Denial: models.UnknownKey, Prefix: netip.MustParsePrefix("192.0.2.0/24")})
	f("1970-01-01T00:00:05.000Z config    0100000000000000", &models.Event{
		Kind: models.ConfigEvent, Time: time.Unix(5, 0), ConfigHash: [8]byte{1}})
	f("1970-01-01T00:00:05.000Z step_up   passed id=00000000-0000-0000-0000-000000000000", &models.Event{
		Kind: models.AuthenticationEvent, Time: time.Unix(5, 0), Passed: true})
	f(`1970-01-01T00:00:05.000Z finding   events_lost {"gap":1} id=00000000-0000-0000-0000-000000000000`, &models.Event{
		Kind: models.FindingEvent, Time: time.Unix(5, 0), Finding: "events_lost", Payload: []byte(`{"gap":1}`)})
	f("1970-01-01T00:00:05.000Z finding   new_to_machine closed id=00000000-0000-0000-0000-000000000000", &models.Event{
		Kind: models.FindingEvent, Time: time.Unix(5, 0), Finding: "new_to_machine", Closed: true})
}

func TestLinesCannotMoveTheCursor(t *testing.T) {
	ev := sample()
	ev.Path, ev.Method = []byte("/\x1b[2J\r\n\u202e\xff"), []byte("G\tT")
	line := string(AppendLine(nil, ev))
	if i := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
		t.Errorf("%q", line)
	}
}
