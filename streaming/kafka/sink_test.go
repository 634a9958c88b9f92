package kafka

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	kgo "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// produceKey is the number of the produce request.
const produceKey = 0

func fakeCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func testConfig(t *testing.T, brokers ...string) streaming.Config {
	c := streaming.DefaultConfig()
	c.Sink, c.Privacy = streaming.SinkKafka, ocsf.Clear
	c.Ring = streaming.RingConfig{Path: filepath.Join(t.TempDir(), "ring"), Bytes: 32 << 20}
	c.Batch.Retry = 200 * time.Millisecond
	c.Kafka.Brokers, c.Kafka.CreateTopics, c.Kafka.Partitions = brokers, true, 4
	c.Kafka.Timeout = 2 * time.Second
	return c
}

func startStream(t *testing.T, c streaming.Config, boot uint64) *streaming.Stream {
	t.Helper()
	sink, err := NewSink(c.Kafka, boot)
	if err != nil {
		t.Fatal(err)
	}
	s, err := streaming.New(c, "edge 1", boot, "0.1.0", sink, time.Now, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

func stop(t *testing.T, s *streaming.Stream) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if err := s.Stop(ctx); err != nil {
		t.Fatalf("stop: %v, %+v", err, s.Stats(time.Now()))
	}
}

// publish publishes n decisions of 50 users and returns their ids.
func publish(t *testing.T, s *streaming.Stream, n int) map[string]models.Pseudonym {
	t.Helper()
	ids := make(map[string]models.Pseudonym, n)
	ev := &models.Event{Subject: models.User, Route: "orders.read", Method: []byte("GET"), Path: []byte("/v1/orders/17"), Status: 200}
	ev.TraceID = []byte("0af7651916cd43dd8448eb211c80319c")
	for i := range n {
		now := time.Now()
		ev.ID, ev.Time = s.NewID(now), now
		ev.Pseudonym = models.PseudonymOf([]byte("key"), models.Subject{ID: strconv.Itoa(i % 50)}, 0)
		if !s.Publish(ev) {
			t.Fatalf("event %d lost", i)
		}
		ids[string(ocsf.AppendUUID(nil, ev.ID))] = ev.Pseudonym
	}
	return ids
}

// consume returns what is in the decisions topic, by id; duplicates are counted.
func consume(t *testing.T, c streaming.Config) (got map[string]*Record, duplicates int) {
	t.Helper()
	got = make(map[string]*Record)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := Tail(ctx, c.Kafka, []string{"riskgate.decisions.v1"}, From{}, false, func(r *Record) error {
		if got[r.Headers["ce_id"]] != nil {
			duplicates++
		}
		got[r.Headers["ce_id"]] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, duplicates
}

func checkAll(t *testing.T, want map[string]models.Pseudonym, got map[string]*Record) {
	t.Helper()
	missing := 0
	for id, p := range want {
		r := got[id]
		if r == nil {
			missing++
		} else if key := hex.EncodeToString(p[:]); string(r.Key) != key {
			t.Fatalf("key %q, want %q", r.Key, key)
		}
	}
	if missing > 0 || len(got) != len(want) {
		t.Fatalf("%d of %d missing, %d read", missing, len(want), len(got))
	}
}

func TestEveryEventArrivesWithItsHeaders(t *testing.T) {
	cluster := fakeCluster(t)
	c := testConfig(t, cluster.ListenAddrs()...)
	s := startStream(t, c, 1790000000000)
	want := publish(t, s, 3000)
	stop(t, s)
	got, duplicates := consume(t, c)
	checkAll(t, want, got)
	if duplicates != 0 {
		t.Errorf("%d duplicates", duplicates)
	}
	for id, r := range got {
		for name, value := range map[string]string{
			"ce_specversion": "1.0", "ce_id": id, "ce_source": "/riskgate/edge%201", "ce_type": "io.riskgate.decision.v1",
			"ce_subject": string(r.Key), "content-type": "application/json", "node": "edge 1", "boot": "1790000000000",
			"pboot": "1790000000000", "ce_dataschema": "https://schema.ocsf.io/1.8.0/classes/api_activity",
		} {
			if r.Headers[name] != value {
				t.Fatalf("header %s: %q, want %q", name, r.Headers[name], value)
			}
		}
		if tp := r.Headers["ce_traceparent"]; len(tp) != 55 || tp[:36] != "00-0af7651916cd43dd8448eb211c80319c-" {
			t.Fatalf("traceparent %q", tp)
		}
		var ev models.Event
		if err := ocsf.Decode(r.Value, &ev); err != nil {
			t.Fatal(err)
		}
		if strconv.FormatUint(ev.Seq, 10) != r.Headers["seq"] {
			t.Fatalf("seq %s in the header, %d in the event", r.Headers["seq"], ev.Seq)
		}
	}
	checkNumbers(t, got)
}

// checkNumbers fails unless seq is 1, 2, 3 over all records, and pseq the same over
// each partition, rising with the offset.
func checkNumbers(t *testing.T, got map[string]*Record) {
	t.Helper()
	seqs := make(map[int]bool)
	numbers := make(map[int]map[int]int64)
	for _, r := range got {
		seq, _ := strconv.Atoi(r.Headers["seq"])
		number, _ := strconv.Atoi(r.Headers["pseq"])
		if numbers[r.Partition] == nil {
			numbers[r.Partition] = make(map[int]int64)
		}
		seqs[seq] = true
		numbers[r.Partition][number] = r.Offset
	}
	for i := range len(seqs) {
		if !seqs[i+1] {
			t.Fatalf("seq %d is missing", i+1)
		}
	}
	for p, byNumber := range numbers {
		last := int64(-1)
		for i := range len(byNumber) {
			offset, ok := byNumber[i+1]
			if !ok || offset <= last {
				t.Fatalf("partition %d: pseq %d at offset %d after %d", p, i+1, offset, last)
			}
			last = offset
		}
	}
}

func TestKindsGoToTheirTopics(t *testing.T) {
	cluster := fakeCluster(t)
	c := testConfig(t, cluster.ListenAddrs()...)
	s := startStream(t, c, 1)
	for kind := range models.NumEventKinds {
		s.Publish(&models.Event{Kind: kind, ID: s.NewID(time.Now()), Time: time.Now(), Payload: []byte(`{}`), ConfigHash: [8]byte{1}})
	}
	stop(t, s)
	for topic, want := range map[string]int{
		"riskgate.decisions.v1": 2, "riskgate.authentications.v1": 1, "riskgate.findings.v1": 1, "riskgate.configs.v1": 1,
	} {
		n := 0
		err := Tail(t.Context(), c.Kafka, []string{topic}, From{}, false, func(r *Record) error {
			n++
			if topic == "riskgate.configs.v1" && string(r.Key) != "0100000000000000" {
				t.Errorf("configuration with key %q", r.Key)
			}
			return nil
		})
		if err != nil || n != want {
			t.Errorf("%s: %d records, want %d, %v", topic, n, want, err)
		}
	}
}

func TestNothingIsLostWhileBrokersRefuse(t *testing.T) {
	cluster := fakeCluster(t)
	c := testConfig(t, cluster.ListenAddrs()...)
	var refused atomic.Int32
	cluster.ControlKey(produceKey, func(request kmsg.Request) (kmsg.Response, error, bool) {
		if refused.Add(1) > 20 {
			return nil, nil, false
		}
		cluster.KeepControl()
		return refuse(request.(*kmsg.ProduceRequest), kerr.NotLeaderForPartition), nil, true
	})
	s := startStream(t, c, 1)
	want := publish(t, s, 2000)
	stop(t, s)
	got, _ := consume(t, c)
	checkAll(t, want, got)
	checkNumbers(t, got)
	if st := s.Stats(time.Now()); refused.Load() <= 20 || st.SinkErrors == 0 || st.LostAllow != 0 {
		t.Errorf("refused %d, %+v", refused.Load(), st)
	}
}

func refuse(request *kmsg.ProduceRequest, code *kerr.Error) kmsg.Response {
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range request.Topics {
		rt := kmsg.NewProduceResponseTopic()
		rt.Topic = topic.Topic
		for _, partition := range topic.Partitions {
			rp := kmsg.NewProduceResponseTopicPartition()
			rp.Partition, rp.ErrorCode = partition.Partition, code.Code
			rt.Partitions = append(rt.Partitions, rp)
		}
		response.Topics = append(response.Topics, rt)
	}
	return response
}

// One partition fails: the others go on, and what was delivered is not sent again.
func TestOnlyWhatFailedIsSentAgain(t *testing.T) {
	cluster := fakeCluster(t)
	c := testConfig(t, cluster.ListenAddrs()...)
	var refused atomic.Int32
	cluster.ControlKey(produceKey, func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		p := request.(*kmsg.ProduceRequest)
		if p.Topics[0].Partitions[0].Partition == 2 && refused.Add(1) <= 3 {
			return refuse(p, kerr.NotEnoughReplicas), nil, true
		}
		return nil, nil, false
	})
	s := startStream(t, c, 1)
	want := publish(t, s, 400)
	stop(t, s)
	got, duplicates := consume(t, c)
	checkAll(t, want, got)
	checkNumbers(t, got)
	if duplicates != 0 || refused.Load() < 4 {
		t.Errorf("%d duplicates, %d refused", duplicates, refused.Load())
	}
}

func TestBrokerThatComesLaterGetsEverything(t *testing.T) {
	cluster := fakeCluster(t)
	addr := cluster.ListenAddrs()[0]
	cluster.Close() // its port is free again, and nobody listens
	c := testConfig(t, addr)
	s := startStream(t, c, 1)
	want := publish(t, s, 1000)
	for s.Stats(time.Now()).SinkErrors < 2 {
		time.Sleep(10 * time.Millisecond)
	}
	var port int
	fmt.Sscanf(addr[len("127.0.0.1:"):], "%d", &port)
	fakeCluster(t, kfake.Ports(port))
	stop(t, s)
	got, _ := consume(t, c)
	checkAll(t, want, got)
}

func TestEventsTooLargeForTheTopicAreCountedAndDoNotBlock(t *testing.T) {
	cluster := fakeCluster(t)
	c := testConfig(t, cluster.ListenAddrs()...)
	cluster.ControlKey(produceKey, func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		p := request.(*kmsg.ProduceRequest)
		if len(p.Topics[0].Partitions[0].Records) > 3000 {
			return refuse(p, kerr.MessageTooLarge), nil, true
		}
		return nil, nil, false
	})
	c.Kafka.Compression = "none"
	sink, err := NewSink(c.Kafka, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	var messages []streaming.Message
	for i := range 20 {
		size := 100
		if i == 7 {
			size = 5000
		}
		messages = append(messages, streaming.Message{Key: []byte("k"), Value: make([]byte, size), ID: models.EventID{byte(i)}, Time: time.Now()})
	}
	if err := sink.Write(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	got, _ := consume(t, c)
	if len(got) != 19 || sink.Rejected() != 1 {
		t.Errorf("%d delivered, %d rejected, want 19 and 1", len(got), sink.Rejected())
	}
}

// The vectors of Kafka's own UtilsTest, as murmur2 modulo a million partitions
// would not tell more than the hash itself.
func TestPartitionsAreJavas(t *testing.T) {
	all := make([]int, 1<<20)
	for i := range all {
		all[i] = i
	}
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
		"a-little-bit-longer-string": -1486304829, "abc": 479470107,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
	} {
		for _, n := range []int{1, 4, 12, 1 << 20} {
			want := int(uint32(hash)&0x7fffffff) % n
			if got := balancer.Balance(kgo.Message{Key: []byte(key)}, all[:n]...); got != want {
				t.Errorf("%s of %d: partition %d, want %d", key, n, got, want)
			}
		}
	}
}

func TestMissingFilesAreFaultsAtTheStart(t *testing.T) {
	f := func(name string, change func(*streaming.KafkaConfig)) {
		t.Helper()
		c := streaming.DefaultConfig().Kafka
		change(&c)
		if _, err := NewSink(c, 1); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f("no CA", func(c *streaming.KafkaConfig) { c.TLS = streaming.KafkaTLS{Enabled: true, CA: "/nonexistent"} })
	f("no certificate", func(c *streaming.KafkaConfig) {
		c.TLS = streaming.KafkaTLS{Enabled: true, Cert: "/nonexistent", Key: "/nonexistent"}
	})
	f("no password", func(c *streaming.KafkaConfig) {
		c.SASL = streaming.KafkaSASL{Mechanism: "plain", Username: "u", PasswordFile: "/nonexistent"}
	})
	f("compression", func(c *streaming.KafkaConfig) { c.Compression = "brotli" })
}

func deadline(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
