// Package authn proves who is calling.
package authn

import (
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

// Config is the authn section.
type Config struct {
	JWT     JWTConfig    `yaml:"jwt"`
	APIKeys APIKeyConfig `yaml:"api_keys"`
}

// JWTConfig says whose bearer tokens are believed.
type JWTConfig struct {
	// Issuers of tokens. Default none: every token is refused.
	Issuers []Issuer `yaml:"issuers"`
	// Cache bounds the memory of verified tokens. Default 32MiB.
	Cache models.Size `yaml:"cache"`
}

// Issuer is one issuer of bearer tokens.
type Issuer struct {
	// Issuer is the exact value of the iss claim. Required.
	Issuer string `yaml:"issuer"`
	// Audience lists values of which a token's aud claim must hold one. Required.
	Audience []string `yaml:"audience"`
	// Leeway for clocks that differ, on exp, nbf and iat. 0 stands for the
	// default, 30s.
	Leeway time.Duration `yaml:"leeway"`
	// RolesClaim names the claim that holds roles; a dot leads into an object,
	// as in realm_access.roles. Default roles.
	RolesClaim string `yaml:"roles_claim"`
	// Clients maps the sub claim of client-credentials tokens to the owner that
	// the client is known by, as in the API key file. A token whose sub equals
	// its client_id (or azp) is a client's without being listed.
	Clients map[string]string `yaml:"clients"`
	// Keys says where the keys are and which algorithms count.
	Keys jose.Config `yaml:",inline"`
}

// APIKeyConfig says where API keys are listed and how they are shown.
type APIKeyConfig struct {
	// File lists the keys: ids, owners and hashes. Default none: every key is
	// refused.
	File string `yaml:"file"`
	// Header is the field that carries a key. Default X-Api-Key.
	Header string `yaml:"header"`
}

const (
	defaultLeeway = 30 * time.Second
	defaultRoles  = "roles"
	maxLeeway     = 5 * time.Minute
)

// DefaultConfig returns the defaults: nobody is believed.
func DefaultConfig() Config {
	return Config{JWT: JWTConfig{Cache: 32 << 20}, APIKeys: APIKeyConfig{Header: "X-Api-Key"}}
}

// Validate reports every mistake, by path relative to the section. It does not
// read the files.
func (c Config) Validate() models.Problems {
	var p models.Problems
	if c.JWT.Cache < 64<<10 || c.JWT.Cache > 64<<30 {
		p.Add("jwt.cache", c.JWT.Cache, "want 64KiB to 64GiB")
	}
	seen := map[string]bool{}
	for i, is := range c.JWT.Issuers {
		path := "jwt.issuers[" + strconv.Itoa(i) + "]"
		p.Under(path, is.Validate())
		if is.Issuer != "" && seen[is.Issuer] {
			p.Add(path+".issuer", is.Issuer, "want each issuer once")
		}
		seen[is.Issuer] = true
	}
	if !fieldName(c.APIKeys.Header) || strings.EqualFold(c.APIKeys.Header, "authorization") {
		p.Add("api_keys.header", strconv.Quote(c.APIKeys.Header), "want a field name other than Authorization")
	}
	return p
}

// Validate reports every mistake of one issuer.
func (i Issuer) Validate() models.Problems {
	var p models.Problems
	if i.Issuer == "" {
		p.Add("issuer", "nothing", "want the iss claim of its tokens")
	}
	if len(i.Audience) == 0 {
		p.Add("audience", "nothing", "want at least one aud value that stands for this API")
	}
	for _, a := range i.Audience {
		if a == "" {
			p.Add("audience", `""`, "want no empty value")
		}
	}
	if i.Leeway < 0 || i.Leeway > maxLeeway {
		p.Add("leeway", i.Leeway, "want 0s to "+maxLeeway.String())
	}
	for sub, owner := range i.Clients {
		if sub == "" || owner == "" {
			p.Add("clients", strconv.Quote(sub)+": "+strconv.Quote(owner), "want neither to be empty")
		}
	}
	return append(p, i.Keys.Validate()...)
}

func fieldName(s string) bool {
	for _, c := range s {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

func (i Issuer) withDefaults() Issuer {
	if i.Leeway == 0 {
		i.Leeway = defaultLeeway
	}
	if i.RolesClaim == "" {
		i.RolesClaim = defaultRoles
	}
	i.Keys = i.Keys.WithDefaults()
	return i
}
