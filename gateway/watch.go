package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/riskgate/riskgate/gateway/config"
)

const (
	// watchEvery is how often files are looked at for changes.
	watchEvery = time.Second
	// watchPatience is how many looks a file may go on changing before it is read
	// nevertheless, or, after an error, again.
	watchPatience = 5
)

// watch calls act when files are not as they were when loaded was taken and have
// then been still for one look, so that none is read while it is written; files that
// are never still are read after a few looks. After an error act is called again every
// few looks, until the files change or there is none.
func watch(ctx context.Context, files func() []string, loaded []byte, act func() error) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last, tried, done, looks := loaded, loaded, true, 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		seen := fingerprint(files())
		known := bytes.Equal(seen, tried)
		if known && done {
			looks = 0
		} else if looks++; !known && bytes.Equal(seen, last) || looks > watchPatience {
			tried, done, looks = seen, act() == nil, 0
		}
		last = seen
	}
}

// fingerprint is a hash over the names, sizes and times of files and folders.
func fingerprint(roots []string) []byte {
	h := sha256.New()
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // a file that is gone is a change too
			}
			if info, err := os.Stat(path); err == nil {
				_, _ = fmt.Fprintln(h, path, info.Size(), info.ModTime().UnixNano()) // a hash takes everything
			}
			return nil
		})
	}
	return h.Sum(nil)
}

// watched lists the files and folders that a reload reads, but for those that are
// watched apart: the databases and the verdicts. Of a configuration that was refused
// it lists all that it names: one of them may be what was wrong.
func (g *Gateway) watched() []string {
	files := append(slices.Clone(g.options.Files), filesOf(g.config.Load())...)
	if c := g.refused.Load(); c != nil {
		places := &c.Signals.Geo
		files = append(append(files, filesOf(c)...), places.City, places.ASN, places.Anonymous, c.Verdict.File)
	}
	return slices.DeleteFunc(files, func(name string) bool { return name == "" })
}

func filesOf(c *config.Config) []string {
	files := []string{c.Authn.APIKeys.File, c.Authz.Policies, c.Listener.TLS.Cert, c.Listener.TLS.Key}
	for _, kind := range slices.Sorted(maps.Keys(c.Signals.Geo.Lists)) {
		files = append(files, c.Signals.Geo.Lists[kind]...)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Upstream.Pools)) {
		files = append(files, c.Upstream.Pools[name].CA)
	}
	return files
}

// judged lists the file of verdicts.
func (g *Gateway) judged() []string {
	if name := g.config.Load().Verdict.File; name != "" {
		return []string{name}
	}
	return nil
}
