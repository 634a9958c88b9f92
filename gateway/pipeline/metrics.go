package pipeline

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/riskgate/riskgate/models"
)

// Metrics counts what the pipeline does. It outlives every configuration.
type Metrics struct {
	requests *prometheus.CounterVec
	denials  map[models.Denial]prometheus.Counter
	scores   [models.NumClasses]prometheus.Observer
	shadowed prometheus.Counter
	explored prometheus.Counter
	panics   prometheus.Counter
	stages   [numStages]prometheus.Observer
	upstream *prometheus.HistogramVec
	faults   *prometheus.CounterVec

	activities [models.NumActivities]prometheus.Counter

	disagreements *prometheus.CounterVec
	trying        sync.Mutex // guards tried
	tried         map[string]*disagreement
}

// stage numbers the stages of a decision that are timed.
type stage int

const (
	stageDescribe stage = iota
	stageAdmit
	stageAuthn
	stageCollect
	stageAssess
	stageAuthz
	stageEnforce
	stageForward
	stageFinish
	numStages
)

var stageNames = [numStages]string{
	"describe", "admit", "authn", "collect", "assess", "authz", "enforce", "forward", "finish",
}

// timedEvery says which share of requests has its stages timed: one in so many.
// Reading the clock nine times would cost more than most stages.
const timedEvery = 64

// NewMetrics registers the metrics of the pipeline.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		requests: counters("riskgate_pipeline_requests_total",
			"Requests by route and by the action applied.", "route", "action"),
		panics: prometheus.NewCounter(prometheus.CounterOpts{Name: "riskgate_pipeline_panics_total",
			Help: "Streamed answers whose end panicked; the process went on."}),
		shadowed: prometheus.NewCounter(prometheus.CounterOpts{Name: "riskgate_pipeline_shadowed_total",
			Help: "Requests on which a layer in shadow mode would have acted more strictly."}),
		explored: prometheus.NewCounter(prometheus.CounterOpts{Name: "riskgate_pipeline_explored_total",
			Help: "Requests of sessions that are asked to step up as a sample, below the threshold."}),
		upstream: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "riskgate_upstream_request_duration_seconds",
			Help: "Time until the header of the upstream's answer.", Buckets: latencyBuckets}, []string{"pool"}),
		faults:  counters("riskgate_upstream_errors_total", "Requests the upstream did not answer.", "pool", "reason"),
		denials: map[models.Denial]prometheus.Counter{},
		disagreements: counters("riskgate_risk_candidate_decisions_total",
			"Scored requests by what the section in force and a candidate ask for.", "candidate", "enforced", "candidate_action"),
	}
	activities := counters("riskgate_pipeline_activities_total",
		"Requests that logged off or changed a password.", "activity")
	for a := models.NoActivity + 1; a < models.NumActivities; a++ {
		m.activities[a] = activities.WithLabelValues(a.String())
	}
	denials := counters("riskgate_pipeline_denials_total", "Refused requests by reason.", "reason")
	for _, d := range models.Denials() {
		m.denials[d] = denials.WithLabelValues(string(d))
	}
	scores := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "riskgate_risk_score",
		Help: "Request risk by class of the route.", Buckets: []float64{5, 10, 15, 20, 25, 30, 40, 50, 60, 70, 85, 95}},
		[]string{"class"})
	for c := models.Normal; c < models.NumClasses; c++ {
		m.scores[c] = scores.WithLabelValues(c.String())
	}
	stages := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "riskgate_pipeline_stage_duration_seconds",
		Help: "Time spent in each stage, measured on one request in 64.", Buckets: stageBuckets}, []string{"stage"})
	for s, name := range stageNames {
		m.stages[s] = stages.WithLabelValues(name)
	}
	registry.MustRegister(m.requests, m.shadowed, m.explored, m.panics, m.upstream, m.faults, m.disagreements, activities, denials, scores, stages)
	return m
}

var (
	latencyBuckets = []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10}
	stageBuckets   = []float64{1e-7, 2e-7, 5e-7, 1e-6, 2e-6, 5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1}
)

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// routeMetrics holds the children of one route, resolved when the configuration
// is built.
type routeMetrics struct {
	actions [models.NumActions]prometheus.Counter
	latency prometheus.Observer
	faults  map[models.Denial]prometheus.Counter
}

func (m *Metrics) route(id, pool string) routeMetrics {
	r := routeMetrics{latency: m.upstream.WithLabelValues(pool), faults: map[models.Denial]prometheus.Counter{}}
	for a := models.Allow; a < models.NumActions; a++ {
		r.actions[a] = m.requests.WithLabelValues(id, a.String())
	}
	for _, d := range []models.Denial{models.UpstreamUnavailable, models.UpstreamRefused,
		models.UpstreamTimeout, models.UpstreamProtocol, models.UpstreamTLS} {
		r.faults[d] = m.faults.WithLabelValues(pool, string(d))
	}
	return r
}

// stopwatch times the stages of one request in timedEvery. The zero value is off.
type stopwatch struct {
	metrics *Metrics
	last    time.Time
}

func (w *stopwatch) start(m *Metrics, n uint64) {
	*w = stopwatch{}
	if n%timedEvery == 0 {
		w.metrics, w.last = m, time.Now()
	}
}

// lap ends stage s.
func (w *stopwatch) lap(s stage) {
	if w.metrics == nil {
		return
	}
	now := time.Now()
	w.metrics.stages[s].Observe(now.Sub(w.last).Seconds())
	w.last = now
}
