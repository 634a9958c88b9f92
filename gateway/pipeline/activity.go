package pipeline

import (
	"net/http"

	"github.com/riskgate/riskgate/models"
)

// happened reports whether an upstream that answers so has done what it was asked. Not
// modified and permanently elsewhere say that it has not: who follows comes with the
// same token. Other redirections are what applications answer with when they have.
func happened(status int) bool {
	return status >= 200 && status < 400 && status != http.StatusNotModified && status != http.StatusPermanentRedirect
}

// endAnyway ends the session of a logoff that the score or a rate keeps from the
// upstream: whoever is noisy with a copy of the token could keep its owner from logging
// off. Nobody gets in by it.
func (x *exchange) endAnyway(denial models.Denial) {
	switch denial {
	case models.SubjectRate, models.RiskDenied, models.StepUpRequired, models.StepUpExhausted:
		if x.route.Activity == models.Logoff {
			x.act(models.Logoff)
		}
	}
}

// act lets what a request did to the account of its caller take effect: before the
// caller has the answer, so that whatever it sends next finds it done. Requests that
// were decided by then go on. Only a person has a session or a password; the effect
// of a changed one is learned with the event. A session that had ended is not ended
// again: what began after it stays.
func (x *exchange) act(a models.Activity) {
	e := &x.event
	if a == models.NoActivity || !e.CanStepUp {
		return
	}
	e.Activity = a
	x.pipeline.Metrics.activities[a].Inc()
	if a == models.Logoff && x.pipeline.Ended != nil && !e.Features.AfterLogout() {
		x.pipeline.Ended.End(x.identity, x.snapshot.StepUp.Leeway(), e.Time)
	}
}
