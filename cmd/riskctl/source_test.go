package main

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestKafkaSources(t *testing.T) {
	f := func(from, brokers, topic, configs string) {
		t.Helper()
		s, err := sourceFlags{From: from}.open(nil)
		if err != nil {
			t.Errorf("%s: %v", from, err)
			return
		}
		if got := strings.Join(s.kafka.Brokers, " "); got != brokers || s.topic != topic || s.configTopic() != configs {
			t.Errorf("%s: brokers %s, topic %s, risk sections in %s", from, got, s.topic, s.configTopic())
		}
	}
	f("kafka://a:1/riskgate.decisions.v1", "a:1", "riskgate.decisions.v1", "riskgate.configs.v1")
	f("kafka://a,b:2,[::1]:3/riskgate.findings.v1", "a:9092 b:2 [::1]:3", "riskgate.findings.v1", "riskgate.configs.v1")
	f("kafka://a", "a:9092", "riskgate.decisions.v1", "riskgate.configs.v1")
	f("kafka://a/", "a:9092", "riskgate.decisions.v1", "riskgate.configs.v1")
	f("kafka://a/eu.decisions.v1", "a:9092", "eu.decisions.v1", "eu.configs.v1")
	f("kafka://a/copy-of-events", "a:9092", "copy-of-events", "riskgate.configs.v1")
}

func TestTheConfigurationSaysHowToReachTheBrokers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "riskgate.yaml")
	text := `
upstream: {pools: {a: {targets: ["http://127.0.0.1:1"]}}}
routes: [{id: all, match: {path: "/"}, pool: a, authn: [none]}]
streaming:
  sink: kafka
  kafka: {brokers: ["x:1"], topic_prefix: "eu.", timeout: 3s, sasl: {mechanism: scram-sha-512, username: u, password_file: password}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := sourceFlags{From: "kafka://a:1", KafkaFrom: file}.open(nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.kafka.SASL.Username != "u" || !slices.Equal(s.kafka.Brokers, []string{"a:1"}) || s.topic != "eu.decisions.v1" || s.configTopic() != "eu.configs.v1" {
		t.Errorf("%+v", s)
	}
}

// What is taken for a broker can be dialed as host and port.
func FuzzBrokerAddress(f *testing.F) {
	for _, seed := range []string{"a", "a:1", "[::1]:2", "::1", "[::1]", "a:b:c", "u@h", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		address, ok := brokerAddress(text)
		if !ok {
			return
		}
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || port == "" {
			t.Fatalf("%q becomes %q: %v", text, address, err)
		}
	})
}
