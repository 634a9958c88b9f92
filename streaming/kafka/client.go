package kafka

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	kafka "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"

	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming"
)

// clientID is what brokers see in their logs and quotas.
const clientID = "riskgate"

// newClient returns a client and what closes its connections.
func newClient(c streaming.KafkaConfig) (*kafka.Client, func(), error) {
	encryption, mechanism, err := secure(c)
	if err != nil {
		return nil, nil, err
	}
	transport := &kafka.Transport{
		ClientID: clientID, DialTimeout: min(c.Timeout, 5*time.Second), MetadataTTL: 2 * time.Second,
		TLS: encryption, SASL: mechanism,
	}
	client := &kafka.Client{Addr: kafka.TCP(c.Brokers...), Timeout: c.Timeout, Transport: transport}
	return client, transport.CloseIdleConnections, nil
}

// secure returns what encrypts and authenticates connections; nil where the
// configuration does not ask for it.
func secure(c streaming.KafkaConfig) (*tls.Config, sasl.Mechanism, error) {
	encryption, err := encrypt(c.TLS)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka: tls: %w", err)
	}
	mechanism, err := authenticate(c.SASL)
	if err != nil {
		return nil, nil, fmt.Errorf("kafka: sasl: %w", err)
	}
	return encryption, mechanism, nil
}

func encrypt(c streaming.KafkaTLS) (*tls.Config, error) {
	if !c.Enabled {
		return nil, nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, err
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, err
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func authenticate(c streaming.KafkaSASL) (sasl.Mechanism, error) {
	if c.Mechanism == "" {
		return nil, nil
	}
	password := c.Password
	if c.PasswordFile != "" {
		b, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, err
		}
		password = models.Secret(strings.TrimSuffix(string(b), "\n"))
	}
	switch c.Mechanism {
	case "plain":
		return plain.Mechanism{Username: c.Username, Password: password.Reveal()}, nil
	case "scram-sha-256":
		return scram.Mechanism(scram.SHA256, c.Username, password.Reveal())
	}
	return scram.Mechanism(scram.SHA512, c.Username, password.Reveal())
}
