package streaming

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/riskgate/riskgate/models"
)

// KafkaConfig says how package kafka reaches the brokers. It stands here because
// it is part of the section streaming.
type KafkaConfig struct {
	// Brokers are host:port of some brokers; the others are learned from them.
	Brokers []string `yaml:"brokers"`
	// Acks is all or one: which replicas must have an event before it leaves the
	// ring. Default all.
	Acks string `yaml:"acks"`
	// Compression is none, gzip, snappy, lz4 or zstd. Default lz4.
	Compression string `yaml:"compression"`
	// Timeout bounds one request to a broker. From 100ms to 5m. Default 10s.
	Timeout time.Duration `yaml:"timeout"`
	// TopicPrefix stands before the topic names. Default "riskgate.".
	TopicPrefix string `yaml:"topic_prefix"`
	// CreateTopics makes missing topics, with the policies of the documentation.
	// Default false.
	CreateTopics bool `yaml:"create_topics"`
	// Partitions of topics made by us. From 1 to 10000. Default 12.
	Partitions int `yaml:"partitions"`
	// Replication of topics made by us; -1 takes the broker's default. Default -1.
	Replication int `yaml:"replication"`
	// TLS encrypts the connections.
	TLS KafkaTLS `yaml:"tls"`
	// SASL authenticates the gateway to the brokers.
	SASL KafkaSASL `yaml:"sasl"`
}

// KafkaTLS says how connections to brokers are encrypted.
type KafkaTLS struct {
	// Enabled turns TLS on. Default false.
	Enabled bool `yaml:"enabled"`
	// CA is a PEM file of the only authorities trusted; "" trusts the
	// system's.
	CA string `yaml:"ca"`
	// Cert and Key are PEM files of the client certificate, both or neither.
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
	// ServerName overrides the name expected in the brokers' certificates.
	ServerName string `yaml:"server_name"`
}

// KafkaSASL says how the gateway authenticates to brokers.
type KafkaSASL struct {
	// Mechanism is plain, scram-sha-256, scram-sha-512 or "" for none.
	Mechanism string `yaml:"mechanism"`
	// Username of the account.
	Username string `yaml:"username"`
	// Password of the account.
	Password models.Secret `yaml:"password"`
	// PasswordFile is read instead of Password; a final line feed is cut.
	PasswordFile string `yaml:"password_file"`
}

func defaultKafka() KafkaConfig {
	return KafkaConfig{
		Acks: "all", Compression: "lz4", Timeout: 10 * time.Second,
		TopicPrefix: "riskgate.", Partitions: 12, Replication: -1,
	}
}

func (c *KafkaConfig) validate() models.Problems {
	var p models.Problems
	if len(c.Brokers) == 0 {
		p.Add("brokers", "none", "want host:port of at least one broker")
	}
	for i, b := range c.Brokers {
		if _, port, err := net.SplitHostPort(b); err != nil || port == "" {
			p.Add(fmt.Sprintf("brokers[%d]", i), b, "want host:port")
		}
	}
	oneOf(&p, "acks", c.Acks, "all", "one")
	oneOf(&p, "compression", c.Compression, "none", "gzip", "snappy", "lz4", "zstd")
	if c.Timeout < 100*time.Millisecond || c.Timeout > 5*time.Minute {
		p.Add("timeout", c.Timeout, "want from 100ms to 5m")
	}
	if c.Partitions < 1 || c.Partitions > 10000 {
		p.Add("partitions", c.Partitions, "want from 1 to 10000")
	}
	if c.Replication != -1 && (c.Replication < 1 || c.Replication > 32) {
		p.Add("replication", c.Replication, "want -1 or from 1 to 32")
	}
	p.Under("tls", c.TLS.validate())
	p.Under("sasl", c.SASL.validate(c.TLS.Enabled))
	return p
}

func (c *KafkaTLS) validate() models.Problems {
	var p models.Problems
	if (c.Cert == "") != (c.Key == "") {
		p.Add("cert", c.Cert, "want cert and key together")
	}
	if !c.Enabled && *c != (KafkaTLS{}) {
		p.Add("enabled", false, "want true where other settings of tls are given")
	}
	return p
}

func (c *KafkaSASL) validate(tls bool) models.Problems {
	var p models.Problems
	if c.Mechanism == "" {
		if *c != (KafkaSASL{}) {
			p.Add("mechanism", `""`, "want plain, scram-sha-256 or scram-sha-512")
		}
		return p
	}
	oneOf(&p, "mechanism", c.Mechanism, "plain", "scram-sha-256", "scram-sha-512")
	if c.Mechanism == "plain" && !tls {
		p.Add("mechanism", "plain", "sends the password readable, want tls.enabled or a scram mechanism")
	}
	if c.Username == "" {
		p.Add("username", `""`, "want a user name")
	}
	if (c.Password == "") == (c.PasswordFile == "") {
		p.Add("password", c.Password, "want password or password_file, one of them")
	}
	return p
}

func oneOf(p *models.Problems, path, value string, allowed ...string) {
	if slices.Contains(allowed, value) {
		return
	}
	wish := "want " + allowed[0]
	for i, a := range allowed[1:] {
		if i == len(allowed)-2 {
			wish += " or " + a
		} else {
			wish += ", " + a
		}
	}
	p.Add(path, value, wish)
}
