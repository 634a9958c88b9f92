package gateway

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/gateway/pipeline"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/risk/adapt"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// Where callers are, and with what.
const (
	athome   = "192.0.2.10"
	abroad   = "203.0.113.9"
	ownAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	newAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)

// village is a site whose users are known to it, under a clock of its own.
type village struct {
	*site
	nanos atomic.Int64
	users []string
}

func (w *village) time() time.Time       { return time.Unix(0, w.nanos.Load()).UTC() }
func (w *village) later(d time.Duration) { w.nanos.Add(int64(d)) }

// newVillage lets n users come from home for six days.
func newVillage(t *testing.T, n int, section string) *village {
	w := &village{site: newSite(t)}
	w.nanos.Store(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).UnixNano())
	w.clock = w.time
	w.configure(parts{risk: section})
	w.start()
	for i := range n {
		w.users = append(w.users, fmt.Sprintf("user%03d", i))
	}
	for range 6 {
		w.later(24 * time.Hour)
		for _, user := range w.users {
			w.as(user, athome, ownAgent, "urn:pwd", http.StatusOK)
		}
	}
	w.later(24 * time.Hour)
	return w
}

// asking returns a request of a user who has authenticated just now.
func (w *village) asking(user, from, agent, acr string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+w.Addr().String()+"/items/1", nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+w.issuer.signed(user, acr, w.time()))
	r.Header.Set("X-Forwarded-For", from)
	r.Header.Set("User-Agent", agent)
	return r
}

// as sends such a request and wants a status.
func (w *village) as(user, from, agent, acr string, status int) {
	w.t.Helper()
	if got, body := w.do(w.asking(user, from, agent, acr)); got != status {
		w.t.Fatalf("%s from %s: %d, want %d: %s", user, from, got, status, body)
	}
}

// passes lets a user, who has a new device at home, show a second factor.
func (w *village) passes(user string) {
	w.t.Helper()
	w.as(user, athome, newAgent, "urn:pwd", http.StatusUnauthorized)
	w.later(10 * time.Second)
	w.as(user, athome, newAgent, "urn:mfa", http.StatusOK)
}

// fails lets somebody with the token of a user come from abroad, and try on.
func (w *village) fails(user string) {
	w.t.Helper()
	for range 3 {
		w.as(user, abroad, newAgent, "urn:pwd", http.StatusUnauthorized)
		w.later(2 * time.Second)
	}
	w.as(user, abroad, newAgent, "urn:pwd", http.StatusForbidden)
}

// outcomesOf lets half of some users pass a step-up and half of them fail one.
func (w *village) outcomesOf(users []string) {
	w.t.Helper()
	for i, user := range users {
		if i%2 == 0 {
			w.passes(user)
		} else {
			w.fails(user)
		}
	}
}

const learns = "classes: {normal: {monitor: 11, throttle: 12, step_up: 30, deny: 100}}, learning: {weights: true, calibration: true}"

