package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/riskgate/riskgate/gateway/authn"
	"github.com/riskgate/riskgate/signals/baseline"
)

const day = 24 * time.Hour

type newKeyCommand struct {
	ID       string   `name:"id" required:"" placeholder:"ID" help:"Name of the key: letters, digits, - and dots. Each key has its own."`
	Owner    string   `required:"" placeholder:"OWNER" help:"The client that holds it. Two keys of one owner may be live at once, to change over."`
	Roles    []string `placeholder:"ROLE" help:"Roles for policies, with commas between them."`
	Networks []string `placeholder:"CIDR" help:"Networks it may be used from, with commas between them. Default: anywhere."`
	Expires  string   `placeholder:"WHEN" help:"End of validity: an RFC 3339 time, a date, or a time from now like 90d or 12h. Default: never."`
}

// Run prints the entry and, apart from it, the key.
func (c newKeyCommand) Run(s streams) error {
	now := time.Now().UTC()
	expires, err := parseExpiry(c.Expires, now)
	if err != nil {
		return err
	}
	if err := c.check(expires, now); err != nil {
		return err
	}
	wire, hash := authn.GenerateKey(c.ID)
	if _, err := s.out.Write(c.entry(hash, expires, now)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.report, wire)
	s.say("this is the key; it is shown only now")
	s.say("hint: give it to %s, and append the entry on standard output to the list keys: of keys.yaml", clean(c.Owner))
	return err
}

// parseExpiry returns zero for "".
func parseExpiry(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	when, ok := parseWhen(text, now)
	switch {
	case !ok:
		return when, usage("--expires %s, want 2027-01-31, 2027-01-31T12:00:00Z, 90d or 12h", text)
	case !when.After(now):
		return when, usage("--expires %s, want a time to come", text)
	}
	return when, nil
}

func parseWhen(text string, now time.Time) (time.Time, bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	d, ok := parseSpan(text)
	return now.Add(d).Truncate(time.Second), ok
}

// parseSpan reads a duration; whole days are written with d.
func parseSpan(text string) (time.Duration, bool) {
	if digits, ok := strings.CutSuffix(text, "d"); ok {
		days, err := strconv.ParseUint(digits, 10, 16)
		return time.Duration(days) * day, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// check asks the reader of key files, so that what is printed can be read.
func (c newKeyCommand) check(expires, now time.Time) error {
	folder, err := os.MkdirTemp("", "riskctl")
	if err != nil {
		return fmt.Errorf("check the entry: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // it holds no secret
	file := filepath.Join(folder, "keys.yaml")
	example := "sha256:" + strings.Repeat("00", 31) + "01"
	text := append([]byte("keys:\n"), c.entry(example, expires, now)...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return fmt.Errorf("check the entry: %w", err)
	}
	_, err = authn.ReadKeys(file, now)
	var mistakes *authn.KeyFileError
	if !errors.As(err, &mistakes) {
		return err
	}
	var all []string
	for _, p := range mistakes.Problems {
		all = append(all, fmt.Sprintf("--%s %s, %s", strings.TrimPrefix(p.Path, "keys[0]."), p.Value, p.Wish))
	}
	return usageError(strings.Join(all, "; "))
}

// entry returns the key as an element of the list in keys.yaml. JSON strings and
// lists are YAML.
func (c newKeyCommand) entry(hash string, expires, now time.Time) []byte {
	b := member(nil, "  - ", "id", c.ID)
	b = member(b, "    ", "owner", c.Owner)
	b = member(b, "    ", "hash", hash)
	if len(c.Roles) > 0 {
		b = member(b, "    ", "roles", c.Roles)
	}
	if len(c.Networks) > 0 {
		b = member(b, "    ", "networks", c.Networks)
	}
	if !expires.IsZero() {
		b = member(b, "    ", "expires", expires.Format(time.RFC3339))
	}
	return member(b, "    ", "created", now.Format(time.DateOnly))
}

func member(b []byte, indent, name string, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic("BUG: a string without a JSON form: " + err.Error())
	}
	return fmt.Appendf(b, "%s%s: %s\n", indent, name, text)
}

type clusterKeyCommand struct {
	File string `arg:"" placeholder:"FILE" help:"The file to make. It must not exist."`
}

// Run never replaces a file.
func (c clusterKeyCommand) Run(s streams) error {
	err := baseline.CreateKeyFile(c.File)
	if errors.Is(err, fs.ErrExist) {
		return withHint(err, "a key file is never replaced: without it the state is lost and every pseudonym changes; choose another name")
	}
	if err != nil {
		return err
	}
	s.say("hint: copy %s to every gateway of the cluster, keep a copy offline, and name it as signals.baseline.store.key_file", c.File)
	_, err = fmt.Fprintln(s.out, c.File)
	return err
}
