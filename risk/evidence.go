package risk

import "github.com/riskgate/riskgate/models"

// sum is the evidence of one request while it is added up, on the grid of nats.
type sum struct {
	nats    [models.NumGroups]float64
	session float64 // what the session group says before it is compared with the rise
	actor   float64 // what the subject's requests leave behind, this one included
}

// total adds the contributions in the order of the groups.
func (s *sum) total() float64 {
	total := 0.0
	for _, n := range s.nats {
		total += n
	}
	return total
}

// mayDeny reports whether something besides novelty speaks against the request.
func (s *sum) mayDeny() bool {
	return s.nats[models.Infrastructure] >= reasonNats || s.session >= reasonNats ||
		s.nats[models.Payload] >= reasonNats || s.nats[models.Verdict] >= reasonNats
}

// speaksForAnonymous tells the groups that mean something without an identity.
func speaksForAnonymous(g models.Group) bool {
	switch g {
	case models.Infrastructure, models.ClientSanity, models.Payload, models.RTT,
		models.Rate, models.Enumeration, models.Scrape, models.SlowScrape,
		models.Failures: // of the account that a login names
		return true
	}
	return false
}

// contribute weighs the evidence of the groups and applies the joint caps.
func (e *Engine) contribute(s *sum, f *models.Features, ev *models.EvidenceSet) {
	anonymous := f.Has(models.IsAnonymous)
	for g := range models.NumGroups {
		if ev[g].Lambda != 0 && g.Weighed() && (!anonymous || speaksForAnonymous(g)) {
			s.nats[g] = e.weigh(g, ev[g].Lambda, ev[g].Confidence)
		}
	}
	lower(s, e.burst, burst[:]...)
	limit := e.leniency(s, f)
	s.session = s.nats[models.Session]
	if f.Has(models.IsSessionChange) && !anonymous {
		e.foldSession(s, f, ev, limit)
	}
	lower(s, e.place, models.Network, models.Travel)
	excuse(s, limit)
}

// What is done, or known by an analyst, takes from what who is calling may excuse:
// nothing is taken where it is nothing, and all but caps.innocence at so many nats.
const (
	harm      = 2.0
	perHarm   = 3.5 // nats of excuse for each nat of harm that is missing
	unlimited = 512 // nats, more than all of them can say
)

// leniency returns how much who is calling may excuse, from what is done now, was
// done lately, and what a verdict says.
func (e *Engine) leniency(s *sum, f *models.Features) float64 {
	if e.innocence >= maxLambda {
		return unlimited
	}
	done := 0.0
	for _, g := range burst {
		done += s.nats[g]
	}
	done = max(done, carried(f, models.ActorNats, 0, e.actor))
	if !f.Has(models.IsAnonymous) {
		done = max(done, carried(f, models.VerdictNats, 0, maxLambda))
	}
	if f.AfterLogout() {
		done = max(done, s.nats[models.Session])
	}
	return nats(e.innocence + max(0, float64(perHarm*(harm-done))))
}

// who are the groups that tell who is calling, from where and with what, but not
// what is done.
var who = [...]models.Group{
	models.Network, models.Device, models.Token, models.Infrastructure, models.Time, models.Travel, models.ClientSanity,
	models.RTT,
}

// caller adds what these groups say, within their limits.
func (e *Engine) caller(s *sum, limit float64) float64 {
	place := s.nats[models.Network] + s.nats[models.Travel]
	total := min(place, e.place) - place
	for _, g := range who {
		total += s.nats[g]
	}
	return max(total, 0-limit)
}

// excuse takes back what these groups together say for the caller beyond a limit,
// from the first of them first: who does harm on his own account looks like
// himself.
func excuse(s *sum, limit float64) {
	over := 0 - limit
	for _, g := range who {
		over -= s.nats[g]
	}
	for _, g := range who {
		if over <= 0 {
			return
		}
		back := min(over, max(0, 0-s.nats[g]))
		s.nats[g] += back
		over -= back
	}
}

// weigh returns w*c*lambda. What is not a number does not count.
func (e *Engine) weigh(g models.Group, lambda, confidence float64) float64 {
	if lambda != lambda || !(confidence > 0) {
		return 0
	}
	lambda = min(max(lambda, -maxLambda), maxLambda)
	weight := float64(e.weights[g] * min(confidence, 1))
	return nats(float64(weight * lambda))
}

