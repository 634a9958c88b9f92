package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/bench/traffic"
)

// keyOf returns the API key of a client, as it is shown, and its id. The same
// seed always gives the same key, so that the gateway's key file and the replay
// need no common store. Such keys protect nothing but a simulation.
func keyOf(seed string, client netip.Addr) (wire, id string) {
	id = "log-" + strings.ReplaceAll(client.String(), ":", "-")
	return wireOf(seed, id), id
}

// wireOf returns the key with an id as it is shown.
func wireOf(seed, id string) string {
	mac := hmac.New(sha256.New, []byte(seed))
	mac.Write([]byte(id))
	return "rgk_" + id + "_" + hex.EncodeToString(mac.Sum(nil))
}

// writeKeys writes the gateway's key file for every client of the log.
func writeKeys(o options, lines []traffic.Line) error {
	clients := map[netip.Addr]bool{}
	for _, l := range lines {
		clients[l.Client] = true
	}
	var ids []string
	for _, c := range slices.SortedFunc(maps.Keys(clients), netip.Addr.Compare) {
		_, id := keyOf(o.keySeed, c)
		ids = append(ids, id)
	}
	return writeKeyFile(o.writeKeys, o.keySeed, "an access log", ids)
}

// writeKeyFile writes the gateway's key file for these ids, each of which owns
// its key.
func writeKeyFile(path, seed, of string, ids []string) error {
	var b strings.Builder
	b.WriteString("# Keys of the clients of " + of + ", made by risksim for a simulation.\nkeys:\n")
	for _, id := range ids {
		hash := sha256.Sum256([]byte(wireOf(seed, id)))
		fmt.Fprintf(&b, "  - {id: %q, owner: %q, hash: \"sha256:%s\", roles: [reader]}\n", id, id, hex.EncodeToString(hash[:]))
	}
	return os.WriteFile(path, []byte(b.String()), 0o600)
}
