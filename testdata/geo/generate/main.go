// Command generate writes the fixture databases from a readable table. The same
// table always gives the same bytes.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// built is the build time in the files, 2026-01-01 UTC.
const built = 1767225600

func main() {
	source := flag.String("source", "networks.txt", "table to read")
	out := flag.String("out", ".", "directory to write city.mmdb, asn.mmdb and anonymous.mmdb to")
	flag.Parse()
	if err := run(*source, *out); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(source, out string) error {
	networks, err := readNetworks(source)
	if err != nil {
		return err
	}
	var faults []error
	for _, d := range databases {
		faults = append(faults, d.write(networks, filepath.Join(out, d.file)))
	}
	return errors.Join(faults...)
}

// network is one line of the table.
type network struct {
	prefix              netip.Prefix
	country, city       string
	latitude, longitude float64
	radius              uint16
	located             bool
	asn                 uint32
	operator            string
	kind                string
}

func readNetworks(path string) ([]network, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []network
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		next, err := parseNetwork(fields)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		all = append(all, next)
	}
	return all, lines.Err()
}

func parseNetwork(f []string) (n network, err error) {
	if len(f) != 9 {
		return n, fmt.Errorf("%d fields, want 9", len(f))
	}
	for i := range f {
		f[i] = strings.ReplaceAll(f[i], "_", " ")
		if f[i] == "-" {
			f[i] = ""
		}
	}
	prefix, err := netip.ParsePrefix(f[0])
	asn, errASN := strconv.ParseUint(f[6], 10, 32)
	n = network{prefix: prefix, country: f[1], city: f[2], asn: uint32(asn), operator: f[7], kind: f[8]}
	return n, errors.Join(err, errASN, n.locate(f[3], f[4], f[5]))
}

func (n *network) locate(lat, lon, km string) (err error) {
	if lat == "" {
		return nil
	}
	var errLon, errRadius error
	var radius uint64
	n.latitude, err = strconv.ParseFloat(lat, 64)
	n.longitude, errLon = strconv.ParseFloat(lon, 64)
	radius, errRadius = strconv.ParseUint(km, 10, 16)
	n.radius, n.located = uint16(radius), true
	return errors.Join(err, errLon, errRadius)
}

// database is one file to write: record returns nil for a network it leaves out.
type database struct {
	file, typ string
	record    func(network) mmdbtype.Map
}

var databases = []database{
	{"city.mmdb", "DBIP-City-Lite", cityRecord},
	{"asn.mmdb", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", asnRecord},
	{"anonymous.mmdb", "GeoIP2-Anonymous-IP", anonymousRecord},
}

func (d database) write(networks []network, path string) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:              built,
		DatabaseType:            d.typ,
		Description:             map[string]string{"en": "riskgate fixture, addresses that nobody owns"},
		Languages:               []string{"en"},
		DisableIPv4Aliasing:     true,
		IncludeReservedNetworks: true,
		RecordSize:              24,
	})
	if err != nil {
		return err
	}
	for _, n := range networks {
		record := d.record(n)
		if record == nil {
			continue
		}
		mask := net.CIDRMask(n.prefix.Bits(), n.prefix.Addr().BitLen())
		if err := tree.Insert(&net.IPNet{IP: n.prefix.Addr().AsSlice(), Mask: mask}, record); err != nil {
			return fmt.Errorf("insert %s: %w", n.prefix, err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(f)
	return errors.Join(err, f.Close())
}

func cityRecord(n network) mmdbtype.Map {
	m := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(n.country)}}
	if n.city != "" {
		m["city"] = mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(n.city)}}
	}
	if n.located {
		m["location"] = mmdbtype.Map{
			"latitude":        mmdbtype.Float64(n.latitude),
			"longitude":       mmdbtype.Float64(n.longitude),
			"accuracy_radius": mmdbtype.Uint16(n.radius),
		}
	}
	return m
}

func asnRecord(n network) mmdbtype.Map {
	return mmdbtype.Map{
		"autonomous_system_number":       mmdbtype.Uint32(n.asn),
		"autonomous_system_organization": mmdbtype.String(n.operator),
	}
}

var anonymousKinds = map[string]mmdbtype.Map{
	"hosting": {"is_anonymous": mmdbtype.Bool(true), "is_hosting_provider": mmdbtype.Bool(true)},
	"vpn":     {"is_anonymous": mmdbtype.Bool(true), "is_anonymous_vpn": mmdbtype.Bool(true)},
	"tor":     {"is_anonymous": mmdbtype.Bool(true), "is_tor_exit_node": mmdbtype.Bool(true)},
	"proxy":   {"is_anonymous": mmdbtype.Bool(true), "is_residential_proxy": mmdbtype.Bool(true)},
}

func anonymousRecord(n network) mmdbtype.Map { return anonymousKinds[n.kind] }
