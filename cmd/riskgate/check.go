package main

import (
	"errors"
	"fmt"

	"github.com/riskgate/riskgate/gateway/config"
)

// errMistakes says that a configuration has mistakes, which were printed.
var errMistakes = errors.New("the configuration has mistakes")

type checkCommand struct {
	Config string `required:"" type:"existingfile" placeholder:"FILE" help:"The configuration."`
	Print  bool   `help:"Print the effective configuration, defaults included, secrets redacted."`
}

// Run reports every mistake on standard error.
func (c checkCommand) Run(s streams) error {
	loaded, err := config.Load(c.Config)
	var mistakes config.Mistakes
	if errors.As(err, &mistakes) {
		fmt.Fprintln(s.report, mistakes.Error())
		return errMistakes
	}
	if err != nil {
		return err
	}
	if c.Print {
		text, err := loaded.YAML()
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: ok, %d routes\n", c.Config, len(loaded.Routes))
	return err
}
