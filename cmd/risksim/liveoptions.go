package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

const liveUsage = `risksim live [--world A|B|API] --target URL --labels FILE [--upstream ADDRESS] [options]
risksim live [--world A|B|API] --write-gateway FOLDER [options]

Sends a simulated world to a running gateway, in its order and spacing: what
risksim trace writes with the same flags. Who really sent a request never goes
to the gateway: it is written to the file of --labels, by the X-Request-Id of
the answer. The gateway must trust the address that risksim sends from as a
proxy. --write-gateway writes what such a gateway needs: riskgate.yaml,
jwks.json, the databases of the simulated networks and, for a world with
machine clients, keys.yaml. --upstream answers behind the gateway as the world
says. The first request tells whether there is a gateway at all.
`

// liveOptions are the command line of risksim live.
type liveOptions struct {
	worldOptions
	target       string
	timeScale    float64
	labels       string
	upstream     string
	keySeed      string
	writeKeys    string
	writeGateway string
	limit        int
	concurrency  int
	timeout      time.Duration
}

func parseLive(args []string, stderr io.Writer) (o liveOptions, err error) {
	flags := newFlags("risksim live", liveUsage, stderr)
	o.register(flags, "API")
	flags.StringVar(&o.target, "target", "", "URL of the gateway")
	flags.Float64Var(&o.timeScale, "time-scale", 1, "how many times faster than simulated; 0: as fast as answered")
	flags.StringVar(&o.labels, "labels", "", "file to write with who really sent each request")
	flags.StringVar(&o.upstream, "upstream", "", "address on which to answer what the gateway forwards")
	flags.StringVar(&o.keySeed, "key-seed", "risksim", "text from which API keys and the signing key are made")
	flags.StringVar(&o.writeKeys, "write-keys", "", "write keys.yaml with the keys of the machine clients to this file")
	flags.StringVar(&o.writeGateway, "write-gateway", "", "write the files of a gateway for this world to this folder")
	flags.IntVar(&o.limit, "limit", 0, "send only the first requests; 0: all")
	flags.IntVar(&o.concurrency, "concurrency", 32, "connections; the requests of a sender share one")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Second, "longest wait for one answer")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	return o, o.check(flags.Args())
}

func (o *liveOptions) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("%q is no option", rest[0])
	case o.target == "" && o.writeKeys == "" && o.writeGateway == "":
		return errors.New("--target, --write-keys or --write-gateway is missing")
	case o.target != "" && o.labels == "":
		return errors.New("--labels is missing")
	case o.timeScale < 0 || o.concurrency < 1 || o.limit < 0 || o.timeout <= 0:
		return errors.New("--time-scale, --concurrency, --limit and --timeout, want numbers above 0")
	}
	if o.target != "" {
		if _, err := newConnection(options{target: o.target}); err != nil {
			return err
		}
	}
	c, err := o.config()
	if err == nil && o.writeKeys != "" && c.Machines == 0 {
		return fmt.Errorf("--write-keys: world %s has no machine clients, who alone have keys", o.world)
	}
	return err
}
