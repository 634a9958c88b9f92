package kafka

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The account that the broker knows.
const (
	scramUser     = "riskgate"
	scramPassword = "correct horse"
)

// broker is a real Apache Kafka: one node that is broker and controller, with a
// plain listener and one for SASL/SCRAM over TLS.
type broker struct {
	classpath string
	dir       string
	plain     string
	secure    string
	process   *exec.Cmd
	exited    chan struct{}
	output    bytes.Buffer
}

// needKafka skips the test unless RISKGATE_KAFKA=1 asks for a real broker; then
// everything that is missing is a failure.
func needKafka(t *testing.T) {
	t.Helper()
	if os.Getenv("RISKGATE_KAFKA") != "1" {
		t.Skip("needs a real Apache Kafka: Java 17, Maven and kcat; \"make test-kafka\" starts one")
	}
	for _, program := range []string{"java", "mvn", "kcat"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("RISKGATE_KAFKA=1: %v", err)
		}
	}
}

func startBroker(t *testing.T) *broker {
	t.Helper()
	needKafka(t)
	b := &broker{classpath: jars(t), dir: t.TempDir(), plain: freePort(t), secure: freePort(t)}
	certificate(t, b.dir)
	b.configure(t, freePort(t))
	b.run(t, "kafka.tools.StorageTool", "format", "-t", "8Zz8wQy3S7qHqBvUo0cK3g", "-c", b.properties(),
		"--add-scram", "SCRAM-SHA-512=[name="+scramUser+",password="+scramPassword+"]")
	t.Cleanup(b.stop)
	b.start(t)
	return b
}

// jars fetches the broker's jars, once, and returns the class path.
func jars(t *testing.T) string {
	t.Helper()
	cache, err := filepath.Abs("../../.cache/kafka")
	if err != nil {
		t.Fatal(err)
	}
	pom := "../../testdata/kafka/pom.xml"
	list := filepath.Join(cache, "classpath")
	if older(list, pom) {
		os.MkdirAll(cache, 0o755)
		out, err := exec.Command("mvn", "-q", "-B", "-f", pom, "dependency:build-classpath", "-Dmdep.outputFile="+list).CombinedOutput()
		if err != nil {
			t.Fatalf("fetch Kafka: %v\n%s", err, out)
		}
	}
	paths, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.SplitSeq(string(paths), ":") {
		if _, err := os.Stat(path); err != nil {
			os.Remove(list)
			t.Fatalf("%v; run the test again to fetch it", err)
		}
	}
	return string(paths)
}

func older(path, than string) bool {
	a, err := os.Stat(path)
	if err != nil {
		return true
	}
	b, err := os.Stat(than)
	return err == nil && a.ModTime().Before(b.ModTime())
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (b *broker) properties() string { return filepath.Join(b.dir, "server.properties") }

func (b *broker) configure(t *testing.T, controller string) {
	t.Helper()
	lines := []string{
		"process.roles=broker,controller", "node.id=1",
		"controller.quorum.voters=1@" + controller,
		"listeners=PLAINTEXT://" + b.plain + ",SASL_SSL://" + b.secure + ",CONTROLLER://" + controller,
		"advertised.listeners=PLAINTEXT://" + b.plain + ",SASL_SSL://" + b.secure,
		"listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
		"controller.listener.names=CONTROLLER", "inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + filepath.Join(b.dir, "data"), "auto.create.topics.enable=false",
		"offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1", "transaction.state.log.min.isr=1",
		"group.initial.rebalance.delay.ms=0",
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + filepath.Join(b.dir, "server.pem"),
		"sasl.enabled.mechanisms=SCRAM-SHA-512",
		"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;",
	}
	if err := os.WriteFile(b.properties(), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// certificate makes a key and a certificate for 127.0.0.1 that is its own
// authority: server.pem with both, ca.pem with the certificate.
func certificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "kafka for tests"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), public...)
	os.WriteFile(filepath.Join(dir, "ca.pem"), public, 0o600)
	os.WriteFile(filepath.Join(dir, "server.pem"), both, 0o600)
}

// java returns a command that runs class with the broker's jars.
func (b *broker) java(args ...string) *exec.Cmd {
	return exec.Command("java", append([]string{"-Xmx512m", "-XX:+UseSerialGC", "-cp", b.classpath}, args...)...)
}

func (b *broker) run(t *testing.T, args ...string) {
	t.Helper()
	if out, err := b.java(args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
}

// start runs the broker and waits until it answers, which takes minutes where the
// machine is busy.
func (b *broker) start(t *testing.T) {
	t.Helper()
	b.output.Reset()
	b.process, b.exited = b.java("kafka.Kafka", b.properties()), make(chan struct{})
	b.process.Stdout, b.process.Stderr = &b.output, &b.output
	if err := b.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func(p *exec.Cmd, exited chan struct{}) { p.Wait(); close(exited) }(b.process, b.exited)
	deadline := time.Now().Add(240 * time.Second)
	for !b.answers() {
		select {
		case <-b.exited:
			t.Fatalf("the broker ended\n%s", b.output.String())
		case <-time.After(200 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			b.stop()
			t.Fatalf("the broker does not answer\n%s", b.output.String())
		}
	}
}

func (b *broker) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "kcat", "-b", b.plain, "-L", "-m", "1").CombinedOutput()
	return err == nil && bytes.Contains(out, []byte("1 brokers"))
}

// stop ends the broker and waits for it.
func (b *broker) stop() {
	if b.process == nil {
		return
	}
	b.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-b.exited:
	case <-time.After(20 * time.Second):
		b.process.Process.Kill()
		<-b.exited
	}
	b.process = nil
}

// kill ends the broker as a power cut does.
func (b *broker) kill() {
	b.process.Process.Kill()
	<-b.exited
	b.process = nil
}

// partitions asks Java's own partitioner where keys go.
func (b *broker) partitions(t *testing.T, keys []string, n int) []string {
	t.Helper()
	cmd := b.java("../../testdata/kafka/Partition.java", fmt.Sprint(n))
	cmd.Stdin = strings.NewReader(strings.Join(keys, "\n"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("Partition.java: %v", err)
	}
	return strings.Fields(string(out))
}
