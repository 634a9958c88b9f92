package listener

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"time"
)

// ticketLifetime bounds how long a session ticket is taken: an older one costs
// its client a full handshake. The keys that seal tickets are made by crypto/tls,
// a new one each day, and live as long as the process.
const ticketLifetime = 24 * time.Hour

// loadTLS builds what a handshake is answered with. It returns nil for clear
// text.
func loadTLS(t TLS, tickets tickets) (*tls.Config, error) {
	if !t.Enabled() {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("load certificate %s with key %s: %w", t.Cert, t.Key, err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
		CipherSuites: []uint16{ // of TLS 1.2: forward secrecy and AEAD only
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		WrapSession:   tickets.wrap,
		UnwrapSession: tickets.unwrap,
	}, nil
}

// handshakes returns the configuration that every connection starts with: it
// notes the ClientHello and goes on with the settings in force.
func (l *Listener) handshakes() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if c, ok := hello.Conn.(*conn); ok {
				c.facts.JA4, c.facts.ServerName = fingerprint(hello), hello.ServerName
			}
			return l.settings.Load().tls, nil
		},
	}
}

// tickets seals session tickets with their time of issue.
type tickets struct {
	keys *tls.Config // owns the ticket keys
	now  func() time.Time
}

func (t tickets) wrap(state tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
	session.Extra = append(session.Extra, binary.BigEndian.AppendUint64(nil, uint64(t.now().Unix())))
	return t.keys.EncryptTicket(state, session)
}

// unwrap returns no session, which means a full handshake, for a ticket that is
// too old or not ours.
func (t tickets) unwrap(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
	session, err := t.keys.DecryptTicket(ticket, state)
	if err != nil || session == nil || len(session.Extra) == 0 {
		return nil, err
	}
	stamp := session.Extra[len(session.Extra)-1]
	if len(stamp) != 8 {
		return nil, nil
	}
	age := t.now().Unix() - int64(binary.BigEndian.Uint64(stamp))
	if age < 0 || age > int64(ticketLifetime/time.Second) {
		return nil, nil
	}
	session.Extra = session.Extra[:len(session.Extra)-1]
	return session, nil
}

// secureConn is a connection whose TLS ends here.
type secureConn struct {
	*tls.Conn
	inner *conn
}

// Handshake is called by fasthttp before the first request is read.
func (s *secureConn) Handshake() error {
	s.inner.watch.running = true
	defer func() { s.inner.watch.running = false }()
	return s.Conn.Handshake()
}

// Read notes what the client says within TLS.
func (s *secureConn) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	s.inner.heard(n, err)
	return n, err
}

// complete reports whether the handshake succeeded.
func (s *secureConn) complete() bool {
	return s.ConnectionState().HandshakeComplete
}
