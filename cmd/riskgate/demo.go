package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/gateway/config"
	"github.com/riskgate/riskgate/signals/baseline"
	"github.com/riskgate/riskgate/testdata/geo"
)

//go:embed demo.yaml
var demoConfig string

//go:embed demo.cedar
var demoPolicies []byte

// demonstration is everything around the gateway of the demo. Its folder is
// removed at the end; after a fault the events stay.
type demonstration struct {
	command serveCommand
	folder  string
	backend *backend
	shop    string // API key of the machine client
}

// demo runs the demonstration until a signal ends it.
func (c serveCommand) demo(s streams, signals <-chan os.Signal) (err error) {
	d := &demonstration{command: c}
	if d.folder, err = os.MkdirTemp("", "riskgate-demo-"); err != nil {
		return fmt.Errorf("make demo folder: %w", err)
	}
	defer func() { err = errors.Join(err, d.clean(err == nil)) }()
	if d.backend, err = startBackend(); err != nil {
		return err
	}
	defer d.backend.stop()
	if err := d.furnish(); err != nil {
		return err
	}
	if err := d.seed(time.Now()); err != nil {
		return fmt.Errorf("seed baselines: %w", err)
	}
	o := d.options(s.report)
	return serve(o, signals, func(g *gateway.Gateway) error { return d.introduce(s.out, g) })
}

func (d *demonstration) options(report io.Writer) gateway.Options {
	return gateway.Options{Load: d.load, Node: "demo", Version: version, Log: logger(report)}
}

// load fills in the embedded configuration.
func (d *demonstration) load() (*config.Config, error) {
	t, err := template.New("demo").Parse(demoConfig)
	if err != nil {
		return nil, fmt.Errorf("BUG: demo configuration: %w", err)
	}
	var text bytes.Buffer
	err = t.Execute(&text, map[string]string{
		"Listen": d.command.Listen, "Admin": d.command.Admin, "Folder": d.folder,
		"Backend": "http://" + d.backend.listener.Addr().String(),
	})
	if err != nil {
		return nil, fmt.Errorf("BUG: demo configuration: %w", err)
	}
	return config.Parse("demo.yaml", text.Bytes(), os.LookupEnv)
}

// furnish writes the files that the configuration names.
func (d *demonstration) furnish() error {
	for _, name := range []string{"city.mmdb", "asn.mmdb", "anonymous.mmdb"} {
		b, err := fs.ReadFile(geo.Files, name)
		if err != nil {
			return fmt.Errorf("BUG: fixture: %w", err)
		}
		if err := d.write(name, b); err != nil {
			return err
		}
	}
	var hash string
	d.shop, hash = authn.GenerateKey("shop1")
	entry := "keys:\n  - {id: shop1, owner: shop-backend, hash: \"" + hash + "\", roles: [shop]}\n"
	return errors.Join(
		d.write("keys.yaml", []byte(entry)),
		d.write("policies.cedar", demoPolicies),
		baseline.CreateKeyFile(filepath.Join(d.folder, "cluster.key")),
	)
}

func (d *demonstration) write(name string, content []byte) error {
	if err := os.WriteFile(filepath.Join(d.folder, name), content, 0o600); err != nil {
		return fmt.Errorf("furnish demo: %w", err)
	}
	return nil
}

// clean removes the folder, or all but the events.
func (d *demonstration) clean(whole bool) error {
	if whole {
		return os.RemoveAll(d.folder)
	}
	entries, err := os.ReadDir(d.folder)
	for _, e := range entries {
		if e.Name() != "events.jsonl" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(d.folder, e.Name())))
		}
	}
	return err
}
