package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kafka "github.com/segmentio/kafka-go"

	"github.com/riskgate/riskgate/streaming"
)

// From says where reading begins. The zero value is the oldest record there is.
type From struct {
	// Newest skips what is there already.
	Newest bool
	// Time skips records before it, unless it is zero.
	Time time.Time
}

// Record is one event as it was read. It belongs to the callee.
type Record struct {
	Topic     string
	Partition int
	Offset    int64
	Key       []byte
	Value     []byte
	Headers   map[string]string
}

// Tail reads topics and gives each record to fn, the records of one partition in
// order and one call at a time. With follow it goes on until ctx ends, which is no
// error; without, it ends with what was there when it began. An error of fn ends
// it at once.
func Tail(ctx context.Context, c streaming.KafkaConfig, topics []string, from From, follow bool, fn func(*Record) error) error {
	client, closer, err := newClient(c)
	if err != nil {
		return err
	}
	defer closer()
	encryption, mechanism, err := secure(c)
	if err != nil {
		return err
	}
	t := &tail{
		brokers: c.Brokers, from: from, follow: follow, fn: fn,
		dialer: &kafka.Dialer{ClientID: clientID, Timeout: c.Timeout, DualStack: true, TLS: encryption, SASLMechanism: mechanism},
	}
	ends, err := endsOf(ctx, client, topics)
	if err != nil {
		return err
	}
	return t.run(ctx, ends)
}

type tail struct {
	brokers []string
	dialer  *kafka.Dialer
	from    From
	follow  bool

	mu sync.Mutex // held while fn runs: one call at a time
	fn func(*Record) error
}

// ends are the first and next offset of a partition.
type ends struct {
	topic       string
	partition   int
	first, next int64
}

// endsOf asks for the offsets of every partition of topics.
func endsOf(ctx context.Context, client *kafka.Client, topics []string) ([]ends, error) {
	meta, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("ask for topics: %w", err)
	}
	ask := make(map[string][]kafka.OffsetRequest)
	for _, t := range meta.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("ask for topic %s: %w", t.Name, t.Error)
		}
		for _, p := range t.Partitions {
			ask[t.Name] = append(ask[t.Name], kafka.FirstOffsetOf(p.ID), kafka.LastOffsetOf(p.ID))
		}
	}
	got, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: ask})
	if err != nil {
		return nil, fmt.Errorf("ask for offsets: %w", err)
	}
	var all []ends
	for name, partitions := range got.Topics {
		for _, p := range partitions {
			if p.Error != nil {
				return nil, fmt.Errorf("ask for offsets of %s, partition %d: %w", name, p.Partition, p.Error)
			}
			all = append(all, ends{name, p.Partition, p.FirstOffset, p.LastOffset})
		}
	}
	return all, nil
}

// run reads every partition in a goroutine of its own.
func (t *tail) run(ctx context.Context, partitions []ends) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for _, p := range partitions {
		wg.Go(func() {
			if err := t.read(ctx, p); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (t *tail) read(ctx context.Context, p ends) (err error) {
	if !t.follow && p.first >= p.next {
		return nil
	}
	r := kafka.NewReader(kafka.ReaderConfig{
		Brokers: t.brokers, Topic: p.topic, Partition: p.partition, Dialer: t.dialer,
		MinBytes: 1, MaxBytes: 16 << 20, MaxWait: 250 * time.Millisecond,
	})
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := t.seek(ctx, r, p); err != nil {
		return fmt.Errorf("seek in %s, partition %d: %w", p.topic, p.partition, err)
	}
	for t.follow || r.Offset() >= 0 && r.Offset() < p.next {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return fmt.Errorf("read %s, partition %d: %w", p.topic, p.partition, err)
		}
		if err := t.call(&m); err != nil {
			return err
		}
	}
	return nil
}

func (t *tail) seek(ctx context.Context, r *kafka.Reader, p ends) error {
	switch {
	case t.from.Newest:
		return r.SetOffset(p.next)
	case !t.from.Time.IsZero():
		if err := r.SetOffsetAt(ctx, t.from.Time); err != nil || r.Offset() != kafka.LastOffset {
			return err
		}
		return r.SetOffset(p.next) // nothing so late yet: the end as it was, not as it is by the first read
	}
	return r.SetOffset(p.first)
}

func (t *tail) call(m *kafka.Message) error {
	rec := &Record{
		Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, Key: m.Key, Value: m.Value,
		Headers: make(map[string]string, len(m.Headers)),
	}
	for _, h := range m.Headers {
		rec.Headers[h.Key] = string(h.Value)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fn(rec)
}
