package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/streaming/kafka"
	"github.com/riskgate/riskgate/streaming/ocsf"
)

type sectionCommand struct {
	Hash string `arg:"" optional:"" placeholder:"HASH" help:"The config_hash of an event, or its first digits. Default: the section published last."`
	sourceFlags
	List bool `help:"Print a line for each time a section was published, the last one at the end."`
}

// Help is printed below the flags.
func (sectionCommand) Help() string {
	return `Prints a risk section that a gateway published, as YAML for riskgate.yaml. It decides as the section did, with weights, slope and thresholds as they were learned, and goes on doing so: learning and budget are left out. Exit code 1: there is none, or more than one hash begins like that.`
}

// published is one record of a risk section.
type published struct {
	at     time.Time
	node   string
	engine *risk.Engine
}

// Run prints.
func (c sectionCommand) Run(ctx context.Context, s streams) error {
	if strings.Trim(c.Hash, "0123456789abcdef") != "" || len(c.Hash) > 16 {
		return usage("%q, want up to 16 hex digits, as in config_hash", c.Hash)
	}
	from, err := c.open(s.in)
	if err != nil {
		return err
	}
	var found []published
	broken := 0
	err = from.eachSection(ctx, func(r record) error {
		p, ok := readSection(r)
		if !ok {
			broken++
		} else if strings.HasPrefix(p.hash(), c.Hash) {
			found = append(found, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if broken > 0 {
		s.say("%d records of risk sections cannot be used and are left out", broken)
	}
	if len(found) == 0 {
		return c.none(from.name)
	}
	return c.print(found, s)
}

func (c sectionCommand) none(name string) error {
	if c.Hash == "" {
		return withHint(fmt.Errorf("no risk section in %s", name), "--from names the file of streaming.file.path, or kafka://broker/topic")
	}
	return withHint(fmt.Errorf("no risk section %s in %s", c.Hash, name), "riskctl section --list names those there are")
}

func (c sectionCommand) print(found []published, s streams) error {
	if c.List {
		for _, p := range found {
			if _, err := fmt.Fprintf(s.out, "%s  %s  %s  slope %.4g%s\n", p.at.UTC().Format(time.RFC3339), p.hash(), clean(p.node),
				p.engine.Config().Slope, basis(p.engine.Config().Learned)); err != nil {
				return err
			}
		}
		return nil
	}
	last := found[len(found)-1]
	for _, p := range found {
		if c.Hash != "" && p.hash() != last.hash() {
			return fmt.Errorf("more than one risk section begins with %s: %s and %s", c.Hash, p.hash(), last.hash())
		}
	}
	section := last.engine.Config()
	frozen := section.Frozen()
	text, err := config.RiskYAML(&frozen)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "# risk section %s, published by %s at %s%s\n%s", last.hash(), clean(last.node),
		last.at.UTC().Format(time.RFC3339), basis(section.Learned), text)
	return err
}

// basis says what a section rests on, nothing if it was configured.
func basis(l risk.Learned) string {
	if l == (risk.Learned{}) {
		return ""
	}
	return fmt.Sprintf(", learned from %d labels: %d attacks, %d genuine", l.Labels, l.Attacks, l.Labels-l.Attacks)
}

func (p *published) hash() string {
	hash := p.engine.Hash()
	return hex.EncodeToString(hash[:])
}

// readSection reads the record of a risk section, and returns false if it is not
// the one that its hash names, or none that this build can score with.
func readSection(r record) (p published, ok bool) {
	var e models.Event
	if ocsf.Decode(r.value, &e) != nil || e.Kind != models.ConfigEvent {
		return p, false
	}
	engine, err := engineOf(&e)
	return published{e.Time, e.Node, engine}, err == nil
}

// eachSection gives fn every record of a risk section, in order: those of the file
// before too, and of the topic that belongs to that of decisions.
func (s *source) eachSection(ctx context.Context, fn func(record) error) error {
	take := func(r record) error {
		if !bytes.Contains(r.value, configMark) {
			return nil
		}
		return fn(r)
	}
	switch {
	case s.topic != "":
		return s.eachOf(ctx, s.configTopic(), kafka.From{}, false, take)
	case s.stream != nil:
		return s.each(ctx, take)
	}
	if err := eachOfFile(ctx, s.path+rotated, take); err != nil && !isMissing(err) {
		return err
	}
	return eachOfFile(ctx, s.path, take)
}
