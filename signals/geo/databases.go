package geo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/rs/zerolog"
)

// Databases answers look-ups from the City, ASN and Anonymous databases and
// replaces them while look-ups run. Its methods may be called at the same time,
// except Start and Stop.
//
// Files are read into memory and never mapped: a mapped file that somebody
// truncates kills the process. An old database is left to the garbage collector,
// because a look-up may still be reading it; for the length of a reload both are
// in memory.
type Databases struct {
	log     zerolog.Logger
	current atomic.Pointer[snapshot]
	reload  sync.Mutex // one reload at a time; no look-up takes it
	cfg     Config     // guarded by reload
	failed  [numKinds]os.FileInfo
	stop    context.CancelFunc
	done    chan struct{}
}

// snapshot is one set of databases with the answers found in it.
type snapshot struct {
	open        [numKinds]*database // nil: not configured
	prefixes    *cache
	connections *cache
}

// kind is the role of a database.
type kind uint8

const (
	cityKind kind = iota
	asnKind
	anonymousKind
	numKinds
)

var kindNames = [numKinds]string{"city", "asn", "anonymous"}

// paths returns the configured file of each kind.
func (c *Config) paths() [numKinds]string {
	return [numKinds]string{cityKind: c.City, asnKind: c.ASN, anonymousKind: c.Anonymous}
}

// Open reads and verifies the configured databases. It fails if one of them
// cannot be read whole or is not of its kind.
func Open(cfg Config, log zerolog.Logger) (*Databases, error) {
	d := &Databases{log: log.With().Str("component", "geo").Logger(), cfg: cfg}
	d.current.Store(newSnapshot(cfg.Cache, [numKinds]*database{}))
	if err := d.Reload(cfg); err != nil {
		return nil, err
	}
	return d, nil
}

// newSnapshot returns the databases with empty caches.
func newSnapshot(cacheSize int, open [numKinds]*database) *snapshot {
	return &snapshot{
		open:        open,
		prefixes:    newCache(cacheSize),
		connections: newCache(cacheSize / 4),
	}
}

// Reload makes cfg the configuration. Databases whose file did not change are
// kept, the others are read and verified. If one fails, nothing changes and the
// error names each.
func (d *Databases) Reload(cfg Config) error {
	d.reload.Lock()
	defer d.reload.Unlock()
	next, err := d.next(cfg)
	if err != nil {
		return err
	}
	d.cfg = cfg
	d.failed = [numKinds]os.FileInfo{}
	d.current.Store(next)
	return nil
}

// next builds the databases of cfg, sharing what did not change.
func (d *Databases) next(cfg Config) (*snapshot, error) {
	var open [numKinds]*database
	var faults []error
	old := d.current.Load()
	for k, path := range cfg.paths() {
		if path == "" {
			continue
		}
		if old.open[k].isCurrent(path) {
			open[k] = old.open[k]
			continue
		}
		next, err := openDatabase(kind(k), path)
		faults = append(faults, err)
		open[k] = next
	}
	return newSnapshot(cfg.Cache, open), errors.Join(faults...)
}

// Start watches the database files until Stop.
func (d *Databases) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.stop, d.done = cancel, make(chan struct{})
	go func() {
		defer close(d.done)
		d.watch(ctx)
	}()
}

// Stop ends the watch and waits for it. The databases stay open.
func (d *Databases) Stop() {
	if d.stop != nil {
		d.stop()
		<-d.done
	}
}

func (d *Databases) watch(ctx context.Context) {
	for {
		d.reload.Lock()
		pause := d.cfg.Refresh
		d.reload.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
			d.poll()
		}
	}
}

// poll replaces each database whose file is another than the one read. A file
// that fails is logged once and tried again when it changes.
func (d *Databases) poll() {
	d.reload.Lock()
	defer d.reload.Unlock()
	for k, path := range d.cfg.paths() {
		old := d.current.Load()
		if path == "" || old.open[k].isCurrent(path) || sameFile(d.failed[k], path) {
			continue
		}
		next, err := openDatabase(kind(k), path)
		if err != nil {
			d.failed[k], _ = os.Stat(path)
			d.log.Warn().Str("database", kindNames[k]).Err(err).Msg("database not replaced, the old one stays")
			continue
		}
		open := old.open
		open[k] = next
		d.current.Store(newSnapshot(d.cfg.Cache, open))
		d.log.Info().Str("database", kindNames[k]).Time("built", next.built()).Msg("database replaced")
	}
}

// Info describes one open database.
type Info struct {
	Kind  string    // city, asn or anonymous
	Path  string    // file it was read from
	Type  string    // as the file says, "DBIP-City-Lite"
	Built time.Time // as the file says
}

// Info describes the open databases.
func (d *Databases) Info() []Info {
	var all []Info
	for k, db := range d.current.Load().open {
		if db != nil {
			all = append(all, Info{kindNames[k], db.path, db.reader.Metadata().DatabaseType, db.built()})
		}
	}
	return all
}

// database is one open file.
type database struct {
	path   string
	stat   os.FileInfo // of the file as it was read
	reader *geoip2.Reader
}

// openDatabase reads the file at path into memory and verifies all of it.
func openDatabase(k kind, path string) (*database, error) {
	content, stat, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("open %s database: %w", kindNames[k], err)
	}
	reader, err := parse(k, content)
	if err != nil {
		return nil, fmt.Errorf("open %s database %s: %w", kindNames[k], path, err)
	}
	return &database{path: path, stat: stat, reader: reader}, nil
}

func readFile(path string) ([]byte, os.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	content := make([]byte, stat.Size())
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, nil, fmt.Errorf("read %s: %w", path, err)
	}
	return content, stat, nil
}

// parse returns a reader of content after walking the whole search tree, decoding
// every record, and asking for a sample in the shape that look-ups want.
func parse(k kind, content []byte) (*geoip2.Reader, error) {
	raw, err := maxminddb.OpenBytes(content)
	if err != nil {
		return nil, err
	}
	if err := raw.Verify(); err != nil {
		return nil, err
	}
	reader, err := geoip2.OpenBytes(content)
	if err != nil {
		return nil, err
	}
	return reader, probe(k, raw, reader)
}

// isCurrent reports whether db was read from what is at path now. A file that
// cannot be looked at counts as unchanged: the database in memory is still good.
func (db *database) isCurrent(path string) bool {
	if db == nil || db.path != path {
		return false
	}
	now, err := os.Stat(path)
	return err != nil || sameStat(db.stat, now)
}

func sameFile(seen os.FileInfo, path string) bool {
	now, err := os.Stat(path)
	return err == nil && seen != nil && sameStat(seen, now)
}

func sameStat(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

func (db *database) built() time.Time { return db.reader.Metadata().BuildTime() }
