package main

import (
	"net/netip"
	"time"

	"github.com/riskgate/riskgate/bench/traffic"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// traceLine is one request of a trace. docs/reference/risksim.md explains the
// fields.
type traceLine struct {
	Time         time.Time  `json:"time"`
	Subject      string     `json:"subject,omitempty"`
	Kind         string     `json:"kind"`
	Issuer       string     `json:"issuer,omitempty"`
	Credential   string     `json:"credential"`
	CredentialID string     `json:"credential_id,omitempty"`
	AuthTime     *time.Time `json:"auth_time,omitempty"`
	Address      netip.Addr `json:"address"`
	ASN          uint32     `json:"asn"`
	Country      string     `json:"country"`
	Region       string     `json:"region"`
	Latitude     float32    `json:"latitude"`
	Longitude    float32    `json:"longitude"`
	Hosting      bool       `json:"hosting,omitempty"`
	VPN          bool       `json:"vpn,omitempty"`
	Agent        string     `json:"agent"`
	Browser      string     `json:"browser,omitempty"`
	OS           string     `json:"os,omitempty"`
	DeviceType   string     `json:"device_type,omitempty"`
	JA4          string     `json:"ja4"`
	Device       *int       `json:"device,omitempty"` // nil: of an attack
	Method       string     `json:"method"`
	Route        string     `json:"route"`
	Class        string     `json:"class"`
	Path         string     `json:"path"`
	LoginUser    string     `json:"login_user,omitempty"`
	Login        string     `json:"login"`
	Status       int        `json:"status"`
	Bytes        int64      `json:"bytes"`
	TokenLost    bool       `json:"token_lost,omitempty"`
	HoldsToken   bool       `json:"holds_token,omitempty"`
	truth
}

// truth says who really sent a request.
type truth struct {
	Label   string `json:"label"`
	Variant string `json:"variant,omitempty"`
	Attack  int    `json:"attack,omitempty"`
	Person  string `json:"person"`
}

func truthOf(e *traffic.Event) truth {
	return truth{e.Label.String(), e.Variant.String(), e.Attack, e.Person}
}

func lineOf(e *traffic.Event) *traceLine {
	l := &traceLine{
		Time: e.Time.UTC(), Subject: e.Subject.ID, Kind: e.Subject.Kind.String(), Issuer: e.Subject.Issuer,
		Credential: e.Credential.String(), CredentialID: e.CredentialID, Address: e.Address, ASN: e.Place.ASN,
		Country: string(e.Place.Country[:]), Region: e.Region, Latitude: e.Place.Latitude, Longitude: e.Place.Longitude,
		Hosting: e.Classes&models.SourceHosting != 0, VPN: e.Classes&models.SourceVPN != 0,
		Agent: e.Agent, Browser: e.Browser, OS: e.OS, DeviceType: e.DeviceType, JA4: e.JA4,
		Method: e.Method, Route: e.Route, Class: e.Class.String(), Path: e.Path, LoginUser: e.LoginUser,
		Login: e.Login.String(), Status: e.Status, Bytes: e.BytesOut, TokenLost: e.TokenLost, HoldsToken: e.HoldsToken,
		truth: truthOf(e),
	}
	if device := e.Device; e.Label == traffic.Honest {
		l.Device = &device
	}
	if !e.AuthTime.IsZero() {
		at := e.AuthTime.UTC()
		l.AuthTime = &at
	}
	return l
}

// label is one line of a file of labels. Status and action are those of live
// traffic.
type label struct {
	ID     string    `json:"id"` // of the event, or of the request
	Time   time.Time `json:"time"`
	Status int       `json:"status,omitempty"`
	Action string    `json:"action,omitempty"`
	truth
}

func labelOf(e *traffic.Event, id models.EventID) label {
	return label{ID: string(ocsf.AppendUUID(nil, id)), Time: e.Time.UTC(), truth: truthOf(e)}
}
