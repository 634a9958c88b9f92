package authz

import (
	"strings"

	"github.com/cedar-policy/cedar-go/x/exp/schema"
	"github.com/cedar-policy/cedar-go/x/exp/schema/validate"

	"github.com/riskgate/riskgate/models"
)

// The known methods, by the group they belong to. Any other is Action::"other".
var actionGroups = []struct {
	group   string
	methods []string
}{
	{"read", []string{"GET", "HEAD", "OPTIONS"}},
	{"write", []string{"POST", "PUT", "PATCH", "DELETE"}},
}

const otherMethod = "other"

const schemaHead = `
entity Role;
entity Class enum ["normal", "sensitive", "admin", "login"];
entity User, Client, Anonymous in [Role] {
	id: String,
	issuer: String,
	roles: Set<String>,
	scopes: Set<String>,
	declared: Bool,
};
entity Route in [Class] { class: String };
type Context = {
	risk: { score: Long, actor: Long, confidence: Long, level: String },
	geo: { country: String, asn: Long, hosting: Bool, vpn: Bool, tor: Bool, listed: Bool },
	device: { state: String },
	time: { hour: Long, weekday: Long },
	address: ipaddr,
	acr: String,
	credential: String,
	evidence: {`

// Schema returns the Cedar schema that policies are checked against, in Cedar's
// own notation.
func Schema() string {
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(schemaHead, "\n"))
	for g := range models.NumGroups {
		b.WriteString("\n\t\t" + g.String() + ": String,")
	}
	b.WriteString("\n\t},\n};\naction read, write;\n")
	const applies = " appliesTo { principal: [User, Client, Anonymous], resource: Route, context: Context };\n"
	for _, g := range actionGroups {
		b.WriteString("action " + strings.Join(g.methods, ", ") + " in [" + g.group + "]" + applies)
	}
	b.WriteString("action " + otherMethod + applies)
	return b.String()
}

func newValidator() *validate.Validator {
	var s schema.Schema
	if err := s.UnmarshalCedar([]byte(Schema())); err != nil {
		panic("BUG: schema: " + err.Error())
	}
	resolved, err := s.Resolve()
	if err != nil {
		panic("BUG: schema: " + err.Error())
	}
	return validate.New(resolved)
}
