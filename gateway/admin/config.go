// Package admin answers operators on an address of its own: health, readiness,
// metrics, reload and recent decisions.
package admin

import (
	"net"
	"net/netip"

	"github.com/riskgate/riskgate/models"
)

// Config is the section admin of riskgate.yaml.
type Config struct {
	// Address is where operators connect. Default 127.0.0.1:9090.
	Address string `yaml:"address"`
	// Token must be shown as "Authorization: Bearer". It may be empty only where
	// Address is a loopback address. Default none.
	Token models.Secret `yaml:"token"`
	// TokenFile names a file that holds the token, white space around it
	// ignored. Default none.
	TokenFile string `yaml:"token_file" path:"true"`
	// Recent is how many decisions /-/events remembers, 0 to 4096. Default 256.
	Recent int `yaml:"recent"`
}

// DefaultConfig returns the configuration of an empty section.
func DefaultConfig() Config {
	return Config{Address: "127.0.0.1:9090", Recent: 256}
}

// Validate reports every mistake.
func (c Config) Validate() models.Problems {
	var p models.Problems
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		p.Add("address", c.Address, "want host:port, like 127.0.0.1:9090")
	} else if c.Token == "" && c.TokenFile == "" && !loopback(c.Address) {
		p.Add("address", c.Address, "want a loopback address, or a token or token_file beside it")
	}
	if c.Token != "" && c.TokenFile != "" {
		p.Add("token_file", c.TokenFile, "want token or token_file, not both")
	}
	if c.Recent < 0 || c.Recent > 4096 {
		p.Add("recent", c.Recent, "want a number from 0 to 4096")
	}
	return p
}

// loopback reports whether address names a loopback address, not a host name.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
