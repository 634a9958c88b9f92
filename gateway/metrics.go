package gateway

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/gateway/logoff"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/streaming"
)

// reading is one number that is read from a part when somebody asks.
type reading struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	// value returns the number; labels are constant.
	value func(*gauges) float64
}

// gauges are the statistics of all parts at one moment.
type gauges struct {
	listener listener.Stats
	stream   streaming.Stats
	memory   baseline.Stats
	authn    authn.Status
	authz    authz.Status
	targets  []upstream.TargetStats
	risk     risk.Config // in force
	verdicts verdict.Status
	ended    logoff.Stats
	now      time.Time
}

func (g *Gateway) statistics() *gauges {
	now := g.options.Clock()
	g.reloading.Lock()
	known, policies := g.authn, g.authz
	g.reloading.Unlock()
	return &gauges{
		listener: g.listener.Stats(), stream: g.stream.Stats(now), memory: g.memory.Stats(),
		authn: known.Status(now), authz: policies.Status(), targets: g.upstreams.Stats(),
		risk: g.riskOf(g.config.Load()), verdicts: g.verdicts.Status(now),
		ended: g.ended.Stats(now), now: now,
	}
}

// readings collects what the parts count themselves.
type readings struct {
	gateway *Gateway
	all     []reading
}

func counter(name, help string, labels prometheus.Labels, value func(*gauges) float64) reading {
	return reading{prometheus.NewDesc(name, help, nil, labels), prometheus.CounterValue, value}
}

func gauge(name, help string, labels prometheus.Labels, value func(*gauges) float64) reading {
	return reading{prometheus.NewDesc(name, help, nil, labels), prometheus.GaugeValue, value}
}

// Describe implements prometheus.Collector.
func (r *readings) Describe(out chan<- *prometheus.Desc) {
	for _, x := range r.all {
		out <- x.desc
	}
	for _, d := range parted {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (r *readings) Collect(out chan<- prometheus.Metric) {
	g := r.gateway.statistics()
	for _, x := range r.all {
		out <- prometheus.MustNewConstMetric(x.desc, x.kind, x.value(g))
	}
	g.issuers(out)
	g.upstreams(out)
}

func (g *Gateway) register() {
	sink := prometheus.Labels{"sink": g.config.Load().Streaming.Sink}
	r := &readings{gateway: g}
	r.all = append(r.all, g.gatewayReadings()...)
	r.all = append(r.all, g.learningReadings()...)
	r.all = append(r.all, streamReadings(sink)...)
	r.all = append(r.all, baselineReadings()...)
	r.all = append(r.all, verdictReadings()...)
	r.all = append(r.all,
		gauge("riskgate_logoff_sessions", "Sessions that were logged off and of which a token may still be valid.", nil, func(s *gauges) float64 { return float64(s.ended.Sessions) }),
		counter("riskgate_logoff_displaced_total", "Sessions that were logged off and forgotten for others before their time.", nil, func(s *gauges) float64 { return float64(s.ended.Displaced) }))
	r.all = append(r.all, g.signalReadings()...)
	g.registry.MustRegister(r,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "riskgate_build_info", Help: "Always 1.",
			ConstLabels: prometheus.Labels{"version": g.options.Version}}, func() float64 { return 1 }))
}

func (g *Gateway) gatewayReadings() []reading {
	const reloads = "riskgate_gateway_reloads_total"
	help := "Reloads of the configuration by result."
	return []reading{
		counter(reloads, help, prometheus.Labels{"result": "done"}, func(*gauges) float64 { return float64(g.counts.done.Load()) }),
		counter(reloads, help, prometheus.Labels{"result": "failed"}, func(*gauges) float64 { return float64(g.counts.failed.Load()) }),
		counter("riskgate_authz_errors_total", "Policies that failed to evaluate, since the last reload; a failing forbid denies.", nil, func(s *gauges) float64 { return float64(s.authz.Failed) }),
		gauge("riskgate_risk_budget_shift_nats", "How far risk.budget has moved the step_up thresholds; 0 without a budget.", nil, func(*gauges) float64 { shift, _ := g.steering.state(); return shift }),
		counter("riskgate_risk_budget_sessions_total", "Sessions that risk.budget has counted.", nil, func(*gauges) float64 { _, n := g.steering.state(); return float64(n) }),
		gauge("riskgate_listener_connections", "Client connections open now.", nil, func(s *gauges) float64 { return float64(s.listener.Open) }),
		counter("riskgate_listener_connections_total", "Client connections accepted.", nil, func(s *gauges) float64 { return float64(s.listener.Accepted) }),
		counter("riskgate_listener_refused_connections_total", "Client connections closed for a limit.", nil, func(s *gauges) float64 { return float64(s.listener.Refused) }),
		counter("riskgate_listener_panics_total", "Handlers that panicked; their requests were answered 500.", nil, func(s *gauges) float64 { return float64(s.listener.Panics) }),
	}
}

