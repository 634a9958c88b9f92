package main

import (
	"bytes"
	"fmt"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/testdata/geo"
	"github.com/riskgate/riskgate/testdata/geo/mmdb"
)

// writePlaces writes the databases of every network that a world is sent from: all
// worlds have the same.
func writePlaces(folder string) error {
	table, err := geo.Files.ReadFile("networks.txt")
	if err != nil {
		return fmt.Errorf("BUG: fixture: %w", err)
	}
	networks, err := mmdb.Read(bytes.NewReader(table))
	if err != nil {
		return fmt.Errorf("BUG: networks.txt: %w", err)
	}
	for _, n := range (traffic.Atlas{}).Networks() {
		networks = append(networks, recordOf(n))
	}
	return mmdb.Write(folder, networks)
}

func recordOf(n traffic.Network) mmdb.Network {
	kind := "home"
	switch {
	case n.Classes&models.SourceHosting != 0:
		kind = "hosting"
	case n.Classes&models.SourceVPN != 0:
		kind = "vpn"
	}
	return mmdb.Network{
		Prefix: n.Prefix, Country: string(n.Place.Country[:]), City: n.Region, Located: n.Place.HasLocation,
		Latitude: float64(n.Place.Latitude), Longitude: float64(n.Place.Longitude), Radius: uint16(n.Place.Radius),
		ASN: n.Place.ASN, Operator: fmt.Sprintf("Simulated AS%d", n.Place.ASN), Kind: kind,
	}
}
