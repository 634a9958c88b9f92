package upstream

import "math/rand/v2"

// Pool is the set of targets that a route forwards to. It belongs to one
// configuration and never changes; its targets may outlive it.
type Pool struct {
	name    string
	config  PoolConfig
	members []member
}

type member struct {
	*target
	host string // Host field to send, "": the client's
}

// Name returns the name of the pool in the configuration.
func (p *Pool) Name() string { return p.name }

// pick begins a request on the less busy of two targets chosen at random among
// those that are up, and returns nil if every target runs as many as it may.
// Where none is up, all are tried: then it is as likely that the check is wrong
// as that every server is. Last is the target that failed just now, nil at first.
func (p *Pool) pick(last *target) *member {
	start := 0
	if len(p.members) > 1 {
		start = p.lessBusy()
	}
	up := false
	for _, again := range [...]bool{false, true} {
		for i := range p.members {
			m := &p.members[(start+i)%len(p.members)]
			if m.down.Load() {
				continue
			}
			up = true
			if (again || m.target != last) && m.begin(p.config.MaxConnections) {
				return m
			}
		}
	}
	if up {
		return nil
	}
	for i := range p.members {
		m := &p.members[(start+i)%len(p.members)]
		if m.begin(p.config.MaxConnections) {
			return m
		}
	}
	return nil
}

// lessBusy returns the better of two different members chosen at random.
func (p *Pool) lessBusy() int {
	r, n := rand.Uint64(), uint64(len(p.members))
	i := int((r >> 32) % n)
	j := int((r & (1<<32 - 1)) % (n - 1))
	if j >= i {
		j++
	}
	a, b := &p.members[i], &p.members[j]
	if a.down.Load() || !b.down.Load() && b.pending.Load() < a.pending.Load() {
		return j
	}
	return i
}