func verdictReadings() []reading {
	all := []reading{
		counter("riskgate_verdict_files_refused_total", "Files of verdicts that were not taken; the verdicts of before stay in force.", nil, func(s *gauges) float64 { return float64(s.verdicts.Refused) }),
	}
	for _, kind := range models.VerdictKinds() {
		all = append(all, gauge("riskgate_verdict_in_force", "Callers with a verdict in force, by kind; forgive and report as long as the file has them.",
			prometheus.Labels{"kind": kind}, func(s *gauges) float64 { return float64(s.verdicts.InForce[kind]) }))
	}
	return all
}

func (g *Gateway) signalReadings() []reading {
	all := []reading{
		gauge("riskgate_signals_attack_mode", "Log-odds that a wave of failed logins is worth, before risk.caps.attack_mode; 0 outside an attack.", nil, func(s *gauges) float64 { return g.collector.AttackMode(s.now) }),
	}
	for _, kind := range geo.ListKinds() {
		all = append(all, gauge("riskgate_signals_geo_list_entries", "Entries of the files of a list of addresses.",
			prometheus.Labels{"list": kind}, func(*gauges) float64 { return float64(g.collector.Lists().Entries(kind)) }))
	}
	return all
}

func streamReadings(sink prometheus.Labels) []reading {
	const lost, lostHelp = "riskgate_streaming_events_lost_total", "Events the ring could not hold."
	class := func(name string) prometheus.Labels {
		return prometheus.Labels{"sink": sink["sink"], "class": name}
	}
	return []reading{
		counter("riskgate_streaming_events_sent_total", "Events acknowledged by the sink.", sink, func(s *gauges) float64 { return float64(s.stream.Sent) }),
		counter("riskgate_streaming_bytes_sent_total", "Encoded bytes acknowledged by the sink.", sink, func(s *gauges) float64 { return float64(s.stream.Bytes) }),
		counter(lost, lostHelp, class("allow"), func(s *gauges) float64 { return float64(s.stream.LostAllow) }),
		counter(lost, lostHelp, class("keep"), func(s *gauges) float64 { return float64(s.stream.LostKeep) }),
		counter("riskgate_streaming_sink_errors_total", "Failed attempts at the sink; they are repeated.", sink, func(s *gauges) float64 { return float64(s.stream.SinkErrors) }),
		counter("riskgate_streaming_events_rejected_total", "Events larger than the sink takes, given up.", sink, func(s *gauges) float64 { return float64(s.stream.Rejected) }),
		counter("riskgate_streaming_encode_errors_total", "Records that could not be read back from the ring.", sink, func(s *gauges) float64 { return float64(s.stream.EncodeErrors) }),
		gauge("riskgate_streaming_pending_events", "Events in the ring.", sink, func(s *gauges) float64 { return float64(s.stream.Pending) }),
		gauge("riskgate_streaming_pending_bytes", "Bytes in the ring.", sink, func(s *gauges) float64 { return float64(s.stream.PendingBytes) }),
		gauge("riskgate_streaming_oldest_event_seconds", "Age of the oldest event in the ring.", sink, func(s *gauges) float64 { return s.stream.Oldest.Seconds() }),
	}
}

