package geo

import (
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/signals/baseline"
)

const (
	fiber = 100.0 // km of distance for each ms of round trip: light runs at 200 km/ms in glass, there and back

	// Databases place addresses wrongly by hundreds of km, and beyond the radius that
	// they admit: so much of a distance is not taken for certain.
	doubtShare = 0.2
	doubtLeast = 250.0 // km

	nearerNats = 2.0 // for an answer that comes sooner than light could

	// What else there is between a ServerHello and a Finished: the client computes and
	// its radio wakes up, and the flight does not fit the first window or a packet is
	// late, which costs a second round trip.
	handshakeGrace = 20.0               // ms
	handshakeUsual = 0.6931471805599453 // ln 2
	splitSlope     = 1.0
	splitCap       = 2.0

	// Where the place of an address is not that of its user, by design or for want of
	// better knowledge.
	elsewhere = models.SourceVPN | models.SourceRelay | models.SourceTor | models.SourceHosting
	// Where TCP ends on the way by design, which is known of the source already. A VPN
	// carries TCP to its user.
	endsTCP = models.SourceRelay | models.SourceTor
)

// roundTrips is the larger of two pieces of evidence, 0 to 2 nats: an answer that comes sooner
// than light could, if the client were where its address is said to be, and a TLS
// handshake that takes much longer than a round trip of TCP, because TCP ends at a
// proxy before the client. It says nothing of events of builds that did not
// measure.
func roundTrips(f *models.Features) models.Evidence {
	if !f.Has(models.TimesAnswers) {
		return models.Evidence{}
	}
	nearer, compared := nearerThanClaimed(f)
	split, timed := splitAtProxy(f)
	if !compared && !timed {
		return baseline.Silent(models.Unavailable)
	}
	e := baseline.Say(max(nearer, split))
	tcp := f.Get(models.RTTConnection)
	var facts baseline.Facts
	facts.Add(nearer > 0, models.FactDistance, f.Get(models.RTTDistance))
	facts.Add(split > 0, models.FactTLSDelay, f.Get(models.RTTHandshake)-tcp)
	facts.Add(max(nearer, split) > 0, models.FactRTT, tcp)
	e.Facts = facts.List()
	return e
}

// nearerThanClaimed reports too whether the claimed place could be compared.
func nearerThanClaimed(f *models.Features) (lambda float64, compared bool) {
	tcp, far := f.Get(models.RTTConnection), f.Get(models.RTTDistance)
	if !f.Has(models.KnowsDistance) || f.Flags&elsewhere != 0 || !(tcp > 0) {
		return 0, false
	}
	if certain := far - max(float64(doubtShare*far), doubtLeast); float64(tcp*fiber) < certain {
		return nearerNats, true
	}
	return 0, true
}

// splitAtProxy reports too whether both times are known.
func splitAtProxy(f *models.Features) (lambda float64, timed bool) {
	tcp, tls := f.Get(models.RTTConnection), f.Get(models.RTTHandshake)
	if f.Flags&endsTCP != 0 || !(tcp > 0) || !(tls > 0) {
		return 0, false
	}
	return baseline.Hinge(models.Ln(tls/(tcp+handshakeGrace)), handshakeUsual, splitSlope, splitCap), true
}
