package models

import (
	"net/netip"
	"time"
)

// SubjectKind says what sort of caller a subject is. The zero value is
// Anonymous.
type SubjectKind uint8

// The kinds of subject.
const (
	Anonymous SubjectKind = iota // no credential: keyed hash of address and agent
	User                         // a person: (issuer, subject) of a token
	Client                       // a registered machine caller
	numSubjectKinds
)

var subjectKindNames = [numSubjectKinds]string{"anonymous", "user", "client"}

// String returns the name used in events and policies.
func (k SubjectKind) String() string { return nameOf(subjectKindNames[:], int(k)) }

// Subject is who is calling, independent of the credential used. A user acting
// through a client is the user.
type Subject struct {
	Kind   SubjectKind
	Issuer string // token issuer; empty for clients from keys.yaml
	ID     string // sub of the token, or owner of the key
}

// Pseudonym stands for a subject outside the gateway's memory: in events, as
// record key and as key of the store. It is a keyed hash, so that it says
// nothing without the cluster key.
type Pseudonym [16]byte

// CredentialKind says how the caller proved who it is. The zero value is
// NoCredential.
type CredentialKind uint8

// The kinds of credential.
const (
	NoCredential CredentialKind = iota
	APIKey
	JWT
	numCredentialKinds
)

var credentialKindNames = [numCredentialKinds]string{"none", "api_key", "jwt"}

// String returns the name used in events, policies and metrics.
func (k CredentialKind) String() string { return nameOf(credentialKindNames[:], int(k)) }

// Identity is the result of authentication. It is built once per credential,
// shared by every request that shows it, and never changed afterwards.
type Identity struct {
	Subject    Subject
	Pseudonym  Pseudonym      // of Subject
	Credential CredentialKind // how it was proved
	// CredentialID tells credentials of one subject apart and survives their
	// refresh: the key id, or the token's sid, else its client.
	CredentialID string
	// Session names what a logoff of a person ends, and survives a refresh: the
	// token's sid, else one authentication at a client. "" where nothing can end.
	Session  string
	Roles    []string
	Scopes   []string
	Networks []netip.Prefix // declared networks of a machine client; nil: none declared
	ACR      string         // authentication context class of the token, "" if absent
	AuthTime time.Time      // last active authentication, zero if absent
	Issued   time.Time      // of the token, zero if it does not say
	Expires  time.Time      // end of validity, zero: never
	Declared bool           // registered by the operator, so established from the start
}

// Machine reports whether the subject is a program that cannot step up.
func (i *Identity) Machine() bool { return i.Subject.Kind == Client }

// CanStepUp reports whether the caller can answer an RFC 9470 challenge.
func (i *Identity) CanStepUp() bool { return i.Credential == JWT && i.Subject.Kind == User }
