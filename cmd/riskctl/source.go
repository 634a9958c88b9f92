package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/kafka"
)

const (
	kafkaScheme = "kafka://"
	kafkaPort   = "9092"
)

// sourceFlags say where events are read from.
type sourceFlags struct {
	From      string `default:"var/events.jsonl" placeholder:"SOURCE" help:"A file of the gateway's file sink, - for standard input, or kafka://broker[,broker]/topic. Default: ${default}."`
	KafkaFrom string `type:"existingfile" placeholder:"FILE" help:"A riskgate.yaml whose section streaming.kafka says how to reach the brokers: TLS, SASL, timeout."`
}

// source is where events are read from: a file, a stream or a topic.
type source struct {
	name   string    // as the user wrote it
	stream io.Reader // read once; nil: none
	path   string    // of a file; "": none
	kafka  streaming.KafkaConfig
	topic  string // "": not Kafka
}

func (f sourceFlags) open(in io.Reader) (*source, error) {
	rest, isKafka := strings.CutPrefix(f.From, kafkaScheme)
	switch {
	case isKafka:
		return f.openKafka(rest)
	case f.KafkaFrom != "":
		return nil, usage("--kafka-from %s, want --from kafka://... with it", f.KafkaFrom)
	case strings.Contains(f.From, "://"):
		return nil, usage("--from %s, want a file, - or kafka://broker[,broker]/topic", f.From)
	case f.From == "-":
		return &source{name: "standard input", stream: in}, nil
	}
	return &source{name: f.From, path: f.From}, nil
}

func (f sourceFlags) openKafka(rest string) (*source, error) {
	s := &source{name: f.From, kafka: streaming.DefaultConfig().Kafka}
	if f.KafkaFrom != "" {
		c, err := config.Load(f.KafkaFrom)
		if err != nil {
			return nil, withHint(err, "riskgate check --config %s", f.KafkaFrom)
		}
		s.kafka = c.Streaming.Kafka
	}
	brokers, topic, _ := strings.Cut(rest, "/")
	s.topic = topic
	if topic == "" {
		s.topic = kafka.TopicsOf(s.kafka)[models.DecisionEvent]
	}
	if strings.ContainsAny(s.topic, "/?#") {
		return nil, usage("--from %s, want one topic after the brokers", f.From)
	}
	s.kafka.Brokers = nil
	for broker := range strings.SplitSeq(brokers, ",") {
		address, ok := brokerAddress(broker)
		if !ok {
			return nil, usage("--from %s: broker %q, want kafka://host:port[,host:port]/topic", f.From, broker)
		}
		s.kafka.Brokers = append(s.kafka.Brokers, address)
	}
	return s, nil
}

// brokerAddress adds the usual port where there is none.
func brokerAddress(broker string) (string, bool) {
	host, port, err := net.SplitHostPort(broker)
	if err != nil {
		host, port, err = net.SplitHostPort(broker + ":" + kafkaPort)
	}
	if err != nil || host == "" || port == "" || strings.ContainsAny(host, "@/ ") {
		return "", false
	}
	return net.JoinHostPort(host, port), true
}

// configTopic returns where the risk sections stand that belong to the topic.
func (s *source) configTopic() string {
	topics := kafka.TopicsOf(s.kafka)
	configs := topics[models.ConfigEvent]
	for _, topic := range topics {
		name := strings.TrimPrefix(topic, s.kafka.TopicPrefix)
		if prefix, ok := strings.CutSuffix(s.topic, name); ok {
			return prefix + strings.TrimPrefix(configs, s.kafka.TopicPrefix)
		}
	}
	return configs
}

// record is one event as it was read. Its value is valid until the next one.
type record struct {
	place
	value []byte
	id    string // where the transport knows it
	cut   bool   // the last line, without its line feed: perhaps still being written
}

// place is where a record was found.
type place struct {
	name string
	part int   // of a topic; -1: a line
	at   int64 // line, from 1, or offset; lines may be uncounted, 0
}

// String returns "file:line" or "topic:partition:offset".
func (p place) String() string {
	switch {
	case p.part < 0 && p.at == 0:
		return p.name
	case p.part < 0:
		return fmt.Sprintf("%s:%d", p.name, p.at)
	}
	return fmt.Sprintf("%s:%d:%d", p.name, p.part, p.at)
}

// errEnough ends reading early; it is no fault.
var errEnough = errors.New("enough")

// each gives fn every record there is now, in order. An error of fn ends it;
// errEnough is none.
func (s *source) each(ctx context.Context, fn func(record) error) error {
	switch {
	case s.topic != "":
		return s.eachOf(ctx, s.topic, kafka.From{}, false, fn)
	case s.stream != nil:
		return eachLine(ctx, s.name, s.stream, fn)
	}
	return eachOfFile(ctx, s.path, fn)
}

func eachOfFile(ctx context.Context, path string, fn func(record) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return withHint(fmt.Errorf("read events: %w", err), "--from names the file of streaming.file.path, or kafka://broker/topic")
	}
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	defer f.Close()
	return eachLine(ctx, path, f, fn)
}

// eachOf reads a topic.
func (s *source) eachOf(ctx context.Context, topic string, from kafka.From, follow bool, fn func(record) error) error {
	err := kafka.Tail(ctx, s.kafka, []string{topic}, from, follow, func(r *kafka.Record) error {
		return fn(record{place: place{r.Topic, r.Partition, r.Offset}, value: r.Value, id: r.Headers["ce_id"]})
	})
	switch {
	case errors.Is(err, errEnough):
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", s.name, err)
	case !follow:
		return ctx.Err()
	}
	return nil
}
