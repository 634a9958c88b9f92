package gateway

import (
	"fmt"

	"github.com/riskgate/riskgate/gateway/logoff"
)

const endedName = "ended"

// loadEnded makes the table of sessions that were logged off, with those of an earlier
// run. What cannot be read is said and left aside: a gateway without it still scores.
func (g *Gateway) loadEnded() {
	g.ended = logoff.New(g.keys.Derive(labelEnded))
	saved, err := g.memory.Global(endedName)
	if err == nil && saved != nil {
		err = g.ended.Load(saved, g.options.Clock())
	}
	if err != nil {
		g.log.Error().Err(err).Msg("which sessions were logged off before the start is lost")
	}
}

// saveEnded keeps the sessions that were logged off, if there is news. One goroutine at
// a time may call it.
func (g *Gateway) saveEnded() error {
	if g.ended == nil {
		return nil
	}
	changes := g.ended.Changes()
	if changes == g.kept {
		return nil
	}
	if err := g.memory.PutGlobal(endedName, g.ended.AppendBinary(nil, g.options.Clock())); err != nil {
		return fmt.Errorf("save %s: %w", endedName, err)
	}
	g.kept = changes
	return nil
}
