// Package geo holds the fixture databases: City, ASN and Anonymous-IP of
// addresses that nobody owns, generated from networks.txt.
package geo

import "embed"

//go:generate go run ./generate -source networks.txt -out .

// Files holds city.mmdb, asn.mmdb, anonymous.mmdb and networks.txt.
//
//go:embed city.mmdb asn.mmdb anonymous.mmdb networks.txt
var Files embed.FS
