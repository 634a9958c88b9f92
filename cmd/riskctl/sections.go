package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming/kafka"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

// rotated is what the file sink adds to the name of the file before.
const rotated = ".1"

// configMark stands in every record of a risk section.
var configMark = []byte(`"riskgate.config"`)

// sections are the risk sections that decisions were made by, under their
// hashes.
type sections struct {
	engines map[[8]byte]*risk.Engine
	broken  map[[8]byte]error // records that cannot be used, and why
}

func newSections() *sections {
	return &sections{engines: map[[8]byte]*risk.Engine{}, broken: map[[8]byte]error{}}
}

// take reads the record of a risk section. It returns false for other records.
func (s *sections) take(r record) bool {
	if !bytes.Contains(r.value, configMark) {
		return false
	}
	var e models.Event
	if ocsf.Decode(r.value, &e) != nil || e.Kind != models.ConfigEvent {
		return false
	}
	if s.engines[e.ConfigHash] != nil {
		return true
	}
	engine, err := engineOf(&e)
	if err != nil {
		s.broken[e.ConfigHash] = fmt.Errorf("%s: %w", r.place, err)
		return true
	}
	s.engines[e.ConfigHash] = engine
	return true
}

var (
	errForged = errors.New("the record of the risk section is not the one that its hash names")
)

func engineOf(e *models.Event) (*risk.Engine, error) {
	sum := sha256.Sum256(e.Payload)
	if !bytes.Equal(sum[:len(e.ConfigHash)], e.ConfigHash[:]) {
		return nil, fmt.Errorf("%w: %x", errForged, e.ConfigHash)
	}
	return risk.Restore(e.Payload)
}

// load takes the risk section of a riskgate.yaml.
func (s *sections) load(file string) error {
	if file == "" {
		return nil
	}
	section, err := config.LoadRisk(file)
	if err != nil {
		return withHint(err, "riskgate check --config %s", file)
	}
	engine := risk.New(section)
	s.engines[engine.Hash()] = engine
	return nil
}

// scan takes every risk section of the source, of the file before it where there
// is one, or of the topic of risk sections. A stream cannot be read twice and is
// left alone.
func (s *sections) scan(ctx context.Context, from *source, enough func() bool) error {
	take := func(r record) error {
		if s.take(r) && enough() {
			return errEnough
		}
		return nil
	}
	switch {
	case from.stream != nil || enough():
		return nil
	case from.topic != "":
		err := from.eachOf(ctx, from.configTopic(), kafka.From{}, false, take)
		if err != nil && len(s.engines) == 0 {
			return withHint(err, "--config-from FILE takes the risk section from a riskgate.yaml")
		}
		return ctx.Err()
	}
	if err := eachOfFile(ctx, from.path, take); err != nil || enough() {
		return err
	}
	if err := eachOfFile(ctx, from.path+rotated, take); !isMissing(err) {
		return err
	}
	return nil
}

// isMissing reports whether a file is not there.
func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// of returns the engine of the risk section that e was made by.
func (s *sections) of(e *models.Event) (*risk.Engine, error) {
	if engine := s.engines[e.ConfigHash]; engine != nil {
		return engine, nil
	}
	if err := s.broken[e.ConfigHash]; err != nil {
		return nil, err
	}
	err := fmt.Errorf("the risk section %x, which the decision was made by, was not found among %d", e.ConfigHash, len(s.engines))
	return nil, withHint(err, "--config-from FILE takes it from the riskgate.yaml of that time")
}
