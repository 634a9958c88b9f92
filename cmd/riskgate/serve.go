package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/gateway"
	"github.com/riskgate/riskgate/gateway/config"
)

type serveCommand struct {
	Config string `type:"path" placeholder:"FILE" help:"The configuration."`
	Demo   bool   `help:"Run with an embedded configuration, a built-in upstream and seeded baselines."`
	Listen string `default:"127.0.0.1:8080" hidden:"" help:"Address of the demo."`
	Admin  string `default:"127.0.0.1:9090" hidden:"" help:"Admin address of the demo."`
	Node   string `placeholder:"NAME" help:"Name of this gateway in events. Default: the host's name."`
}

// Run serves until SIGTERM or SIGINT. SIGHUP reloads.
func (c serveCommand) Run(s streams) error {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer signal.Stop(signals)
	switch {
	case c.Demo && c.Config != "":
		return usageError("--demo has a configuration of its own, want it or --config")
	case c.Demo:
		return c.demo(s, signals)
	case c.Config == "":
		return usageError("want --config FILE or --demo")
	}
	return serve(gateway.Options{
		Load:  func() (*config.Config, error) { return config.Load(c.Config) },
		Files: []string{c.Config}, Node: c.Node, Version: version, Log: logger(s.report),
	}, signals, nil)
}

// serve runs a gateway until a signal ends it. Started, if given, is called once
// it takes traffic.
func serve(o gateway.Options, signals <-chan os.Signal, started func(*gateway.Gateway) error) error {
	g, err := gateway.New(o)
	if err != nil {
		return withHint(err)
	}
	if err := start(g, started); err != nil {
		return errors.Join(err, stop(g))
	}
	for s := range signals {
		if s != syscall.SIGHUP {
			break
		}
		_ = g.Reload() // logged there
	}
	return stop(g)
}

func start(g *gateway.Gateway, started func(*gateway.Gateway) error) error {
	if err := g.Start(); err != nil {
		return err
	}
	if started == nil {
		return nil
	}
	return started(g)
}

// stop drains for as long as the configuration allows, and a little longer to
// write what was learned.
func stop(g *gateway.Gateway) error {
	ctx, cancel := context.WithTimeout(context.Background(), g.Config().Listener.Drain+10*time.Second)
	defer cancel()
	return g.Stop(ctx)
}

func withHint(err error) error {
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		return fmt.Errorf("the configuration has mistakes:\n%w\nriskgate: hint: riskgate check lists every mistake", err)
	}
	return err
}

func logger(w io.Writer) zerolog.Logger {
	zerolog.ErrorFieldName = "err"
	return zerolog.New(w).Level(zerolog.InfoLevel).With().Timestamp().Logger()
}