// Step-ups that were passed and failed move weights, in the open; every decision
// before and after is recomputed from its event and the section that it names; a
// restart forgets nothing and learning goes on.
func TestOutcomesMoveWeights(t *testing.T) {
	w := newVillage(t, 120, learns)
	configured := w.riskOf(w.Config())
	w.outcomesOf(w.users)
	w.learnNow()
	moved := w.riskOf(w.Config())
	if want := (risk.Learned{Labels: 120, Attacks: 60}); moved.Learned != want {
		t.Fatalf("learned from %+v, want %+v; in force %+v\n%s", moved.Learned, want, moved, w.log)
	}
	if moved.Weights.Network <= configured.Weights.Network {
		t.Errorf("network, new in attacks alone, has weight %g, configured are %g", moved.Weights.Network, configured.Weights.Network)
	}
	if moved.Classes != configured.Classes || moved.Intercept != configured.Intercept {
		t.Error("thresholds or intercept moved")
	}
	w.as("user000", athome, ownAgent, "urn:pwd", http.StatusOK)
	w.verifiesAll(configured, moved)
	if !strings.Contains(w.log.String(), "learned weights taken into force") || !strings.Contains(w.log.String(), `"network":"1 -> `) {
		t.Errorf("not said: %s", w.log)
	}
	for _, line := range []string{
		fmt.Sprintf(`riskgate_risk_weight{group="network"} %g`, moved.Weights.Network), fmt.Sprintf("riskgate_risk_slope %g", moved.Slope),
		`riskgate_risk_labels_total{source="passed"} 60`, `riskgate_risk_labels_total{source="failed"} 60`,
		"riskgate_risk_learned_sections_total 1",
	} {
		if !strings.Contains(w.metrics(), line+"\n") {
			t.Errorf("no metric says %s", line)
		}
	}
	w.later(24 * time.Hour)
	w.learnNow()
	w.passes("user003") // and nobody has learned from it yet
	w.stop()
	w.start()
	if again := w.riskOf(w.Config()); risk.New(again).Hash() != risk.New(moved).Hash() {
		t.Fatalf("in force after a restart: %+v", again)
	}
	w.later(24 * time.Hour)
	w.passes("user001")
	w.learnNow()
	if labels, attacks := w.learning.kept(); labels != 122 || attacks != 60 {
		t.Errorf("%d labels after a restart, %d of attacks, want 122 and 60", labels, attacks)
	}
}

// verifiesAll recomputes every decision in the events from the sections published
// there, and wants decisions by each of some sections.
func (w *village) verifiesAll(sections ...risk.Config) {
	w.t.Helper()
	w.until("every event is sent", `riskgate_streaming_pending_events{sink="file"} 0`)
	engines, seen := map[[8]byte]*risk.Engine{}, map[[8]byte]int{}
	for _, line := range w.events() {
		var e models.Event
		w.must(ocsf.Decode([]byte(line), &e))
		switch e.Kind {
		case models.ConfigEvent:
			engine, err := risk.Restore(e.Payload)
			w.must(err)
			if sum := sha256.Sum256(e.Payload); e.ConfigHash != [8]byte(sum[:8]) {
				w.t.Errorf("section %x is published as %x", sum[:8], e.ConfigHash)
			}
			engines[e.ConfigHash] = engine
		case models.DecisionEvent:
			engine := engines[e.ConfigHash]
			if engine == nil {
				w.t.Fatalf("a decision by section %x, which was not published before", e.ConfigHash)
			}
			if err := pipeline.Verify(&e, engine); err != nil {
				w.t.Errorf("%x: %v", e.ID, err)
			}
			if e.Features.Has(models.LearnedWeights) != engine.Learned() || strings.Contains(line, `"learned":true`) != engine.Learned() {
				w.t.Errorf("%x: the event does not say whether its weights were learned", e.ID)
			}
			seen[e.ConfigHash]++
		}
	}
	for _, r := range sections {
		if hash := risk.New(r).Hash(); seen[hash] == 0 {
			w.t.Errorf("no decision by section %x among %v", hash, seen)
		}
	}
}

