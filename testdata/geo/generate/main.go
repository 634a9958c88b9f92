// Command generate writes the fixture databases from a readable table. The same
// table always gives the same bytes.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/riskgate/riskgate/testdata/geo/mmdb"
)

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
	f, err := os.Open(source)
	if err != nil {
		return err
	}
	defer f.Close()
	networks, err := mmdb.Read(f)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return mmdb.Write(out, networks)
}