func baselineReadings() []reading {
	const entries, entriesHelp = "riskgate_baseline_entries", "Profiles in memory."
	in := func(place string) prometheus.Labels { return prometheus.Labels{"place": place} }
	return []reading{
		gauge(entries, entriesHelp, in("known"), func(s *gauges) float64 { return float64(s.memory.Known) }),
		gauge(entries, entriesHelp, in("probation"), func(s *gauges) float64 { return float64(s.memory.Candidates) }),
		gauge(entries, entriesHelp, in("leaving"), func(s *gauges) float64 { return float64(s.memory.Leaving) }),
		gauge("riskgate_baseline_stored", "Subjects in the store.", nil, func(s *gauges) float64 { return float64(s.memory.Stored) }),
		gauge("riskgate_baseline_bytes", "Memory of profiles, probation and filter.", nil, func(s *gauges) float64 { return float64(s.memory.Bytes) }),
		counter("riskgate_baseline_evictions_total", "Profiles that left the cache.", nil, func(s *gauges) float64 { return float64(s.memory.Evictions) }),
		counter("riskgate_baseline_promotions_total", "Subjects that became established.", nil, func(s *gauges) float64 { return float64(s.memory.Promotions) }),
		counter("riskgate_baseline_replaced_total", "Newcomers that gave way to others.", nil, func(s *gauges) float64 { return float64(s.memory.Replaced) }),
		counter("riskgate_baseline_store_reads_total", "Profiles read from the store.", nil, func(s *gauges) float64 { return float64(s.memory.Reads) }),
		counter("riskgate_baseline_store_read_errors_total", "Reads of the store that failed.", nil, func(s *gauges) float64 { return float64(s.memory.ReadErrors) }),
		counter("riskgate_baseline_unavailable_total", "Requests scored without their stored profile.", nil, func(s *gauges) float64 { return float64(s.memory.Unavailable) }),
		counter("riskgate_baseline_corrupt_total", "Stored profiles that failed their check.", nil, func(s *gauges) float64 { return float64(s.memory.Corrupt) }),
		counter("riskgate_baseline_store_writes_total", "Profiles written to the store.", nil, func(s *gauges) float64 { return float64(s.memory.Written) }),
		counter("riskgate_baseline_store_write_errors_total", "Batches the store refused; they are kept.", nil, func(s *gauges) float64 { return float64(s.memory.WriteErrors) }),
		counter("riskgate_baseline_lost_total", "Profiles dropped because there is no store.", nil, func(s *gauges) float64 { return float64(s.memory.Lost) }),
		gauge("riskgate_authn_api_keys", "API keys known, expired ones included.", nil, func(s *gauges) float64 { return float64(s.authn.Keys) }),
		gauge("riskgate_authn_cached_tokens", "Verified tokens remembered.", nil, func(s *gauges) float64 { return float64(s.authn.Tokens) }),
		gauge("riskgate_authn_cached_bytes", "Memory of remembered tokens.", nil, func(s *gauges) float64 { return float64(s.authn.Bytes) }),
	}
}

// What a reload may add and remove has labels of its own.
var (
	issuerKeys      = prometheus.NewDesc("riskgate_jose_keys", "Keys known of an issuer.", []string{"issuer"}, nil)
	issuerRefreshes = prometheus.NewDesc("riskgate_jose_refreshes_total", "Fetches of an issuer's key set by result.",
		[]string{"issuer", "result"}, nil)
	issuerStale    = prometheus.NewDesc("riskgate_jose_stale", "1: the last fetch of the key set failed.", []string{"issuer"}, nil)
	targetUp       = prometheus.NewDesc("riskgate_upstream_up", "1: the target is in rotation.", []string{"pool", "target"}, nil)
	targetPending  = prometheus.NewDesc("riskgate_upstream_pending", "Requests running on the target.", []string{"pool", "target"}, nil)
	targetIdle     = prometheus.NewDesc("riskgate_upstream_idle_connections", "Connections kept to the target.", []string{"pool", "target"}, nil)
	targetAttempts = prometheus.NewDesc("riskgate_upstream_attempts_total", "Requests sent to the target.", []string{"pool", "target"}, nil)
	parted         = []*prometheus.Desc{issuerKeys, issuerRefreshes, issuerStale, targetUp, targetPending, targetIdle, targetAttempts}
)

func (g *gauges) issuers(out chan<- prometheus.Metric) {
	for _, i := range g.authn.Issuers {
		out <- prometheus.MustNewConstMetric(issuerKeys, prometheus.GaugeValue, float64(i.Keys), i.Issuer)
		out <- prometheus.MustNewConstMetric(issuerRefreshes, prometheus.CounterValue, float64(i.Fetches), i.Issuer, "done")
		out <- prometheus.MustNewConstMetric(issuerRefreshes, prometheus.CounterValue, float64(i.Failures), i.Issuer, "failed")
		out <- prometheus.MustNewConstMetric(issuerStale, prometheus.GaugeValue, one(i.Stale), i.Issuer)
	}
}

func (g *gauges) upstreams(out chan<- prometheus.Metric) {
	for _, t := range g.targets {
		out <- prometheus.MustNewConstMetric(targetUp, prometheus.GaugeValue, one(t.Up), t.Pool, t.Target)
		out <- prometheus.MustNewConstMetric(targetPending, prometheus.GaugeValue, float64(t.Pending), t.Pool, t.Target)
		out <- prometheus.MustNewConstMetric(targetIdle, prometheus.GaugeValue, float64(t.Idle), t.Pool, t.Target)
		out <- prometheus.MustNewConstMetric(targetAttempts, prometheus.CounterValue, float64(t.Requests), t.Pool, t.Target)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
