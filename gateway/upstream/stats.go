package upstream

import (
	"slices"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// TargetStats are the numbers of one target since it was first configured.
type TargetStats struct {
	Pool, Target string
	Up           bool
	Pending      int    // requests that run now, streams included
	Idle         int    // connections kept
	Requests     uint64 // attempts
	Errors       []ErrorCount
}

// ErrorCount counts attempts that failed for one reason.
type ErrorCount struct {
	Reason models.Denial
	Count  uint64
}

// Stats returns the numbers of every current target, by pool and target.
func (u *Upstreams) Stats() []TargetStats {
	u.mu.Lock()
	all := make([]TargetStats, 0, len(u.targets))
	for _, t := range u.targets {
		all = append(all, t.stats())
	}
	u.mu.Unlock()
	slices.SortFunc(all, func(a, b TargetStats) int {
		return strings.Compare(a.Pool+"\x00"+a.Target, b.Pool+"\x00"+b.Target)
	})
	return all
}

func (t *target) stats() TargetStats {
	s := TargetStats{
		Pool: t.pool, Target: t.url, Up: !t.down.Load(),
		Pending: int(t.pending.Load()), Idle: t.idleCount(), Requests: t.requests.Load(),
	}
	for i := range reasons {
		s.Errors = append(s.Errors, ErrorCount{reasons[i], t.errors[i].Load()})
	}
	return s
}
