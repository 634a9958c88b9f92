package authn

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func keyEntry(id, owner, hash, more string) string {
	return fmt.Sprintf("  - {id: %s, owner: %s, hash: %q%s}\n", id, owner, hash, more)
}

func TestKeys(t *testing.T) {
	wire, hash := GenerateKey("k-1")
	old, oldHash := GenerateKey("k-0")
	free, freeHash := GenerateKey("k.2")
	c := testConfig()
	c.APIKeys.File = writeKeys(t, "", "keys:\n"+
		keyEntry("k-1", "batch", hash, `, roles: [reader, "2"], networks: [192.0.2.0/24, "2001:db8::/32"]`)+
		keyEntry("k-0", "batch", oldHash, ", expires: 2027-01-01, created: 2026-01-01T10:00:00Z")+
		keyEntry("k.2", "cron", freeHash, ""))
	a := newTest(t, c, &idp{})
	f := func(name, shown, from string, want models.Denial, named string) {
		t.Helper()
		v := request("X-API-key: " + shown)
		v.Client = netip.MustParseAddr(from)
		id, denial := a.Authenticate(v, APIKey, start)
		got := ""
		if id != nil {
			got = id.Subject.ID + "/" + id.CredentialID
		}
		if denial != want || got != named {
			t.Errorf("%s: %q %q, want %q %q", name, denial, got, want, named)
		}
	}
	f("good", wire, "192.0.2.7", "", "batch/k-1")
	f("good, mapped address", wire, "::ffff:192.0.2.7", "", "batch/k-1")
	f("good, IPv6", wire, "2001:db8::1", "", "batch/k-1")
	f("no networks", free, "203.0.113.9", "", "cron/k.2")
	f("wrong network", wire, "192.0.3.1", models.KeyNetwork, "batch/k-1")
	f("expired", old, "192.0.2.7", models.KeyExpired, "batch/k-0")
	f("wrong secret", wire[:len(wire)-1]+"#", "192.0.2.7", models.UnknownKey, "") // else anybody could fail in its name
	f("secret of another key", "rgk_k.2_"+strings.TrimPrefix(wire, "rgk_k-1_"), "192.0.2.7", models.UnknownKey, "")
	f("unknown id", strings.Replace(wire, "k-1", "k-9", 1), "192.0.2.7", models.UnknownKey, "")
	f("no prefix", wire[4:], "192.0.2.7", models.MalformedCredential, "")
	f("no secret", "rgk_k-1_", "192.0.2.7", models.MalformedCredential, "")
	f("empty", "", "192.0.2.7", models.MalformedCredential, "")
	f("long", wire+strings.Repeat("a", 200), "192.0.2.7", models.MalformedCredential, "")

	id, _ := a.Authenticate(request("x-api-key: "+wire), APIKey, start)
	if !id.Machine() || !id.Declared || id.CanStepUp() || id.Credential != models.APIKey || fmt.Sprint(id.Roles, id.Networks) != "[reader 2] [192.0.2.0/24 2001:db8::/32]" {
		t.Errorf("identity %+v", id)
	}
}

