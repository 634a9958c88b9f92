package traffic

import (
	"net/netip"

	"github.com/riskgate/riskgate/models"
)

// knownNetwork is a network of testdata/geo/networks.txt, which is what live traffic
// comes from: a gateway with the fixture databases knows it.
type knownNetwork struct {
	prefix netip.Prefix
	block
}

// fixtures are the networks of network.go, the refined ones first.
var fixtures = []knownNetwork{
	networkOf("198.18.64.0/19", "DE", "DE-Hamburg", 53.5511, 9.9937, 20, 64496, homeKind, 0),
	networkOf("198.18.96.0/19", "DE", "DE-Munich", 48.1374, 11.5755, 20, 64496, homeKind, 0),
	networkOf("198.18.128.0/18", "DE", "DE-Cologne", 50.9375, 6.9603, 20, 64497, homeKind, 0),
	networkOf("198.18.192.0/19", "DE", "DE-Berlin", 52.5200, 13.4050, 200, 64498, mobileKind, 0),
	networkOf("198.18.224.0/19", "DE", "DE-Berlin", 52.5200, 13.4050, 200, 64499, mobileKind, 0),
	networkOf("198.19.0.0/19", "DE", "DE-Munich", 48.1374, 11.5755, 10, 64500, officeKind, 0),
	networkOf("198.19.32.0/19", "DE", "DE-Frankfurt", 50.1109, 8.6821, 10, 65536, officeKind, 0),
	networkOf("198.19.64.0/21", "NO", "NO-Oslo", 59.9139, 10.7522, 20, 64501, homeKind, 0),
	networkOf("198.19.72.0/21", "FR", "FR-Paris", 48.8566, 2.3522, 20, 64502, homeKind, 0),
	networkOf("198.19.80.0/21", "US", "US-New York", 40.7128, -74.0060, 50, 64503, homeKind, 0),
	networkOf("198.19.88.0/21", "BR", "BR-Sao Paulo", -23.5505, -46.6333, 50, 64504, homeKind, 0),
	networkOf("198.19.96.0/21", "IN", "IN-Mumbai", 19.0760, 72.8777, 50, 64505, homeKind, 0),
	networkOf("198.19.104.0/21", "RO", "RO-Bucharest", 44.4268, 26.1025, 50, 64506, homeKind, 0),
	networkOf("198.19.112.0/21", "JP", "JP-Tokyo", 35.6762, 139.6503, 50, 64507, homeKind, 0),
	networkOf("198.19.120.0/21", "PL", "PL-Warsaw", 52.2297, 21.0122, 20, 65537, homeKind, 0),
	networkOf("198.19.128.0/19", "DE", "DE-Frankfurt", 50.1109, 8.6821, 50, 65538, hostingKind, models.SourceHosting),
	networkOf("198.19.160.0/20", "US", "US-Ashburn", 39.0438, -77.4874, 50, 64508, hostingKind, models.SourceHosting),
	networkOf("198.19.176.0/20", "NL", "NL-Amsterdam", 52.3676, 4.9041, 50, 64509, hostingKind, models.SourceHosting),
	networkOf("198.19.192.0/20", "DE", "DE-Frankfurt", 50.1109, 8.6821, 50, 64510, vpnKind, models.SourceVPN),
	networkOf("198.19.208.0/20", "SE", "SE-Stockholm", 59.3293, 18.0686, 50, 64510, vpnKind, models.SourceVPN),
	networkOf("198.19.224.0/20", "LU", "LU-Luxembourg", 49.6116, 6.1319, 50, 64511, hostingKind, models.SourceTor),
	networkOf("198.18.0.0/17", "DE", "DE-Berlin", 52.5200, 13.4050, 20, 64496, homeKind, 0),
	networkOf("2001:db8::/40", "DE", "DE-Berlin", 52.5200, 13.4050, 20, 64496, homeKind, 0),
	networkOf("2001:db8:100::/40", "DE", "DE-Cologne", 50.9375, 6.9603, 20, 64497, homeKind, 0),
}

func networkOf(network, country, region string, lat, lon, km float32, asn uint32, k kind, c models.Flag) knownNetwork {
	return knownNetwork{prefix(network), block{
		kind: k, classes: c, region: region, country: -1,
		place: models.Place{
			Latitude: lat, Longitude: lon, Radius: km, ASN: asn,
			Country: [2]byte{country[0], country[1]}, HasLocation: true,
		},
	}}
}
