package main

import (
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/kafka"
)

func fakeBroker(t *testing.T) string {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()[0]
}

// publish sends events to the broker as a gateway does, and returns when they
// are there.
func publish(t *testing.T, broker string, events ...*models.Event) {
	t.Helper()
	c := streaming.DefaultConfig()
	c.Sink, c.Ring = streaming.SinkKafka, streaming.RingConfig{Path: filepath.Join(t.TempDir(), "ring"), Bytes: 4 << 20}
	c.Kafka.Brokers, c.Kafka.CreateTopics, c.Kafka.Partitions = []string{broker}, true, 3
	sink, err := kafka.NewSink(c.Kafka, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := streaming.New(c, "edge-1", 1, "0.1.0", sink, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	for _, e := range events {
		if !s.Publish(e) {
			t.Error("event lost")
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDecisionsInKafkaAreExplained(t *testing.T) {
	broker, engine := fakeBroker(t), risk.New(risk.DefaultConfig())
	publish(t, broker, story(engine)...)
	source := "kafka://" + broker + "/riskgate.decisions.v1"
	f := func(code int, want string, args ...string) {
		t.Helper()
		got, out, report := runWith(t, nil, args...)
		if got != code || !strings.Contains(out+report, want) {
			t.Errorf("%v: exit code %d, want %d and %q\n%s%s", args, got, code, want, out, report)
		}
	}
	f(0, "score        99.01", "explain", idText(2), "--from", source)
	f(0, "score        99.93", "explain", idText(3), "--from", "kafka://"+broker)
	f(0, "event        finding", "explain", idText(6), "--from", "kafka://"+broker+"/riskgate.findings.v1")
	f(1, "no event "+idText(9), "explain", idText(9), "--from", source)
	f(1, "refused before it was scored", "explain", idText(4), "--from", source)
	f(0, "3 recomputed, 0 different, 0 unreadable, 1 never scored", "explain", "--all", "--from", source)
	_, candidate := stricter(t)
	f(0, "decisions    3 from 2026-09-21 08:00:01", "whatif", "--from", source, "--config", candidate)
	f(0, source+": 3 requests of 3 clients", "replay", "--from", source)
	f(1, "want at least 1000 of 30", "tune", "--from", source, "--budget", "deny=1%")
	f(1, "riskgate.nothing.v1", "explain", "--all", "--from", "kafka://"+broker+"/riskgate.nothing.v1")
}

func TestAChangedRecordInKafkaFails(t *testing.T) {
	broker, engine := fakeBroker(t), risk.New(risk.DefaultConfig())
	changed := decided(2, moved(), engine)
	changed.Assessment.Score = 12
	publish(t, broker, configured(engine), decided(1, known(), engine), changed)
	code, out, report := runWith(t, nil, "explain", "--all", "--from", "kafka://"+broker)
	if code != 1 || !strings.Contains(out, idText(2)+": pipeline: recomputed differently") || !strings.Contains(out, "2 recomputed, 1 different") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
}

func TestTheLastDecisionsOfATopic(t *testing.T) {
	broker, engine := fakeBroker(t), risk.New(risk.DefaultConfig())
	r := rand.New(rand.NewPCG(3, 4))
	var events []*models.Event
	for n := range 60 {
		events = append(events, decided(n, random(r), engine))
	}
	publish(t, broker, events...)
	code, out, report := runWith(t, nil, "tail", "--from", "kafka://"+broker, "-n", "20")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 20 {
		t.Fatalf("exit code %d, %d lines\n%s", code, len(lines), report)
	}
	for i, line := range lines {
		if want := fixedTime(40 + i).Format("2006-01-02T15:04:05.000Z"); !strings.HasPrefix(line, want) {
			t.Errorf("line %d is %s, want %s", i, line, want)
		}
	}
}

func TestATopicIsFollowed(t *testing.T) {
	broker, engine := fakeBroker(t), risk.New(risk.DefaultConfig())
	publish(t, broker, decided(1, known(), engine))
	f := follow(t, "--from", "kafka://"+broker, "--since", strconv.Itoa(10*365*24)+"h")
	f.next("T08:00:01.123Z")
	publish(t, broker, decided(2, known(), engine))
	f.next("T08:00:02.123Z")
	f.end()
}

func TestABrokerThatIsAwayIsAFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "riskgate.yaml")
	appendTo(t, file, []byte(`
upstream: {pools: {a: {targets: ["http://127.0.0.1:1"]}}}
routes: [{id: all, match: {path: "/"}, pool: a, authn: [none]}]
streaming: {kafka: {timeout: 200ms}}
`))
	code, out, report := runWith(t, nil, "tail", "--from", "kafka://127.0.0.1:1", "--kafka-from", file)
	if code != 1 || out != "" || !strings.Contains(report, "read kafka://127.0.0.1:1:") {
		t.Errorf("exit code %d\n%s%s", code, out, report)
	}
}
