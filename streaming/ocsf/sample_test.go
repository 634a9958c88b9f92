package ocsf

import (
	"net/netip"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// sample is a decision as a gateway makes thousands of a second.
func sample() *models.Event {
	ev := &models.Event{
		ID: models.EventID{1, 2, 3}, Time: time.Unix(1790000000, 123456789).UTC(), Node: "edge-1", Boot: 1790000000000, Seq: 17,
		Route: "orders.read", Subject: models.User, Pseudonym: models.Pseudonym{7, 8}, Credential: models.JWT,
		Client: netip.MustParseAddr("198.51.100.7"), Peer: netip.MustParseAddr("10.0.0.2"),
		TLS:    models.TLSFacts{Version: 0x304, JA4: "t13d1516h2_8daaf6152771_b186095e22b6", ServerName: "api.example.com", ALPN: "http/1.1"},
		Method: []byte("GET"), Host: []byte("api.example.com"), Path: []byte("/v1/orders/1042"),
		Agent:     []byte("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"),
		RequestID: []byte("0198f000-0000-7000-8000-000000000001"), TraceID: []byte("0af7651916cd43dd8448eb211c80319c"),
		Established: true, CanStepUp: true, Status: 200, Upstream: "orders-1",
		UpstreamTime: 1234567, Duration: 1345678, BytesOut: 512,
	}
	for i := range ev.Features.Values {
		ev.Features.Values[i] = float32(i) * 0.37
	}
	a := &ev.Assessment
	a.Score, a.ActorScore, a.Nats, a.Base, a.Confidence, a.Refill = 12.345678901234, 3.2109876, -4.56789, 1.8, 0.93, 1
	for g := range 6 {
		a.Contributions[g] = models.Contribution{Nats: float64(g)*0.731 - 2.19, Points: float64(g)*1.93 - 3.3}
		ev.Evidence[g] = models.Evidence{Lambda: float64(g)*0.931 - 2.7, Confidence: 0.8, State: models.State(g % 2)}
	}
	ev.Evidence[0].Facts[0] = models.Fact{Code: models.FactNewASN, Value: 1}
	ev.Evidence[2].Facts[0] = models.Fact{Code: models.FactKnownWeight, Value: 3.25}
	a.NumReasons, a.Reasons[0], a.Reasons[1] = 2, models.Device, models.Network
	ev.Observed = models.Observed{Address: 1, Network: 2, Country: 3, Fingerprint: 4, Family: 5, ObjectSeq: 1042, Object: 9}
	ev.Observed.Place = models.Place{Latitude: 52.5, Longitude: 13.4, Radius: 20, ASN: 3320, Country: [2]byte{'D', 'E'}, HasLocation: true}
	return ev
}

func BenchmarkAppendEvent(b *testing.B) {
	ev, buf := sample(), make([]byte, 0, 8192)
	for _, opt := range []Options{clearMode, {Privacy: Truncate}} {
		b.Run(string(opt.Privacy), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf = AppendEvent(buf[:0], ev, opt)
			}
			b.ReportMetric(float64(len(buf)), "B/event")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	src := AppendEvent(nil, sample(), clearMode)
	var ev models.Event
	b.ReportAllocs()
	for b.Loop() {
		if err := Decode(src, &ev); err != nil {
			b.Fatal(err)
		}
	}
}
