package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

// token authenticates a bearer token. A token that was verified before and is
// still valid costs one look-up.
func (a *Authenticator) token(raw []byte, now time.Time) (*models.Identity, models.Denial) {
	if e := a.env.tokens.get(raw); e != nil && e.valid(now) && a.knows(e.issuer) {
		return e.identity, ""
	}
	if !jose.Shaped(raw) {
		return nil, models.TokenMalformed
	}
	e, denial := a.verify(raw, now)
	if denial != "" {
		return nil, denial
	}
	a.env.tokens.put(e)
	return e.identity, ""
}

func (a *Authenticator) verify(raw []byte, now time.Time) (*entry, models.Denial) {
	raw = slices.Clone(raw) // strings and entry must not alias the connection
	tok, denial := jose.Parse(raw)
	if denial != "" {
		return nil, denial
	}
	c, ok := readClaims(tok.Payload)
	if !ok {
		return nil, models.TokenClaims
	}
	is := a.issuerOf(c.issuer)
	if is == nil {
		return nil, models.TokenIssuer
	}
	key, denial := is.keys.Verify(&tok, now)
	if denial != "" {
		return nil, denial
	}
	if denial := is.check(&tok, &c, now); denial != "" {
		return nil, denial
	}
	id, ok := is.identity(&c, a.env.pseudonym)
	if !ok {
		return nil, models.TokenClaims
	}
	return &entry{token: raw, identity: id, issuer: is, key: key, until: c.expires.Add(is.cfg.Leeway)}, ""
}

func (a *Authenticator) issuerOf(name string) *issuer {
	for _, is := range a.issuers {
		if is.cfg.Issuer == name {
			return is
		}
	}
	return nil
}

// check judges the claims of a token whose signature is good.
func (i *issuer) check(tok *jose.Token, c *claims, now time.Time) models.Denial {
	leeway := i.cfg.Leeway
	switch {
	case !accessTokenType(tok.Type), c.subject == "", c.expires.IsZero(), c.bound:
		return models.TokenClaims
	case !slices.ContainsFunc(c.audience, func(aud string) bool { return slices.Contains(i.cfg.Audience, aud) }):
		return models.TokenAudience
	case !now.Before(c.expires.Add(leeway)):
		return models.TokenExpired
	case now.Add(leeway).Before(c.notBefore), now.Add(leeway).Before(c.issuedAt):
		return models.TokenNotYetValid
	}
	return ""
}

// accessTokenType reports whether typ may stand on an access token: logout
// tokens, security events and proofs of possession are signed with the same
// keys.
func accessTokenType(typ string) bool {
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "", "jwt", "at+jwt":
		return true
	}
	return false
}

func (i *issuer) identity(c *claims, pseudonym func(models.Subject) models.Pseudonym) (*models.Identity, bool) {
	roles, ok := c.roles(i.cfg.RolesClaim)
	if !ok {
		return nil, false
	}
	id := &models.Identity{
		Credential: models.JWT, CredentialID: c.sid, Session: c.session(), Roles: roles, Scopes: append(c.scopes, c.scp...),
		ACR: c.acr, AuthTime: c.authTime, Issued: c.issuedAt, Expires: c.expires,
	}
	if id.CredentialID == "" {
		id.CredentialID = c.client()
	}
	id.Subject, id.Declared = i.subject(c)
	id.Pseudonym = pseudonym(id.Subject)
	return id, true
}

// subject tells users from clients. A client's own token names the client as its
// subject; a user acting through a client is the user.
func (i *issuer) subject(c *claims) (s models.Subject, declared bool) {
	if owner, ok := i.cfg.Clients[c.subject]; ok {
		return models.Subject{Kind: models.Client, ID: owner}, true
	}
	kind := models.User
	if c.subject == c.client() {
		kind = models.Client
	}
	return models.Subject{Kind: kind, Issuer: c.issuer, ID: c.subject}, false
}
