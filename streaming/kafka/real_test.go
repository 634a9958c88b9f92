package kafka

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// foreign is a record as kcat, which is not ours, read it.
type foreign struct {
	Topic     string   `json:"topic"`
	Partition int      `json:"partition"`
	Offset    int64    `json:"offset"`
	Headers   []string `json:"headers"`
	Key       string   `json:"key"`
	Payload   string   `json:"payload"`
}

// kcat reads a whole topic.
func (b *broker) kcat(t *testing.T, topic string) []foreign {
	t.Helper()
	cmd := exec.Command("kcat", "-b", b.plain, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-J", "-X", "fetch.message.max.bytes=10485760")
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		t.Fatalf("kcat: %v\n%s", err, fault.String())
	}
	var all []foreign
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var f foreign
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil {
			t.Fatalf("kcat wrote %q: %v", lines.Text(), err)
		}
		all = append(all, f)
	}
	return all
}

func (f *foreign) record() *Record {
	r := &Record{Topic: f.Topic, Partition: f.Partition, Offset: f.Offset, Key: []byte(f.Key), Value: []byte(f.Payload), Headers: map[string]string{}}
	for pair := range slices.Chunk(f.Headers, 2) {
		r.Headers[pair[0]] = pair[1]
	}
	return r
}

// collect returns the decisions by id; the id in the event must be the header's.
func (b *broker) collect(t *testing.T) (got map[string]*Record, duplicates int) {
	t.Helper()
	got = make(map[string]*Record)
	for _, f := range b.kcat(t, "riskgate.decisions.v1") {
		r := f.record()
		var value struct{ Metadata struct{ UID string } }
		if err := json.Unmarshal(r.Value, &value); err != nil || value.Metadata.UID != r.Headers["ce_id"] {
			t.Fatalf("event %q under id %q, %v", value.Metadata.UID, r.Headers["ce_id"], err)
		}
		if got[r.Headers["ce_id"]] != nil {
			duplicates++
		}
		got[r.Headers["ce_id"]] = r
	}
	return got, duplicates
}

func realConfig(t *testing.T, b *broker) streaming.Config {
	c := testConfig(t, b.plain)
	c.Kafka.Partitions = 12
	c.Kafka.Timeout = 10 * time.Second
	c.Batch.Retry = time.Second
	return c
}

// A client that is not ours reads every event back, from where Java would have
// put it.
func TestKafkaGetsEveryEvent(t *testing.T) {
	b := startBroker(t)
	c := realConfig(t, b)
	for _, compression := range []string{"none", "gzip", "snappy", "zstd"} {
		c.Kafka.Compression, c.Kafka.TopicPrefix = compression, compression+"."
		s := startStream(t, c, 1)
		publish(t, s, 100)
		stop(t, s)
		if n := len(b.kcat(t, compression+".decisions.v1")); n != 100 {
			t.Errorf("%s: %d of 100 events", compression, n)
		}
	}
	c.Kafka.Compression, c.Kafka.TopicPrefix = "lz4", "riskgate."
	const events = 20000
	before := cpuTime(t)
	s := startStream(t, c, 1790000000000)
	want := publish(t, s, events)
	stop(t, s)
	t.Logf("%v of CPU for each event, making it included", (cpuTime(t)-before)/events)
	got, duplicates := b.collect(t)
	checkAll(t, want, got)
	checkNumbers(t, got)
	checkPlaces(t, b, got)
	if duplicates != 0 {
		t.Errorf("%d duplicates without a fault", duplicates)
	}
	for id, r := range got {
		if r.Headers["ce_type"] != "io.riskgate.decision.v1" || r.Headers["ce_specversion"] != "1.0" ||
			r.Headers["content-type"] != "application/json" || r.Headers["node"] != "edge 1" {
			t.Fatalf("%s has headers %v", id, r.Headers)
		}
		var ev models.Event
		if err := ocsf.Decode(r.Value, &ev); err != nil {
			t.Fatal(err)
		}
		if key := hex.EncodeToString(ev.Pseudonym[:]); key != string(r.Key) {
			t.Fatalf("key %q, pseudonym %q", r.Key, key)
		}
	}
}

