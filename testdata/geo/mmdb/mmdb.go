// Package mmdb writes City, ASN and Anonymous-IP databases of networks that nobody
// owns. The same networks always give the same bytes.
package mmdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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

// Network is a run of addresses of one operator in one place.
type Network struct {
	Prefix  netip.Prefix
	Country string // ISO 3166-1 alpha-2
	City    string // "": unknown
	// Latitude and Longitude are in degrees, Radius is in km: valid if Located.
	Latitude, Longitude float64
	Radius              uint16
	Located             bool
	ASN                 uint32
	Operator            string
	Kind                string // hosting, vpn, tor or proxy; others are not in the Anonymous-IP database
}

// Read returns the networks of a table in the form of networks.txt.
func Read(r io.Reader) ([]Network, error) {
	var all []Network
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		next, err := parse(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, next)
	}
	return all, lines.Err()
}

func parse(f []string) (n Network, err error) {
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
	n = Network{Prefix: prefix, Country: f[1], City: f[2], ASN: uint32(asn), Operator: f[7], Kind: f[8]}
	return n, errors.Join(err, errASN, n.locate(f[3], f[4], f[5]))
}

func (n *Network) locate(lat, lon, km string) (err error) {
	if lat == "" {
		return nil
	}
	var errLon, errRadius error
	var radius uint64
	n.Latitude, err = strconv.ParseFloat(lat, 64)
	n.Longitude, errLon = strconv.ParseFloat(lon, 64)
	radius, errRadius = strconv.ParseUint(km, 10, 16)
	n.Radius, n.Located = uint16(radius), true
	return errors.Join(err, errLon, errRadius)
}

// Write writes city.mmdb, asn.mmdb and anonymous.mmdb to a folder. Longer prefixes
// stand after the shorter ones that they refine.
func Write(folder string, networks []Network) error {
	var faults []error
	for _, d := range databases {
		faults = append(faults, d.write(networks, filepath.Join(folder, d.file)))
	}
	return errors.Join(faults...)
}

// database is one file to write: record returns nil for a network it leaves out.
type database struct {
	file, typ string
	record    func(Network) mmdbtype.Map
}

var databases = []database{
	{"city.mmdb", "DBIP-City-Lite", cityRecord},
	{"asn.mmdb", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", asnRecord},
	{"anonymous.mmdb", "GeoIP2-Anonymous-IP", anonymousRecord},
}

func (d database) write(networks []Network, path string) error {
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
		mask := net.CIDRMask(n.Prefix.Bits(), n.Prefix.Addr().BitLen())
		if err := tree.Insert(&net.IPNet{IP: n.Prefix.Addr().AsSlice(), Mask: mask}, record); err != nil {
			return fmt.Errorf("insert %s: %w", n.Prefix, err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(f)
	return errors.Join(err, f.Close())
}

func cityRecord(n Network) mmdbtype.Map {
	m := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(n.Country)}}
	if n.City != "" {
		m["city"] = mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(n.City)}}
	}
	if n.Located {
		m["location"] = mmdbtype.Map{
			"latitude":        mmdbtype.Float64(n.Latitude),
			"longitude":       mmdbtype.Float64(n.Longitude),
			"accuracy_radius": mmdbtype.Uint16(n.Radius),
		}
	}
	return m
}

func asnRecord(n Network) mmdbtype.Map {
	return mmdbtype.Map{
		"autonomous_system_number":       mmdbtype.Uint32(n.ASN),
		"autonomous_system_organization": mmdbtype.String(n.Operator),
	}
}

var anonymousKinds = map[string]mmdbtype.Map{
	"hosting": {"is_anonymous": mmdbtype.Bool(true), "is_hosting_provider": mmdbtype.Bool(true)},
	"vpn":     {"is_anonymous": mmdbtype.Bool(true), "is_anonymous_vpn": mmdbtype.Bool(true)},
	"tor":     {"is_anonymous": mmdbtype.Bool(true), "is_tor_exit_node": mmdbtype.Bool(true)},
	"proxy":   {"is_anonymous": mmdbtype.Bool(true), "is_residential_proxy": mmdbtype.Bool(true)},
}

func anonymousRecord(n Network) mmdbtype.Map { return anonymousKinds[n.Kind] }