// What GET /-/risk returns decides as the section in force did, without learning.
func TestTheExportDecidesAsWhatIsInForce(t *testing.T) {
	w := newVillage(t, 110, learns+", budget: {step_up: 1%}")
	w.outcomesOf(w.users)
	w.learnNow()
	follows := risk.New(w.learning.of(w.Config().Risk)).NatsAt(30)
	if got := w.steering.homes[models.Normal]; got != follows {
		t.Errorf("the budget measures from %g nats, want %g, the threshold of what was learned", got, follows)
	}
	w.steerNow()
	inForce := w.riskOf(w.Config())
	if shift, _ := w.steering.state(); shift == 0 || inForce.Learned.Labels == 0 {
		t.Fatalf("shift %g, learned %+v: want both to have moved", shift, inForce.Learned)
	}
	status, text := w.admin(http.MethodGet, "/-/risk")
	pasted, err := config.ParseRisk("export.yaml", []byte(text))
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d %v\n%s", status, err, text)
	}
	for _, want := range []string{"# weights or slope learned from the latest 110 labels: 55 attacks, 55 genuine", fmt.Sprintf("config_hash %x", hashOf(&inForce))} {
		if !strings.Contains(text, want) {
			t.Errorf("the export does not say %q:\n%s", want, text)
		}
	}
	if pasted.Learning.Any() || pasted.Budget.StepUp != 0 {
		t.Errorf("the export would move by itself: %+v %+v", pasted.Learning, pasted.Budget)
	}
	w.until("every event is sent", `riskgate_streaming_pending_events{sink="file"} 0`)
	was, now := risk.New(inForce), risk.New(pasted)
	for _, line := range w.events() {
		var e models.Event
		w.must(ocsf.Decode([]byte(line), &e))
		var a, b models.Assessment
		was.Assess(&e.Features, &e.Evidence, e.Class, &a)
		now.Assess(&e.Features, &e.Evidence, e.Class, &b)
		if a != b || was.Resolve(&a, &e.Features, e.Class, e.CanStepUp) != now.Resolve(&b, &e.Features, e.Class, e.CanStepUp) {
			t.Fatalf("%x: %+v by the export, %+v in force", e.ID, b, a)
		}
	}
}

// Nothing is learned unless it is asked for, and what was learned goes when it no
// longer is: the section is then what the file says.
func TestLearningIsOffByDefault(t *testing.T) {
	w := newVillage(t, 220, "classes: {normal: {monitor: 11, throttle: 12, step_up: 30, deny: 100}}")
	w.outcomesOf(w.users[:110])
	w.learnNow()
	if r := w.riskOf(w.Config()); r.Learned != (risk.Learned{}) || w.learning.state(w.time()) != nil {
		t.Errorf("learned %+v", r.Learned)
	}
	w.replace("step_up: 30, deny: 100}}", "step_up: 30, deny: 100}}, learning: {weights: true}")
	w.reload()
	w.outcomesOf(w.users[110:])
	w.learnNow()
	r := w.riskOf(w.Config())
	if r.Learned.Labels != 110 || r.Slope != 0.6 || r.Weights.Network == 1 {
		t.Fatalf("learned from %d labels, slope %g, network %g: want weights of 110 labels alone", r.Learned.Labels, r.Slope, r.Weights.Network)
	}
	w.replace(", learning: {weights: true}", "")
	w.reload()
	if r := w.riskOf(w.Config()); r.Learned != (risk.Learned{}) || r.Weights.Network != 1 {
		t.Errorf("still in force: %+v", r)
	}
	w.replace("step_up: 30, deny: 100}}", "step_up: 30, deny: 100}}, learning: {weights: true}")
	w.reload()
	if again := w.riskOf(w.Config()); risk.New(again).Hash() != risk.New(r).Hash() {
		t.Errorf("switched on again, in force is %+v", again)
	}
}

// One take in ten minutes, and none that is not worth it.
func TestSectionsAreTakenSparingly(t *testing.T) {
	w := newVillage(t, 110, learns)
	w.outcomesOf(w.users)
	w.learnNow()
	first := w.riskOf(w.Config())
	w.Label(models.Pseudonym{1}, w.time(), true, 1) // of nobody
	for range 9 {
		w.later(time.Minute)
		w.learnNow()
	}
	w.later(time.Hour)
	w.learnNow()
	if n := w.learning.takings(); n != 1 || risk.New(w.riskOf(w.Config())).Hash() != risk.New(first).Hash() {
		t.Errorf("%d sections were taken into force without a new label, want 1", n)
	}
	w.replace("step_up: 30, deny: 100}}", "step_up: 30, deny: 100}}, weights: {network: 0.5}")
	w.reload()
	if r := w.riskOf(w.Config()); r.Weights.Network != 0.5 || r.Learned != (risk.Learned{}) {
		t.Errorf("after a reload with another weight: %g, %+v", r.Weights.Network, r.Learned)
	}
	w.learnNow()
	if r := w.riskOf(w.Config()); r.Learned.Labels != 110 || math.Abs(r.Weights.Network-first.Weights.Network) < 1e-9 {
		t.Errorf("learned again from %d labels, network %g", r.Learned.Labels, r.Weights.Network)
	}
}

