package geo

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gaissmai/bart"

	"github.com/riskgate/riskgate/models"
)

// Lists classifies addresses by published lists of prefixes and ASNs. It is
// never changed. The zero value knows nothing.
type Lists struct {
	prefixes map[models.Flag]*prefixSet
	asns     map[uint32]models.Flag
	kinds    []kindTable
	entries  map[string]int // by name of the list
}

func newLists() *Lists {
	return &Lists{prefixes: map[models.Flag]*prefixSet{}, asns: map[uint32]models.Flag{}, entries: map[string]int{}}
}

// prefixSet is a set of prefixes that answers which addresses lie in it.
type prefixSet = bart.Lite

type kindTable struct {
	flag  models.Flag
	table *prefixSet
}

var listFlags = map[string]models.Flag{
	"hosting": models.SourceHosting, "hosting_asn": models.SourceHosting, "listed": models.SourceListed,
	"relay": models.SourceRelay, "tor": models.SourceTor, "vpn": models.SourceVPN,
}

// LoadLists reads the files of Config.Lists. A file without an entry is an error:
// more likely than a list that became empty is a download that failed.
func LoadLists(files map[string][]string) (*Lists, error) {
	l := newLists()
	for _, kind := range slices.Sorted(maps.Keys(files)) {
		for _, name := range files[kind] {
			if err := l.load(kind, name); err != nil {
				return nil, fmt.Errorf("load list %s: %w", kind, err)
			}
		}
	}
	l.index()
	return l, nil
}

// index prepares Classes, once everything is read.
func (l *Lists) index() {
	for _, flag := range slices.Sorted(maps.Keys(l.prefixes)) {
		l.kinds = append(l.kinds, kindTable{flag, l.prefixes[flag]})
	}
}

func (l *Lists) load(kind, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if err := l.read(kind, file); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// read takes one entry per line. Text after "#" and empty lines are ignored.
func (l *Lists) read(kind string, r io.Reader) error {
	flag := listFlags[kind]
	if flag == 0 {
		return fmt.Errorf("%q is no kind of list", kind)
	}
	lines, before := bufio.NewScanner(r), l.entries[kind]
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if err := l.add(kind, flag, text); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		l.entries[kind]++
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if l.entries[kind] == before {
		return fmt.Errorf("no entry, want at least one %s; to have none, take the file out of signals.geo.lists", wanted(kind))
	}
	return nil
}

func wanted(kind string) string {
	if kind == "hosting_asn" {
		return "AS number"
	}
	return "address, prefix or AS number"
}

// add takes one entry. A list may name autonomous systems beside prefixes; in
// hosting_asn there are only those, and their numbers may stand alone.
func (l *Lists) add(kind string, flag models.Flag, text string) error {
	number, named := cutFold(text, "AS")
	if named || kind == "hosting_asn" {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n == 0 {
			return fmt.Errorf("%q: want an AS number like AS64496", text)
		}
		l.asns[uint32(n)] |= flag
		return nil
	}
	prefix, err := parseListed(text)
	if err != nil {
		return fmt.Errorf("%q: %w", text, err)
	}
	if l.prefixes[flag] == nil {
		l.prefixes[flag] = new(prefixSet)
	}
	l.prefixes[flag].Insert(prefix)
	return nil
}

// cutFold cuts a prefix of letters in either case.
func cutFold(s, prefix string) (rest string, found bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

var errNotListed = errors.New("want an address, a prefix or an AS number")

// parseListed reads an address or a prefix. Prefixes of length 0 are refused:
// they would class the whole world. An error says what is wrong.
func parseListed(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errNotListed
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, errNotListed
	}
	if p.Bits() == 0 {
		return netip.Prefix{}, fmt.Errorf("covers every address, want a prefix of at least one bit, %s/1", p.Masked().Addr())
	}
	return p.Masked(), nil
}

// Classes returns the Source bits of an address and its ASN, 0 for unknown.
func (l *Lists) Classes(addr netip.Addr, asn uint32) models.Flag {
	if l == nil {
		return 0
	}
	found := l.asns[asn]
	addr = addr.Unmap()
	for i := range l.kinds {
		if l.kinds[i].table.Contains(addr) {
			found |= l.kinds[i].flag
		}
	}
	return found
}

// Len returns how many prefixes and ASNs are listed.
func (l *Lists) Len() int {
	n := len(l.asns)
	for i := range l.kinds {
		n += l.kinds[i].table.Size()
	}
	return n
}

// Entries returns how many lines of the files of one list name something, by a
// name of ListKinds.
func (l *Lists) Entries(kind string) int {
	if l == nil {
		return 0
	}
	return l.entries[kind]
}
