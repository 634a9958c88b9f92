package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// callers is how many subjects share the load, so that none of them has a rate
// that is unusual in itself and no address exceeds the limits that can be set.
const callers = 1000

// fixtures are the files that every riskgate of the benchmark reads.
type fixtures struct {
	dir         string
	rings       string            // directory of the event rings: in memory, as in production
	credentials map[string]string // kind of credential → file of header lines for the load
}

// writeFixtures writes geo databases, API keys, a key set and the credentials. It
// is called in the root of the repository.
func writeFixtures(dir string) (fixtures, error) {
	f := fixtures{dir: dir, rings: dir, credentials: map[string]string{}}
	if shm, err := os.MkdirTemp("/dev/shm", "riskgate-bench-"); err == nil {
		f.rings = shm
	}
	for _, name := range []string{"city.mmdb", "asn.mmdb", "anonymous.mmdb"} {
		content, err := os.ReadFile(filepath.Join("testdata", "geo", name))
		if err != nil {
			return f, err
		}
		if err := f.write(name, content); err != nil {
			return f, err
		}
	}
	if err := f.write("cluster.key", []byte(hex.EncodeToString([]byte(rand.Text() + rand.Text())[:32]))); err != nil {
		return f, err
	}
	if err := f.writeKeys(); err != nil {
		return f, err
	}
	return f, f.writeTokens()
}

func (f *fixtures) write(name string, content []byte) error {
	return os.WriteFile(filepath.Join(f.dir, name), content, 0o600)
}

// address returns the address of caller i, one that the fixture databases know.
func address(i int) string { return fmt.Sprintf("198.18.%d.%d", i/256, i%256) }

// writeKeys writes one API key per caller.
func (f *fixtures) writeKeys() error {
	var file, lines strings.Builder
	file.WriteString("keys:\n")
	for i := range callers {
		wire := fmt.Sprintf("rgk_bench-%d_%s", i, strings.ToLower(rand.Text()+rand.Text()))
		hash := sha256.Sum256([]byte(wire))
		fmt.Fprintf(&file, "  - {id: bench-%d, owner: bench-%d, hash: \"sha256:%s\", roles: [reader]}\n", i, i, hex.EncodeToString(hash[:]))
		fmt.Fprintf(&lines, "X-Forwarded-For: %s\tX-Api-Key: %s\n", address(i), wire)
	}
	f.credentials["api_key"] = filepath.Join(f.dir, "api_keys.txt")
	if err := f.write("api_keys.txt", []byte(lines.String())); err != nil {
		return err
	}
	return f.write("keys.yaml", []byte(file.String()))
}

// writeTokens writes a key set with one P-256 key and one ES256 token per caller.
func (f *fixtures) writeTokens() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := key.PublicKey.Bytes() // 4 ‖ X ‖ Y
	if err != nil {
		return err
	}
	keys := fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","kid":"bench","x":%q,"y":%q}]}`,
		encode(public[1:33]), encode(public[33:]))
	var lines strings.Builder
	now := time.Now()
	for i := range callers {
		token, err := sign(key, i, now)
		if err != nil {
			return err
		}
		fmt.Fprintf(&lines, "X-Forwarded-For: %s\tAuthorization: Bearer %s\n", address(i), token)
	}
	f.credentials["jwt"] = filepath.Join(f.dir, "tokens.txt")
	if err := f.write("tokens.txt", []byte(lines.String())); err != nil {
		return err
	}
	return f.write("jwks.json", []byte(keys))
}

// sign returns a token of caller i that is good for a day (RFC 7515, ES256).
func sign(key *ecdsa.PrivateKey, i int, now time.Time) (string, error) {
	claims, err := json.Marshal(map[string]any{
		"iss": "https://idp.bench.example", "sub": fmt.Sprintf("user-%d", i), "aud": "bench",
		"iat": now.Unix(), "exp": now.Add(24 * time.Hour).Unix(), "acr": "urn:pwd", "auth_time": now.Unix(),
		"sid": fmt.Sprintf("session-%d", i),
	})
	if err != nil {
		return "", err
	}
	input := encode([]byte(`{"alg":"ES256","kid":"bench","typ":"JWT"}`)) + "." + encode(claims)
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return input + "." + encode(signature[:]), nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// gatewayConfig is the configuration of a riskgate under measurement: everything
// that exists is on, limits are out of the way.
var gatewayConfig = template.Must(template.New("config").Parse(`memory: 512MiB
listener: {address: "{{.Listen}}", trusted_proxies: ["127.0.0.0/8"], connections_per_address: 10000}
admin: {address: "{{.Admin}}"}
upstream:
  pools: {web: {targets: ["http://{{.Upstream}}"]}}
routes:
  - {id: orders.read, match: {methods: [GET], path: "/v1/orders/{id}"}, pool: web, authn: [{{.Credential}}], class: normal}
authn:
  api_keys: {file: keys.yaml}
  jwt: {issuers: [{issuer: "https://idp.bench.example", jwks_file: jwks.json, audience: [bench], algorithms: [ES256]}]}
ratelimit: {address: 10000/s, subject: 10000/s, burst: 100000}
signals:
  geo: {city: city.mmdb, asn: asn.mmdb, anonymous: anonymous.mmdb}
  baseline: {store: {path: {{.Name}}-state, key_file: cluster.key}}
risk: {mode: enforce}
streaming:
  sink: {{.Sink}}
  file: {path: {{.Name}}-events.jsonl, rotate: 64MiB}
  ring: {path: {{.Rings}}/{{.Name}}, bytes: 64MiB}
`))

// writeConfig writes the configuration of one case and returns its name.
func (f *fixtures) writeConfig(c benchCase, listen, admin, upstream string) (string, error) {
	var text strings.Builder
	err := gatewayConfig.Execute(&text, map[string]string{
		"Name": c.name, "Listen": listen, "Admin": admin, "Upstream": upstream,
		"Credential": c.credential, "Sink": c.sink, "Rings": f.rings,
	})
	if err != nil {
		return "", err
	}
	name := c.name + ".yaml"
	return filepath.Join(f.dir, name), f.write(name, []byte(text.String()))
}