// cpuTime is what this process has used so far, in user and kernel mode.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// checkPlaces compares the partition of each key with Java's.
func checkPlaces(t *testing.T, b *broker, got map[string]*Record) {
	t.Helper()
	places := make(map[string]int)
	for _, r := range got {
		places[string(r.Key)] = r.Partition
	}
	var keys []string
	used := make(map[int]bool)
	for key, p := range places {
		keys = append(keys, key)
		used[p] = true
	}
	if len(keys) != 50 || len(used) < 6 {
		t.Fatalf("%d keys in %d partitions", len(keys), len(used))
	}
	for i, place := range b.partitions(t, keys, 12) {
		if place != strconv.Itoa(places[keys[i]]) {
			t.Errorf("key %s is in partition %d, Java chooses %s", keys[i], places[keys[i]], place)
		}
	}
}

// The broker is killed under load and comes back: publishing never fails and
// nothing is lost. RISKGATE_KAFKA_OUTAGE says for how long, 10s if unset.
func TestKafkaOutageLosesNothing(t *testing.T) {
	b := startBroker(t)
	c := realConfig(t, b)
	outage := 10 * time.Second
	if v := os.Getenv("RISKGATE_KAFKA_OUTAGE"); v != "" {
		var err error
		if outage, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	s := startStream(t, c, 1)
	want := make(map[string]models.Pseudonym)
	load := func(d time.Duration) {
		for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			for id, p := range publish(t, s, 25) {
				want[id] = p
			}
		}
	}
	load(2 * time.Second)
	b.kill()
	load(outage)
	if st := s.Stats(time.Now()); st.SinkErrors == 0 || st.Pending == 0 || st.Oldest < outage/2 {
		t.Errorf("no outage was seen: %+v", st)
	}
	b.start(t)
	load(2 * time.Second)
	stop(t, s)
	got, duplicates := b.collect(t)
	checkAll(t, want, got)
	checkNumbers(t, got)
	st := s.Stats(time.Now())
	if st.LostAllow+st.LostKeep != 0 || st.Pending != 0 {
		t.Errorf("%+v", st)
	}
	t.Logf("%d events, %d of them twice, %d failed attempts, outage of %v", len(want), duplicates, st.SinkErrors, outage)
}

func TestKafkaOverTLSWithSCRAM(t *testing.T) {
	b := startBroker(t)
	c := realConfig(t, b)
	c.Kafka.Brokers = []string{b.secure}
	c.Kafka.TLS = streaming.KafkaTLS{Enabled: true, CA: filepath.Join(b.dir, "ca.pem")}
	c.Kafka.SASL = streaming.KafkaSASL{Mechanism: "scram-sha-512", Username: scramUser, Password: "wrong"}
	s := startStream(t, c, 1)
	want := publish(t, s, 500)
	for s.Stats(time.Now()).SinkErrors < 2 {
		time.Sleep(50 * time.Millisecond)
	}
	late, cancel := deadline(t, time.Second)
	defer cancel()
	s.Stop(late) // what was published stays in the ring

	c.Kafka.SASL.Password = scramPassword
	s = startStream(t, c, 2)
	stop(t, s)
	got, _ := b.collect(t)
	checkAll(t, want, got)

	n := 0
	if err := Tail(t.Context(), c.Kafka, []string{"riskgate.decisions.v1"}, From{}, false, func(*Record) error { n++; return nil }); err != nil || n < 500 {
		t.Errorf("tail over TLS: %d records, %v", n, err)
	}
	c.Kafka.TLS.CA = filepath.Join(b.dir, "server.properties")
	if _, err := NewSink(c.Kafka, 1); err == nil {
		t.Error("a file without certificates is taken as an authority")
	}
}
