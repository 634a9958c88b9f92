package ocsf

import (
	"encoding/json"
	"net/netip"
)

// wire is an event as it stands in JSON: what Decode reads of it.
type wire struct {
	Class    int64  `json:"class_uid"`
	Type     string `json:"type"`
	Time     int64  `json:"time"`
	Count    uint32 `json:"count"`
	Start    *int64 `json:"start_time"`
	End      *int64 `json:"end_time"`
	Denial   string `json:"status_detail"`
	Metadata struct {
		UID string `json:"uid"`
	} `json:"metadata"`
	Policy struct {
		UID string `json:"uid"`
	} `json:"policy"`
	API struct {
		Operation string `json:"operation"`
	} `json:"api"`
	Resources []struct {
		Name string `json:"name"`
	} `json:"resources"`
	Destination struct {
		Service string `json:"svc_name"`
	} `json:"dst_endpoint"`
	Trace struct {
		UID string `json:"uid"`
	} `json:"trace"`
	User wireUser `json:"user"`
	wireRequest
	Evidences []wireRequest `json:"evidences"`
	Unmapped  struct {
		Riskgate wireRiskgate `json:"riskgate"`
	} `json:"unmapped"`

	// Of a configuration.
	UID        string          `json:"uid"`
	ConfigHash string          `json:"config_hash"`
	Risk       json.RawMessage `json:"risk"`
	Nanos      int64           `json:"ns"`
	Node       string          `json:"node"`
	Boot       uint64          `json:"boot"`
	Seq        uint64          `json:"seq"`
}

type wireUser struct {
	UID        string `json:"uid"`
	Credential string `json:"credential_uid"`
}

// wireRequest stands at the top of an event, or in the evidence of a finding.
type wireRequest struct {
	Actor struct {
		User wireUser `json:"user"`
	} `json:"actor"`
	Source struct {
		IP           *netip.Addr  `json:"ip"`
		Intermediate []netip.Addr `json:"intermediate_ips"`
		Location     struct {
			Country string   `json:"country"`
			Lat     *float32 `json:"lat"`
			Long    *float32 `json:"long"`
		} `json:"location"`
		AS struct {
			Number uint32 `json:"number"`
		} `json:"autonomous_system"`
	} `json:"src_endpoint"`
	Request struct {
		Method string `json:"http_method"`
		URL    struct {
			Host string `json:"hostname"`
			Path string `json:"path"`
		} `json:"url"`
		Agent string `json:"user_agent"`
		UID   string `json:"uid"`
	} `json:"http_request"`
	Response struct {
		Code int `json:"code"`
	} `json:"http_response"`
}

// wireRiskgate is unmapped.riskgate.
type wireRiskgate struct {
	Version       int                `json:"version"`
	Kind          string             `json:"kind"`
	Node          string             `json:"node"`
	Boot          uint64             `json:"boot"`
	Seq           uint64             `json:"seq"`
	Action        string             `json:"action"`
	ByRisk        string             `json:"by_risk"`
	ByPolicy      string             `json:"by_policy"`
	Mode          string             `json:"mode"`
	PolicyMode    string             `json:"policy_mode"`
	Class         string             `json:"class"`
	Challenge     string             `json:"challenge"`
	MaxAge        int64              `json:"max_age_ns"`
	Passed        bool               `json:"passed"`
	Credit        float64            `json:"credit"`
	Finding       string             `json:"finding"`
	Closed        bool               `json:"closed"`
	Verdicts      []wireRuling       `json:"verdicts"`
	Login         string             `json:"login"`
	Activity      string             `json:"activity"`
	Score         float64            `json:"score"`
	ActorScore    float64            `json:"actor_score"`
	Nats          float64            `json:"nats"`
	ActorNats     float64            `json:"actor_nats"`
	Base          float64            `json:"base"`
	Confidence    float64            `json:"confidence"`
	Refill        float64            `json:"refill"`
	Level         string             `json:"level"`
	Wanted        string             `json:"wanted"`
	Reasons       []string           `json:"reasons"`
	Contributions []wireContribution `json:"contributions"`
	ConfigHash    string             `json:"config_hash"`
	Features      []byte             `json:"features"`
	Subject       string             `json:"subject"`
	Credential    string             `json:"credential"`
	Established   bool               `json:"established"`
	Machine       bool               `json:"machine"`
	CanStepUp     bool               `json:"can_step_up"`
	TLS           struct {
		Version    uint16 `json:"version"`
		JA4        string `json:"ja4"`
		ServerName string `json:"server_name"`
		ALPN       string `json:"alpn"`
	} `json:"tls"`
	Observed   *wireObserved     `json:"observed"`
	Nanos      int64             `json:"ns"`
	FirstNanos int64             `json:"first_ns"`
	LastNanos  int64             `json:"last_ns"`
	Duration   int64             `json:"duration_ns"`
	UpstreamNs int64             `json:"upstream_ns"`
	BytesIn    int64             `json:"bytes_in"`
	BytesOut   int64             `json:"bytes_out"`
	Upstream   string            `json:"upstream"`
	Route      string            `json:"route"`
	Trace      string            `json:"trace"`
	Method     string            `json:"method"`
	Prefix     *netip.Prefix     `json:"prefix"`
	NoClient   bool              `json:"no_client"`
	NoPeer     bool              `json:"no_peer"`
	Payload    json.RawMessage   `json:"payload"`
	Raw        map[string][]byte `json:"raw"`
}

type wireRuling struct {
	Kind  string `json:"kind"`
	At    uint32 `json:"at"`
	Since uint32 `json:"since"`
}

type wireContribution struct {
	Group  string  `json:"group"`
	State  string  `json:"state"`
	Nats   float64 `json:"nats"`
	Points float64 `json:"points"`
	Facts  []struct {
		Fact  string  `json:"fact"`
		Value float32 `json:"value"`
	} `json:"facts"`
}

type wireObserved struct {
	Address     uint32  `json:"address"`
	Network     uint32  `json:"network"`
	Country     uint32  `json:"country"`
	Fingerprint uint32  `json:"fingerprint"`
	Handshake   uint32  `json:"handshake"`
	Endpoint    uint32  `json:"endpoint"`
	Role        uint32  `json:"role"`
	Family      uint32  `json:"family"`
	DeviceType  uint32  `json:"device_type"`
	Credential  uint32  `json:"credential"`
	Object      uint32  `json:"object"`
	DeviceToken uint32  `json:"device_token"`
	LoginUser   uint32  `json:"login_user"`
	ObjectSeq   *int64  `json:"object_seq"`
	Radius      float32 `json:"radius_km"`
	Located     bool    `json:"located"`
	Lat         float32 `json:"lat"`
	Long        float32 `json:"long"`
}
