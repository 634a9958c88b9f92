// Package kafka produces events to topics and consumes them.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	kafka "github.com/segmentio/kafka-go"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

// maxRequest bounds the uncompressed bytes of one produce request, so that
// brokers with their default message.max.bytes take it.
const maxRequest = 900 << 10

// Sink produces events. It implements streaming.Sink. Delivery is at least once:
// whoever counts must compare ce_id.
type Sink struct {
	config  streaming.KafkaConfig
	client  *kafka.Client
	closer  func()
	acks    kafka.RequiredAcks
	codec   kafka.Compression
	writer  headerWriter
	topics  [models.NumEventKinds]*topic
	created bool

	// Rejected counts events that the brokers will never take, because they are
	// larger than the topic allows.
	rejected atomic.Uint64
}

// topic is where messages of some kinds go. Only the goroutine in Write uses it.
type topic struct {
	name       string
	partitions []int     // 0, 1, 2, ...
	next       []uint64  // by partition: number of the next message
	learned    time.Time // when partitions were asked for
}

// refresh is how often the number of partitions is asked for again.
const refresh = 5 * time.Minute

// NewSink prepares connections and opens none: brokers may come later. Boot is
// the number of this process in the header pboot.
func NewSink(c streaming.KafkaConfig, boot uint64) (*Sink, error) {
	client, closer, err := newClient(c)
	if err != nil {
		return nil, err
	}
	s := &Sink{config: c, client: client, closer: closer, acks: kafka.RequireAll, writer: newHeaderWriter(boot)}
	if c.Acks == "one" {
		s.acks = kafka.RequireOne
	}
	if s.codec, err = compression(c.Compression); err != nil {
		return nil, err
	}
	names := TopicsOf(c)
	made := make(map[string]*topic)
	for kind, name := range names {
		if made[name] == nil {
			made[name] = &topic{name: name}
		}
		s.topics[kind] = made[name]
	}
	return s, nil
}

func compression(name string) (kafka.Compression, error) {
	if name == "none" {
		return 0, nil
	}
	var c kafka.Compression
	if err := c.UnmarshalText([]byte(name)); err != nil {
		return 0, fmt.Errorf("kafka: %w", err)
	}
	return c, nil
}

// Name returns "kafka".
func (s *Sink) Name() string { return streaming.SinkKafka }

// Rejected returns how many events were larger than a topic allows, and lost.
func (s *Sink) Rejected() uint64 { return s.rejected.Load() }

// Close closes the connections.
func (s *Sink) Close() error {
	s.closer()
	return nil
}

// Write produces all messages that are not Done, each partition's in order and
// one request at a time, the partitions side by side.
func (s *Sink) Write(ctx context.Context, messages []streaming.Message) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	groups := make(map[place][]*streaming.Message)
	for i := range messages {
		m := &messages[i]
		if m.Done {
			continue
		}
		if err := s.assign(ctx, m); err != nil {
			return err
		}
		at := place{s.topics[m.Kind], m.Place}
		groups[at] = append(groups[at], m)
	}
	return s.produceAll(ctx, groups)
}

// place is a partition of a topic.
type place struct {
	topic     *topic
	partition int32
}

func (s *Sink) prepare(ctx context.Context) error {
	if s.created || !s.config.CreateTopics {
		return nil
	}
	if err := createTopics(ctx, s.client, s.config); err != nil {
		return err
	}
	s.created = true
	return nil
}

// assign chooses partition and number of a message when it is first seen; a retry
// keeps them. Keys go where a Java producer would send them.
func (s *Sink) assign(ctx context.Context, m *streaming.Message) error {
	if m.Number != 0 {
		return nil
	}
	t := s.topics[m.Kind]
	if err := s.learn(ctx, t); err != nil {
		return err
	}
	key := m.Key
	if len(key) == 0 {
		key = m.ID[:]
	}
	m.Place = int32(balancer.Balance(kafka.Message{Key: key}, t.partitions...))
	t.next[m.Place]++
	m.Number = t.next[m.Place]
	return nil
}

var balancer = kafka.Murmur2Balancer{Consistent: true}

// learn asks how many partitions t has, if that is not known or long ago.
func (s *Sink) learn(ctx context.Context, t *topic) error {
	if len(t.partitions) > 0 && time.Since(t.learned) < refresh {
		return nil
	}
	n, err := s.countPartitions(ctx, t.name)
	if err != nil {
		if len(t.partitions) > 0 {
			return nil // the old number does
		}
		return err
	}
	t.learned = time.Now()
	for len(t.partitions) < n {
		t.partitions = append(t.partitions, len(t.partitions))
		t.next = append(t.next, 0)
	}
	return nil
}

func (s *Sink) countPartitions(ctx context.Context, name string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	r, err := s.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{name}})
	if err != nil {
		return 0, fmt.Errorf("ask for topic %s: %w", name, err)
	}
	for _, t := range r.Topics {
		switch {
		case t.Name != name:
		case t.Error != nil:
			return 0, fmt.Errorf("ask for topic %s: %w", name, t.Error)
		case len(t.Partitions) > 0:
			return len(t.Partitions), nil
		}
	}
	return 0, fmt.Errorf("topic %s: %w (streaming.kafka.create_topics makes it)", name, kafka.UnknownTopicOrPartition)
}

func (s *Sink) produceAll(ctx context.Context, groups map[place][]*streaming.Message) error {
	errs := make(chan error, len(groups))
	var wg sync.WaitGroup
	for at, group := range groups {
		wg.Go(func() { errs <- s.produceGroup(ctx, at, group) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// produceGroup sends one partition's messages in order and stops at the first
// failure, so that nothing overtakes.
func (s *Sink) produceGroup(ctx context.Context, at place, group []*streaming.Message) error {
	for len(group) > 0 {
		n := fit(group)
		if err := s.produce(ctx, at, group[:n]); err != nil {
			return err
		}
		group = group[n:]
	}
	return nil
}

// fit returns how many messages go into one request; at least one.
func fit(group []*streaming.Message) int {
	bytes := 0
	for i, m := range group {
		bytes += len(m.Value) + len(m.Key) + headerBytes
		if i > 0 && bytes > maxRequest {
			return i
		}
	}
	return len(group)
}

// produce sends messages in one request. If that is too large for the topic, it
// sends halves; a single message too large is counted and given up.
func (s *Sink) produce(ctx context.Context, at place, group []*streaming.Message) error {
	err := s.request(ctx, at, group)
	switch {
	case err == nil:
	case !errors.Is(err, kafka.MessageSizeTooLarge):
		return fmt.Errorf("produce to %s, partition %d: %w", at.topic.name, at.partition, err)
	case len(group) > 1:
		half := len(group) / 2
		if err := s.produce(ctx, at, group[:half]); err != nil {
			return err
		}
		return s.produce(ctx, at, group[half:])
	default:
		s.rejected.Add(1)
	}
	for _, m := range group {
		m.Done = true
	}
	return nil
}

func (s *Sink) request(ctx context.Context, at place, group []*streaming.Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	r, err := s.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: at.topic.name, Partition: int(at.partition), RequiredAcks: s.acks, Compression: s.codec,
		Records: &records{group: group, writer: &s.writer},
	})
	if err != nil {
		return err
	}
	return r.Error
}