func TestKeyFileMistakesAreAllReportedWithTheirPlace(t *testing.T) {
	_, h := GenerateKey("x")
	_, h2 := GenerateKey("x")
	_, h3 := GenerateKey("x")
	file := "keys:\n" +
		"  - id: a_b\n" +
		"    owner: o\n" +
		"    hash: sha1:00\n" +
		"    color: red\n" +
		"    networks: [10.0.0.1/8, x]\n" +
		"    expires: soon\n" +
		"  - id: dup\n" +
		"    owner: p\n" +
		"    hash: " + h + "\n" +
		"  - id: dup\n" +
		"    owner: p\n" +
		"    hash: " + h + "\n" +
		"  - {id: c, owner: p, hash: \"" + h2 + "\", networks: []}\n" +
		"  - {owner:, hash: \"" + h3 + "\"}\n" +
		"  - 7\n" +
		"extra: 1\n"
	name := writeKeys(t, "", file)
	_, err := ReadKeys(name, start)
	if err == nil {
		t.Fatal("the file is accepted")
	}
	got := strings.ReplaceAll(err.Error(), name, "f")
	want := `f:2:9: keys[0].id: "a_b", want 1 to 64 letters, digits, - or .
f:4:11: keys[0].hash: "sha1:00", want sha256: and 64 hex digits
f:5:5: keys[0].color: unknown, want a known name
f:6:16: keys[0].networks[0]: "10.0.0.1/8", want a network like 192.0.2.0/24
f:6:28: keys[0].networks[1]: "x", want a network like 192.0.2.0/24
f:7:14: keys[0].expires: "soon", want a date or an RFC 3339 time
f:11:9: keys[2].id: dup, want each id once
f:13:11: keys[2].hash: as of another key, want a secret of its own
f:14:114: keys[3].networks: nothing, want at least one, or no networks
f:14:20: keys[3].owner: p, want at most two live keys of one owner
f:15:12: keys[4].owner: nothing, want 1 to 256 printable characters
f:15:5: keys[4].id: nothing, is required
f:16:5: keys[5]: 7, want a mapping
f:17:1: extra: unknown, want a known name`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBadFilesAreRefused(t *testing.T) {
	for _, content := range []string{"", "keys:", "keys: 7", "- a", "keys: [", "keys:\n - &a {id: x}\n - *a\n", "\x00"} {
		if keys, err := ReadKeys(writeKeys(t, "", content), start); err == nil {
			t.Errorf("%q is accepted: %v", content, keys)
		}
	}
}

func TestExpiredKeysDoNotCountAsLive(t *testing.T) {
	file := "keys:\n"
	for i, more := range []string{"", "", ", expires: 2020-01-01", ", expires: 2020-01-01T00:00:00Z"} {
		id := fmt.Sprint("k", i)
		_, hash := GenerateKey(id)
		file += keyEntry(id, "o", hash, more)
	}
	if keys, err := ReadKeys(writeKeys(t, "", file), start); err != nil || len(keys) != 4 {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestBadKeyFileKeepsTheOldKeys(t *testing.T) {
	wire, hash := GenerateKey("a")
	c := testConfig()
	c.APIKeys.File = writeKeys(t, "", "keys:\n"+keyEntry("a", "o", hash, ""))
	a := newTest(t, c, &idp{})
	view := request("X-Api-Key: " + wire)
	writeKeys(t, c.APIKeys.File, "keys: broken")
	if err := a.ReloadKeys(); err == nil {
		t.Error("a broken file is accepted")
	}
	if _, denial := a.Authenticate(view, APIKey, start); denial != "" {
		t.Errorf("after a broken file: %q", denial)
	}
	if _, err := a.Next(c); err == nil {
		t.Error("a configuration with a broken key file is accepted")
	}
	_, other := GenerateKey("b")
	writeKeys(t, c.APIKeys.File, "keys:\n"+keyEntry("b", "o", other, ""))
	if err := a.ReloadKeys(); err != nil {
		t.Fatal(err)
	}
	if _, denial := a.Authenticate(view, APIKey, start); denial != models.UnknownKey {
		t.Errorf("after the key was removed: %q", denial)
	}
}

// A key that is cut or changed anywhere is never accepted.
func FuzzKey(f *testing.F) {
	wire, hash := GenerateKey("k")
	f.Add([]byte(wire))
	f.Add([]byte("rgk_k_"))
	var k Key
	readHash(hash, &k.hash)
	k.ID, k.Owner = "k", "o"
	table := newKeyTable([]Key{k}, pseudonym)
	f.Fuzz(func(t *testing.T, shown []byte) {
		_, denial := table.authenticate(shown, netip.Addr{}, start)
		if (denial == "") != (string(shown) == wire) {
			t.Fatalf("%q: %q", shown, denial)
		}
	})
}

func FuzzReadKeys(f *testing.F) {
	_, hash := GenerateKey("a")
	f.Add("keys:\n" + keyEntry("a", "o", hash, ", roles: [x], networks: [10.0.0.0/8]"))
	f.Add("keys: [{id: a}, 7, {}]")
	f.Fuzz(func(t *testing.T, file string) {
		r := keyReader{now: start}
		keys := r.read([]byte(file))
		if len(r.problems) > 0 {
			return
		}
		for _, k := range keys {
			if !keyID(k.ID) || k.Owner == "" || k.hash == [32]byte{} {
				t.Fatalf("accepted %+v", k)
			}
		}
	})
}