// However much is learned, ten minutes pass between two sections.
func TestTenMinutesPassBetweenSections(t *testing.T) {
	c, l := risk.DefaultConfig(), &learning{}
	c.Learning.Weights = true
	if err := l.configure(&c, nil); err != nil {
		t.Fatal(err)
	}
	tell := func(now time.Time) (news bool) {
		for i := range 400 {
			x := adapt.Example{Attack: i%2 == 0, Weight: 1, Chance: 1}
			x.Nats[models.Network] = float64(3 - 6*(i%2))
			l.outcomes.labels = append(l.outcomes.labels, x)
		}
		_, news = l.learn(now)
		return news
	}
	for _, m := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Second, false}, {10*time.Minute - 1, false}, {10 * time.Minute, true}} {
		if got := tell(noon.Add(m.after)); got != m.want {
			t.Errorf("after %v: taken into force %v, want %v", m.after, got, m.want)
		}
	}
}

// State that cannot be read is said and left aside.
func TestGarbageIsNotLearned(t *testing.T) {
	s := newSite(t)
	s.build()
	s.must(s.memory.PutGlobal(learningName, []byte("garbage")))
	s.must(s.Stop(t.Context()))
	s.configure(parts{risk: learns})
	s.build()
	defer s.stop()
	if !strings.Contains(s.log.String(), "learning begins anew") || !strings.Contains(s.log.String(), "want version 1") {
		t.Errorf("not said: %s", s.log)
	}
	if r := s.riskOf(s.Config()); r.Learned != (risk.Learned{}) {
		t.Errorf("learned %+v", r.Learned)
	}
}

// pseudonym of a user.
func (w *village) pseudonym(user string) models.Pseudonym {
	return Pseudonyms(w.keys)(models.Subject{Kind: models.User, Issuer: w.issuer.url, ID: user})
}

// A session that is explored, however quiet, is a label that stands for many; a
// label from outside is one too.
func TestQuietSessionsAreLearnedFrom(t *testing.T) {
	w := newVillage(t, 30, learns+", budget: {step_up: 2%}")
	w.replace("calibration: true}", "calibration: true, explore: 1%}")
	w.reload()
	explored := ""
	for hour := 0; explored == "" && hour < 200; hour++ {
		w.later(time.Hour)
		for _, user := range w.users {
			r := w.asking(user, athome, ownAgent, "urn:pwd")
			if status, _ := w.do(r); status == http.StatusUnauthorized {
				explored = user
				break
			}
		}
	}
	if explored == "" {
		t.Fatal("of 6000 sessions none was explored, want 60")
	}
	w.later(time.Second)
	w.as(explored, athome, ownAgent, "urn:pwd", http.StatusUnauthorized) // still
	w.as(explored, athome, ownAgent, "urn:mfa", http.StatusOK)
	labels := w.learning.drain(w.time(), nil)
	if len(labels) != 1 || labels[0].Attack || labels[0].Chance != float64(float32(0.01)) {
		t.Fatalf("labels %+v, want a genuine one with a chance of 0.01", labels)
	}
	other := w.users[0]
	if other == explored {
		other = w.users[1]
	}
	w.later(time.Hour)
	w.do(w.asking(other, athome, ownAgent, "urn:mfa"))
	for _, c := range []struct {
		who    string
		at     time.Time
		weight float64
		want   bool
	}{{other, w.time(), 1.5, false}, {"nobody", w.time(), 1, false}, {other, w.time(), 1, true}, {other, w.time(), 1, false}} {
		if got := w.Label(w.pseudonym(c.who), c.at, true, c.weight); got != c.want {
			t.Errorf("label of %s, weight %g: learned %v", c.who, c.weight, got)
		}
	}
	w.until("the event says it was explored", "riskgate_pipeline_explored_total 2")
	w.verifiesAll()
	if text := strings.Join(w.events(), "\n"); strings.Count(text, `"explored":true`) != 2 {
		t.Error("the events do not say which sessions were explored")
	}
}