// foldSession lets a change inside a session count once: the session group
// keeps only what it says beyond the rise of network and device, so that
// together they add the larger of both. Travel takes part because it shares a
// cap with the network, and the others because they share one with all of them.
func (e *Engine) foldSession(s *sum, f *models.Features, ev *models.EvidenceSet, limit float64) {
	held := *s
	held.nats[models.Network] = e.weigh(models.Network, f.Get(models.HeldNetwork), ev[models.Network].Confidence)
	held.nats[models.Device] = e.weigh(models.Device, f.Get(models.HeldDevice), ev[models.Device].Confidence)
	rise := e.caller(s, limit) - e.caller(&held, limit)
	if rise > 0 && s.session > 0 {
		s.nats[models.Session] = max(0, s.session-rise)
	}
}

// burst are the groups that see one burst of requests, which is one piece of news.
var burst = [...]models.Group{models.Rate, models.Enumeration, models.Scrape, models.SlowScrape, models.Path}

// lower takes what groups exceed their joint limit by from those that raise the
// score, the last of them first.
func lower(s *sum, limit float64, groups ...models.Group) {
	over := 0 - limit
	for _, g := range groups {
		over += s.nats[g]
	}
	for i := len(groups) - 1; i >= 0 && over > 0; i-- {
		cut := min(over, max(0, s.nats[groups[i]]))
		s.nats[groups[i]] -= cut
		over -= cut
	}
}

// reused reports whether the request shows a token of a session that had been ended,
// for which a step-up is asked whatever the score is.
func reused(f *models.Features, ev *models.EvidenceSet) bool {
	return f.AfterLogout() && ev[models.Session].State == models.Hit && !f.Has(models.IsAnonymous)
}

// carry adds what earlier requests left behind, as far as it exceeds the
// behavior of this one, and the verdict. A token of an ended session is stopped at
// each of its requests; that it was shown is left behind for no other session.
func (e *Engine) carry(s *sum, f *models.Features) {
	before := carried(f, models.ActorNats, 0, e.actor)
	now := s.nats[models.Session]
	for _, g := range burst {
		now += s.nats[g]
	}
	s.nats[models.RecentBehavior] = max(0, before-now)
	if f.AfterLogout() {
		now -= s.nats[models.Session]
	}
	s.actor = max(before, min(now, e.actor))
	if !f.Has(models.IsAnonymous) {
		s.nats[models.Verdict] = carried(f, models.VerdictNats, -maxLambda, maxLambda)
	}
}

// credit lowers the score for a passed step-up, at most to where monitoring
// begins. A hit of the session group voids it.
func (e *Engine) credit(s *sum, f *models.Features, ev *models.EvidenceSet, c *class) {
	credit := carried(f, models.CreditNats, -maxLambda, 0)
	if f.Has(models.IsAnonymous) || ev[models.Session].State == models.Hit {
		return
	}
	above := max(0, s.total()-c.monitorNats)
	s.nats[models.Credit] = max(credit, 0-above)
}

// carried returns a number of nats carried into the decision, bounded. What is
// not a number does not count.
func carried(f *models.Features, i models.Feature, low, high float64) float64 {
	n := f.Get(i)
	if n != n {
		return 0
	}
	return nats(min(max(n, low), high))
}

// actorScore is the score of what the subject's requests leave behind, with the
// verdict.
func (e *Engine) actorScore(s *sum) float64 {
	n := s.actor + s.nats[models.Verdict]
	return scoreOf(float64(e.config.Slope*n) + e.config.Intercept)
}

// confidence returns which part of the weights belongs to groups that could be
// assessed, each counted as far as it trusts itself. Groups that never speak
// for this kind of caller are left out; learning and unavailable ones are not
// assessed.
func (e *Engine) confidence(f *models.Features, ev *models.EvidenceSet) float64 {
	anonymous := f.Has(models.IsAnonymous)
	var all, assessed float64
	for g := range models.NumGroups {
		if !g.Weighed() || anonymous && !speaksForAnonymous(g) {
			continue
		}
		all += e.weights[g]
		switch ev[g].State {
		case models.Clean, models.Hit, models.Stale:
			if c := ev[g].Confidence; c > 0 {
				assessed += float64(e.weights[g] * min(c, 1))
			}
		}
	}
	if all == 0 {
		return 0
	}
	return assessed / all
}
