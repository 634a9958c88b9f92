// Package config reads, defaults and validates riskgate.yaml.
package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/riskgate/riskgate/gateway/admin"
	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/authz"
	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/gateway/listener"
	"github.com/riskgate/riskgate/gateway/ratelimit"
	"github.com/riskgate/riskgate/gateway/stepup"
	"github.com/riskgate/riskgate/gateway/upstream"
	"github.com/riskgate/riskgate/gateway/verdict"
	"github.com/riskgate/riskgate/models"
	"github.com/riskgate/riskgate/risk"
	"github.com/riskgate/riskgate/signals"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/signals/geo"
	"github.com/riskgate/riskgate/streaming"
)

// Config is the whole configuration. Sections are named as the packages they
// configure. It is immutable once loaded.
type Config struct {
	// Memory bounds profiles, probation, caches and the ring together, and is the
	// soft limit of the process. From 64MiB. Default 1GiB.
	Memory models.Size `yaml:"memory"`

	Listener  listener.Config  `yaml:"listener"`
	Admin     admin.Config     `yaml:"admin"`
	Upstream  upstream.Config  `yaml:"upstream"`
	Routes    []Route          `yaml:"routes"`
	Authn     authn.Config     `yaml:"authn"`
	Authz     authz.Config     `yaml:"authz"`
	RateLimit ratelimit.Config `yaml:"ratelimit"`
	StepUp    stepup.Config    `yaml:"stepup"`
	Signals   signals.Config   `yaml:"signals"`
	Risk      risk.Config      `yaml:"risk"`
	Verdict   verdict.Config   `yaml:"verdict"`
	Streaming streaming.Config `yaml:"streaming"`

	where positions // of what the file mentions
}

// Default returns the configuration of an empty file.
func Default() Config {
	return Config{
		Memory:    1 << 30,
		Listener:  listener.DefaultConfig(),
		Admin:     admin.DefaultConfig(),
		Upstream:  upstream.DefaultConfig(),
		Authn:     authn.DefaultConfig(),
		Authz:     authz.DefaultConfig(),
		RateLimit: ratelimit.DefaultConfig(),
		StepUp:    stepup.DefaultConfig(),
		Signals:   signals.DefaultConfig(),
		Risk:      risk.DefaultConfig(),
		Verdict:   verdict.DefaultConfig(),
		Streaming: streaming.DefaultConfig(),
	}
}

// elements holds the defaults of the elements of lists and maps.
func elements() map[reflect.Type]reflect.Value {
	return map[reflect.Type]reflect.Value{
		reflect.TypeFor[Route]():               reflect.ValueOf(DefaultRoute()),
		reflect.TypeFor[Login]():               reflect.ValueOf(DefaultLogin()),
		reflect.TypeFor[upstream.PoolConfig](): reflect.ValueOf(upstream.DefaultPool()),
		reflect.TypeFor[geo.Location]():        reflect.ValueOf(geo.DefaultLocation()),
		reflect.TypeFor[risk.Candidate]():      candidateOf(reflect.ValueOf(risk.DefaultConfig())),
	}
}

// heir is a list in a section whose elements begin as the section stands in the
// file, wherever in it the list does.
type heir struct {
	field   string
	element reflect.Type
	begin   func(section reflect.Value) reflect.Value
}

func heirs() map[reflect.Type]heir {
	return map[reflect.Type]heir{
		reflect.TypeFor[risk.Config](): {"candidates", reflect.TypeFor[risk.Candidate](), candidateOf},
	}
}

func candidateOf(section reflect.Value) reflect.Value {
	c := section.Interface().(risk.Config)
	return reflect.ValueOf(c.Candidate())
}

// pathFields names the fields of other packages that hold paths of files.
// Relative ones start at the folder of the configuration file.
func pathFields() map[reflect.Type][]string {
	return map[reflect.Type][]string{
		reflect.TypeFor[listener.TLS]():         {"Cert", "Key"},
		reflect.TypeFor[upstream.PoolConfig]():  {"CA"},
		reflect.TypeFor[authn.APIKeyConfig]():   {"File"},
		reflect.TypeFor[authz.Config]():         {"Policies"},
		reflect.TypeFor[jose.Config]():          {"File"},
		reflect.TypeFor[geo.Config]():           {"City", "ASN", "Anonymous", "Lists"},
		reflect.TypeFor[baseline.StoreConfig](): {"Path", "KeyFile"},
		reflect.TypeFor[streaming.FileConfig](): {"Path"},
		reflect.TypeFor[streaming.RingConfig](): {"Path"},
		reflect.TypeFor[streaming.KafkaTLS]():   {"CA", "Cert", "Key"},
		reflect.TypeFor[streaming.KafkaSASL]():  {"PasswordFile"},
	}
}

// Load reads and checks the file. What is wrong with its contents is a Mistakes
// error; other errors say that it could not be read.
func Load(name string) (*Config, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", name, err)
	}
	return Parse(name, src, os.LookupEnv)
}

// Parse reads and checks the contents of a file called name. Relative paths in
// it start at the folder of name; env looks up the variables that secrets name.
// Its only error is Mistakes.
func Parse(name string, src []byte, env func(string) (string, bool)) (*Config, error) {
	c := Default()
	d := decoder{folder: filepath.Dir(name), env: env, defaults: elements(), where: positions{}}
	root, mistakes := parse(src)
	d.mistakes = mistakes
	d.decode(root, reflect.ValueOf(&c).Elem(), "")
	p := paths{folder: d.folder, fields: pathFields()}
	p.within(reflect.ValueOf(&c).Elem())
	c.where = d.where
	unread := slices.Clone(d.mistakes) // their values are still the defaults
	for _, p := range c.Validate() {
		if !unread.touches(p.Path) {
			d.mistakes.add(d.where.of(p.Path), p.Path, p.Value, p.Wish)
		}
	}
	if len(d.mistakes) > 0 {
		return nil, d.mistakes.in(name)
	}
	return &c, nil
}

// Validate reports every mistake that shows without opening a file: first those
// of each section, then those between sections.
func (c *Config) Validate() models.Problems {
	var ps models.Problems
	ps.Under("listener", c.Listener.Validate())
	ps.Under("admin", c.Admin.Validate())
	ps.Under("upstream", c.Upstream.Validate())
	ps.Under("routes", validateRoutes(c.Routes))
	ps.Under("authn", c.Authn.Validate())
	ps.Under("authz", c.Authz.Validate())
	ps.Under("ratelimit", c.RateLimit.Validate())
	ps.Under("stepup", c.StepUp.Validate())
	ps.Under("signals", c.Signals.Validate())
	ps.Under("risk", c.Risk.Validate())
	ps.Under("verdict", c.Verdict.Validate())
	ps.Under("streaming", c.Streaming.Validate())
	c.crossCheck(&ps)
	return ps
}

// Place returns "line:column" of what stands at path in the file, or of the
// nearest part around it.
func (c *Config) Place(path string) string {
	pos := c.where.of(path)
	return fmt.Sprintf("%d:%d", pos.line, pos.column)
}