// What no longer foretells better than the configuration is withdrawn, and the
// section is what the file says.
func TestWhatForetellsWorseIsWithdrawn(t *testing.T) {
	c, l := risk.DefaultConfig(), &learning{}
	c.Learning.Weights = true
	if err := l.configure(&c, nil); err != nil {
		t.Fatal(err)
	}
	now := noon
	tell := func(n int, attackers, honest models.Group) (news bool) {
		for range n {
			for _, attack := range []bool{false, true} {
				x := adapt.Example{Attack: attack, Weight: 1, Chance: 1}
				g := honest
				if attack {
					g = attackers
				}
				x.Nats[g], x.Nats[models.Device] = 3, 3
				l.outcomes.labels = append(l.outcomes.labels, x)
			}
		}
		now = now.Add(time.Hour)
		_, news = l.learn(now)
		return news
	}
	if !tell(200, models.Network, models.ClientSanity) || l.of(c).Weights.Network <= 1 {
		t.Fatalf("nothing was learned from 400 labels: %+v", l.of(c))
	}
	for range 20 { // the world turns
		if tell(10, models.ClientSanity, models.Network); l.of(c).Learned == (risk.Learned{}) {
			break
		}
	}
	if got := l.of(c); got.Learned != (risk.Learned{}) || got.Weights != c.Weights {
		t.Errorf("still in force: %+v", got)
	}
	if home, learned := l.foretold(); learned < home {
		t.Errorf("withdrawn although it foretells at %g, %g as configured", learned, home)
	}
}

// A killed process loses the labels of ten minutes.
func TestLabelsAreSavedInTime(t *testing.T) {
	c, l := risk.DefaultConfig(), &learning{}
	c.Learning.Calibration = true
	if err := l.configure(&c, nil); err != nil {
		t.Fatal(err)
	}
	l.step(stepOf(1, noon, 3))
	l.step(passedOf(1, noon))
	for _, m := range []struct {
		after time.Duration
		want  bool
	}{{time.Minute, false}, {9 * time.Minute, false}, {11 * time.Minute, true}, {12 * time.Minute, true}} {
		l.learn(noon.Add(m.after))
		if got := l.unsaved(noon.Add(m.after)); got != m.want {
			t.Errorf("after %v: to be saved %v", m.after, got)
		}
	}
	state := l.state(noon.Add(12 * time.Minute))
	if l.unsaved(noon.Add(time.Hour)) {
		t.Error("still to be saved")
	}
	again := &learning{}
	if err := again.configure(&c, state); err != nil {
		t.Fatal(err)
	}
	if labels, _ := again.kept(); labels != 1 {
		t.Errorf("%d labels were saved, want 1", labels)
	}
}

// Where the section cannot be replaced, what was in force stays, and nothing is
// published.
func TestASectionThatCannotBeTakenChangesNothing(t *testing.T) {
	w := newVillage(t, 110, learns)
	w.outcomesOf(w.users)
	c := *w.Config()
	c.Authz.Policies = w.path("missing.cedar")
	was := w.config.Swap(&c)
	w.learnNow()
	if r := w.riskOf(w.Config()); r.Learned != (risk.Learned{}) || w.learning.takings() != 0 || !strings.Contains(w.log.String(), "cannot be taken into force") {
		t.Errorf("in force %+v, %d takings", r.Learned, w.learning.takings())
	}
	w.config.Store(was)
	w.later(takeEvery)
	w.learnNow()
	if r := w.riskOf(w.Config()); r.Learned.Labels != 110 {
		t.Errorf("learned from %d labels once it can be", r.Learned.Labels)
	}
}

