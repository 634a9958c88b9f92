package geo

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/models"
)

func writeList(t *testing.T, text string) []string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{name}
}

func TestListsClassify(t *testing.T) {
	l, err := LoadLists(map[string][]string{
		"hosting":     writeList(t, "198.51.100.0/24 # a data center\n\n2001:db8:1::/48\r\n"),
		"hosting_asn": writeList(t, "AS64500 # hoster\nas64501\n64502\n"),
		"vpn":         writeList(t, "198.51.100.128/25\nAS64510\n"),
		"tor":         writeList(t, "203.0.113.7/32\n"),
		"listed":      writeList(t, "203.0.113.7\n"),
		"relay":       writeList(t, "192.0.2.0/31\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Len() != 10 {
		t.Errorf("%d entries, want 10", l.Len())
	}
	f := func(addr string, asn uint32, want models.Flag) {
		t.Helper()
		if got := l.Classes(netip.MustParseAddr(addr), asn); got != want {
			t.Errorf("%s in AS%d: %b, want %b", addr, asn, got, want)
		}
	}
	f("198.51.100.1", 0, models.SourceHosting)
	f("198.51.100.200", 0, models.SourceHosting|models.SourceVPN)
	f("::ffff:198.51.100.1", 0, models.SourceHosting)
	f("2001:db8:1:2::3", 0, models.SourceHosting)
	f("2001:db8:2::", 0, 0)
	f("203.0.113.7", 0, models.SourceTor|models.SourceListed)
	f("203.0.113.8", 0, 0)
	f("192.0.2.1", 0, models.SourceRelay)
	f("192.0.2.9", 64501, models.SourceHosting)
	f("192.0.2.9", 64503, 0)
	f("192.0.2.9", 64510, models.SourceVPN)
	if (*Lists)(nil).Classes(netip.MustParseAddr("192.0.2.1"), 64500) != 0 {
		t.Error("no lists class an address")
	}
	if l.Classes(netip.Addr{}, 0) != 0 {
		t.Error("no address has a class")
	}
}

// Entries are counted by the name of their list, also where two lists set one flag
// or name one address.
func TestListsCountTheirEntries(t *testing.T) {
	l, err := LoadLists(map[string][]string{
		"hosting":     append(writeList(t, "198.51.100.0/24\nAS64500\n"), writeList(t, "192.0.2.1\n")...),
		"hosting_asn": writeList(t, "AS64500\n64501\n"),
		"vpn":         writeList(t, "198.51.100.0/24 # none\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]int{"hosting": 3, "hosting_asn": 2, "vpn": 1, "tor": 0} {
		if got := l.Entries(kind); got != want {
			t.Errorf("%s: %d entries, want %d", kind, got, want)
		}
	}
	if n := (*Lists)(nil).Entries("vpn"); n != 0 {
		t.Errorf("no lists have %d entries", n)
	}
}

func TestListMistakes(t *testing.T) {
	f := func(kind, text, want string) {
		t.Helper()
		_, err := LoadLists(map[string][]string{kind: writeList(t, text)})
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
	}
	f("vpn", "192.0.2.0/24\nexample.org\n", `line 2: "example.org": want an address, a prefix or an AS number`)
	f("vpn", "0.0.0.0/0", `line 1: "0.0.0.0/0": covers every address, want a prefix of at least one bit, 0.0.0.0/1`)
	f("vpn", "192.0.2.1\n::/0", `line 2: "::/0": covers every address, want a prefix of at least one bit, ::/1`)
	f("vpn", "", "list.txt: no entry, want at least one address, prefix or AS number; to have none, take the file out of signals.geo.lists")
	f("vpn", "# none\n\n", "list.txt: no entry, want at least one address, prefix or AS number; to have none, take the file out of signals.geo.lists")
	f("hosting_asn", "", "list.txt: no entry, want at least one AS number; to have none, take the file out of signals.geo.lists")
	f("vpn", "fe80::1%eth0", `line 1: "fe80::1%eth0": want an address, a prefix or an AS number`)
	f("hosting_asn", "AS0", `line 1: "AS0": want an AS number like AS64496`)
	f("hosting_asn", "192.0.2.0/24", `line 1: "192.0.2.0/24": want an AS number like AS64496`)
	f("spam", "192.0.2.0/24", `"spam" is no kind of list`)
	if _, err := LoadLists(map[string][]string{"vpn": {filepath.Join(t.TempDir(), "none")}}); err == nil {
		t.Error("a missing file is no error")
	}
}

// The published lists load whole.
func TestPublishedLists(t *testing.T) {
	data := os.Getenv("RISKGATE_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(data, "lists")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("SKIPPED: no %s: set RISKGATE_DATA to the folder of real data", dir)
	}
	file := func(names ...string) (paths []string) {
		for _, n := range names {
			paths = append(paths, filepath.Join(dir, n))
		}
		return paths
	}
	l, err := LoadLists(map[string][]string{
		"hosting": file("datacenter-ipv4.txt", "datacenter-ipv6.txt"), "hosting_asn": file("datacenter-asn.txt"),
		"vpn": file("vpn-ipv4.txt", "vpn-ipv6.txt"), "tor": file("tor-exit-ipv4.txt"),
		"listed": file("bad-ips-level3.txt"), "relay": file("private-relay.txt"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Len() < 10000 {
		t.Errorf("%d entries", l.Len())
	}
	if got := l.Classes(netip.MustParseAddr("104.28.28.5"), 0); got&models.SourceRelay == 0 {
		t.Errorf("a relay is classed %b", got)
	}
}

func FuzzList(f *testing.F) {
	f.Add("192.0.2.0/24 # x\n")
	f.Add("2001:db8::1\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := newLists()
		if l.read("vpn", strings.NewReader(text)) != nil {
			return
		}
		set := l.prefixes[models.SourceVPN]
		if set == nil {
			return
		}
		for p := range set.All() {
			if p.Bits() == 0 || p != p.Masked() {
				t.Errorf("%q: prefix %s", text, p)
			}
		}
	})
}

func BenchmarkClasses(b *testing.B) {
	l := newLists()
	for kind, text := range map[string]string{"vpn": "198.51.100.0/24", "hosting": "192.0.2.0/24", "tor": "203.0.113.1"} {
		if err := l.read(kind, strings.NewReader(text)); err != nil {
			b.Fatal(err)
		}
	}
	l.index()
	addr := netip.MustParseAddr("233.252.0.9")
	b.ReportAllocs()
	for b.Loop() {
		l.Classes(addr, 64496)
	}
}
