package authz

import (
	"net/netip"

	"github.com/cedar-policy/cedar-go/types"

	"github.com/riskgate/riskgate/models"
)

const (
	roleType  = "Role"
	classType = "Class"
	routeType = "Route"
)

var principalTypes = [...]types.EntityType{models.Anonymous: "Anonymous", models.User: "User", models.Client: "Client"}

// nobody stands for every anonymous caller.
var nobody = &models.Identity{Subject: models.Subject{ID: "anonymous"}}

// principal makes the entity of a caller; nil is anonymous. Its name holds the
// issuer, so that two issuers cannot vouch for one name: User::"issuer|sub",
// Client::"owner" for a registered client, Anonymous::"anonymous". Its roles are
// its parents too, so that a policy may say principal in Role::"clerk".
func principal(id *models.Identity) types.Entity {
	if id == nil {
		id = nobody
	}
	roles := make([]types.EntityUID, len(id.Roles))
	for i, r := range id.Roles {
		roles[i] = types.NewEntityUID(roleType, types.String(r))
	}
	name := id.Subject.ID
	if id.Subject.Issuer != "" {
		name = id.Subject.Issuer + "|" + name
	}
	return types.Entity{
		UID:     types.NewEntityUID(principalTypes[id.Subject.Kind], types.String(name)),
		Parents: types.NewEntityUIDSet(roles...),
		Attributes: types.NewRecord(types.RecordMap{
			"id": types.String(id.Subject.ID), "issuer": types.String(id.Subject.Issuer), "roles": texts(id.Roles), "scopes": texts(id.Scopes),
			"declared": types.Boolean(id.Declared),
		}),
	}
}

func texts(all []string) types.Set {
	values := make([]types.Value, len(all))
	for i, s := range all {
		values[i] = types.String(s)
	}
	return types.NewSet(values...)
}

func routeEntity(id string, class models.Class) types.Entity {
	return types.Entity{
		UID:        types.NewEntityUID(routeType, types.String(id)),
		Parents:    types.NewEntityUIDSet(types.NewEntityUID(classType, types.String(class.String()))),
		Attributes: types.NewRecord(types.RecordMap{"class": types.String(class.String())}),
	}
}

// action is a method with its group.
type action struct {
	method string
	entity types.Entity
}

// actions are the known methods, then the one that stands for all others.
var actions = func() (all []action) {
	add := func(method string, parents ...types.EntityUID) {
		uid := types.NewEntityUID("Action", types.String(method))
		all = append(all, action{method, types.Entity{UID: uid, Parents: types.NewEntityUIDSet(parents...)}})
	}
	for _, g := range actionGroups {
		for _, m := range g.methods {
			add(m, types.NewEntityUID("Action", types.String(g.group)))
		}
	}
	add(otherMethod)
	return all
}()

// actionIndex returns the index in actions of a method.
func actionIndex(method []byte) int {
	last := len(actions) - 1
	for i := range last {
		if string(method) == actions[i].method {
			return i
		}
	}
	return last
}

// entities are those of one request.
type entities [3]types.Entity

// Get implements types.EntityGetter.
func (e *entities) Get(uid types.EntityUID) (types.Entity, bool) {
	for i := range e {
		if e[i].UID == uid {
			return e[i], true
		}
	}
	return types.Entity{}, false
}

// context makes what mask shows of the context; policies read nothing else. Text
// that is not known is "", a number 0, an address 0.0.0.0: to a policy every
// member of the schema is there.
func (f *facts) context(mask visible) types.Record {
	r := types.RecordMap{}
	if mask&seesIdentity != 0 {
		id := f.identity
		if id == nil {
			id = nobody
		}
		r["acr"], r["credential"] = types.String(id.ACR), types.String(id.Credential.String())
	}
	if mask&seesRisk != 0 {
		r["risk"] = types.NewRecord(types.RecordMap{
			"score": types.Long(f.score), "actor": types.Long(f.actor), "confidence": types.Long(f.confidence),
			"level": types.String(f.level.String()),
		})
	}
	if mask&seesGeo != 0 {
		r["geo"] = f.geo()
	}
	if mask&seesDevice != 0 {
		r["device"] = types.NewRecord(types.RecordMap{"state": types.String(f.device.String())})
	}
	if mask&seesTime != 0 {
		r["time"] = types.NewRecord(types.RecordMap{"hour": types.Long(f.hour), "weekday": types.Long(f.weekday)})
	}
	if mask&seesAddress != 0 {
		r["address"] = f.ip()
	}
	if mask&seesEvidence != 0 {
		r["evidence"] = f.evidence(mask)
	}
	return types.NewRecord(r)
}

func (f *facts) ip() types.IPAddr {
	a := f.address
	if !a.IsValid() {
		a = netip.IPv4Unspecified()
	}
	return types.IPAddr(netip.PrefixFrom(a, a.BitLen()))
}

func (f *facts) evidence(mask visible) types.Record {
	states := types.RecordMap{}
	for g, s := range f.states {
		if mask&seesState(models.Group(g)) != 0 {
			states[types.String(models.Group(g).String())] = types.String(s.String())
		}
	}
	return types.NewRecord(states)
}

func (f *facts) geo() types.Record {
	country := ""
	if f.country != [2]byte{} {
		country = string(f.country[:])
	}
	return types.NewRecord(types.RecordMap{
		"country": types.String(country), "asn": types.Long(f.asn), "hosting": types.Boolean(f.hosting),
		"vpn": types.Boolean(f.vpn), "tor": types.Boolean(f.tor), "listed": types.Boolean(f.listed),
	})
}