// A verdict is a label, once: of the last look of its caller when it was given.
func TestVerdictsAreLearned(t *testing.T) {
	w := newVillage(t, 5, learns)
	w.replace("verdict: {}", "verdict: {file: "+verdictFile+"}")
	bad, good, forgiven, stolen, since := w.users[0], w.users[1], w.users[2], w.users[3], w.users[4]
	var lines []byte
	for user, kind := range map[string]models.VerdictKind{bad: models.Quarantine, good: models.Confirm, forgiven: models.Forgive, stolen: models.Report, since: models.Report} {
		w.as(user, athome, ownAgent, "urn:pwd", http.StatusOK)
		if user == since {
			w.later(time.Second)
		}
		v := verdict.Verdict{Subject: w.pseudonym(user), Kind: kind, At: w.time(), Nats: verdict.DefaultNats(kind)}
		switch kind {
		case models.Report:
			v.Since = v.At // and the look of one of them was before
		case models.Quarantine, models.Confirm:
			v.Expires = v.At.Add(time.Hour)
		}
		lines = append(v.AppendLine(lines), '\n')
	}
	w.write(verdictFile, string(lines))
	w.reload()
	for range 2 {
		w.later(time.Second)
		for _, user := range w.users {
			w.do(w.asking(user, athome, ownAgent, "urn:pwd"))
		}
	}
	labels := w.learning.drain(w.time(), nil)
	attacks := 0
	for _, l := range labels {
		if l.Attack {
			attacks++
		}
	}
	if len(labels) != 3 || attacks != 2 {
		t.Fatalf("labels %+v, want those of the quarantine and the report of a look, and a genuine one", labels)
	}
	for _, l := range labels {
		if l.Weight != adapt.Certain || l.Chance != 1 {
			t.Errorf("%+v, want one that is certain", l)
		}
	}
}

// eightNats is the assessment of a caller at home, with all that innocence may say
// for him, whom an analyst has quarantined by default.
func eightNats(c risk.Config, class models.Class) (out models.Assessment) {
	var ev models.EvidenceSet
	ev[models.Network] = models.Evidence{Lambda: -30, Confidence: 1}
	ev[models.Device] = models.Evidence{Lambda: -30, Confidence: 1}
	f := models.Features{}
	f.Set(models.VerdictNats, verdict.QuarantineNats)
	risk.New(c).Assess(&f, &ev, class, &out)
	return out
}

// atLeastSlope returns a learning that has found a slope, of labels whose evidence
// speaks for attackers so that it is the least there is.
func atLeastSlope(t *testing.T, c risk.Config) *learning {
	t.Helper()
	l := &learning{}
	if err := l.configure(&c, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 400 {
		x := adapt.Example{Attack: i%2 == 0, Weight: 1, Chance: 1}
		x.Nats[models.Network] = 3 + float64(i%2)
		l.outcomes.labels = append(l.outcomes.labels, x)
	}
	l.learn(noon)
	if f, ok := l.learner.Taken(); !ok || f.Slope != 0.3 {
		t.Fatalf("found %+v, want a slope of 0.3", f)
	}
	return l
}

// An analyst's quarantine denies under every section that is learned where it does
// under the configured one; where it does not, nothing makes it weaker.
func TestLearningDoesNotDisarmAQuarantine(t *testing.T) {
	c := risk.DefaultConfig()
	c.Learning.Calibration = true
	l := atLeastSlope(t, c)
	learned := l.of(c)
	for class := range models.NumClasses {
		if got := eightNats(learned, class); got.Wanted != models.Deny {
			t.Errorf("%v: %v at a score of %g under slope %g, want deny", class, got.Wanted, got.Score, learned.Slope)
		}
	}
	if !(learned.Slope < c.Slope) {
		t.Errorf("slope %g, want less than the configured %g", learned.Slope, c.Slope)
	}
	if _, news := l.learn(noon.Add(time.Hour)); news {
		t.Error("the same slope was taken again")
	}
	c.Classes.Admin.Deny = 95 // which 8 nats do not reach
	if got := l.of(c).Slope; got != c.Slope {
		t.Errorf("slope %g where a quarantine does not deny as it is, want the configured %g", got, c.Slope)
	}
	c.Classes.Admin.Deny, c.Caps.Innocence = 85, 9
	if got := l.of(c).Slope; got != c.Slope {
		t.Errorf("slope %g where innocence outweighs a quarantine, want the configured %g", got, c.Slope)
	}
}
