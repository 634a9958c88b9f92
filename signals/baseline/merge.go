package baseline

import "sort"

// Version orders the contributions of one node: higher replaces lower. Nodes
// use the time of the write and a counter, so that equal versions of a node
// are equal contributions.
type Version uint64

// State is what all gateways have learned about one subject: each node's latest
// contribution. Nodes write their own entry only.
type State map[string]Versioned

// Versioned is a contribution with its version.
type Versioned struct {
	Version      Version
	Contribution Contribution
}

// Merge returns the state that holds, for each node, the entry of the higher
// version. It is commutative, associative and idempotent; a and b are left
// alone.
func Merge(a, b State) State {
	out := make(State, max(len(a), len(b)))
	for node, v := range a {
		out[node] = v
	}
	for node, v := range b {
		if have, ok := out[node]; !ok || have.Version < v.Version {
			out[node] = v
		}
	}
	return out
}

// Fold returns the contribution to score with: all nodes' contributions, added
// in the order of the nodes' names. The fold of one node is its contribution,
// bit for bit.
func Fold(s State) Contribution {
	nodes := make([]string, 0, len(s))
	for node := range s {
		nodes = append(nodes, node)
	}
	sort.Strings(nodes)
	var out Contribution
	for i, node := range nodes {
		part := s[node].Contribution
		if i == 0 {
			out = part
			continue
		}
		out.add(&part)
	}
	return out
}

// add adds part to c at the later of their times. It changes part's decay only.
func (c *Contribution) add(part *Contribution) {
	now := max(c.At, part.At)
	c.decay(now)
	part.decay(now)
	addSlots(c.Network[:], part.Network[:])
	addSlots(c.Device[:], part.Device[:])
	for _, p := range part.Probation {
		c.addProbation(p)
	}
	c.Novelty.add(&part.Novelty)
	c.addHours(part)
	c.addFacts(part)
}

func (c *Contribution) addFacts(part *Contribution) {
	c.First = earlier(c.First, part.First)
	c.TokenAt = earlier(c.TokenAt, part.TokenAt)
	c.Last = max(c.Last, part.Last)
	c.Successes += part.Successes
	c.Days = max(c.Days, part.Days) // the same days, seen by both
	c.Passed += min(part.Passed, ^c.Passed)
	c.Failed += min(part.Failed, ^c.Failed)
	if part.Location.At > c.Location.At {
		c.Location = part.Location
	}
}

// addSlots adds the slots of part to table, which keeps the heaviest.
func addSlots(table, part []Slot) {
	for _, s := range part {
		if s.Weight == 0 {
			continue
		}
		i := findSlot(table, s.Fine, s.Mid, s.Coarse)
		if i < 0 {
			if i = lightest(table); table[i].Weight < s.Weight {
				table[i] = s
			}
			continue
		}
		table[i].Weight += s.Weight
		if s.Born == 0 {
			table[i].Born = 0
		}
	}
}

// addProbation keeps the further advanced of two entries for one value.
func (c *Contribution) addProbation(p Probation) {
	if p.Kind == NoProbation {
		return
	}
	i := c.findProbation(p.Kind, p.Value)
	if i < 0 {
		i = c.findProbation(NoProbation, 0)
	}
	if i >= 0 && c.Probation[i].Days < p.Days {
		c.Probation[i] = p
	}
}

func earlier(a, b uint32) uint32 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func saturate(n uint32) uint16 { return uint16(min(n, 1<<16-1)) }
