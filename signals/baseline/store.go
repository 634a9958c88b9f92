package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/riskgate/riskgate/models"
	"github.com/rs/zerolog"
)

// archive is what the memory needs of a store.
type archive interface {
	// read fills profile with the stored one and returns its version, or errAbsent,
	// errCorrupt, or a fault.
	read(p models.Pseudonym, profile *Profile) (version uint32, err error)
	// write stores all records or says that it did not. It keeps none of them.
	write(batch []record) error
	// each calls f with every stored subject.
	each(f func(models.Pseudonym)) error
	putGlobal(name string, value []byte) error
	global(name string) ([]byte, error)
	close() error
}

var errAbsent = errors.New("baseline: not in the store")

// The errors of Open that tell an operator what to do.
var (
	ErrWrongKey   = errors.New("the store belongs to another cluster key; nothing was changed")
	ErrStoreInUse = errors.New("the store is in use by another process")
)

// store keeps profiles and global tables in badger, encrypted by badger and
// sealed by us. Key: a kind, then the pseudonym or the name.
type store struct {
	db   *badger.DB
	seal *sealer
}

const (
	kindProfile = 'p'
	kindGlobal  = 'g' // the head of a global table
	kindChunk   = 'c' // a part of one

	// tableBytes is the size of memtables and files. Badger builds a file in a
	// buffer of twice its size, rounded up to a power of two, and doubles it again
	// if that is too small by a little: 2 MiB would take 12 instead of 4.
	tableBytes = 7 << 18
	neverTurns = 50 * 365 * 24 * time.Hour
)

func openStore(cfg StoreConfig, keys Keys, log zerolog.Logger) (*store, error) {
	seal, err := newSealer(keys)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", cfg.Path, err)
	}
	db, err := badger.Open(storeOptions(cfg, keys, log))
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", cfg.Path, explain(err))
	}
	return &store{db: db, seal: seal}, nil
}

// storeOptions keeps badger small, and lets bursts wait in level zero instead of
// stopping the writer. Values stay in the tree, so that there is no value log to
// collect. Sealed values do not compress. The data key is never exchanged,
// because badger ends the process when it cannot write a new one; the seal does
// not depend on it.
func storeOptions(cfg StoreConfig, keys Keys, log zerolog.Logger) badger.Options {
	key := keys.Derive(labelStore)
	opt := badger.DefaultOptions(cfg.Path)
	opt.TableSizeMultiplier = 1 // it has no With
	return opt.
		WithEncryptionKey(key[:]).
		WithEncryptionKeyRotationDuration(neverTurns).
		WithBlockCacheSize(int64(cfg.Cache) * 3 / 4).
		WithIndexCacheSize(int64(cfg.Cache) / 4).
		WithMemTableSize(tableBytes).
		WithNumMemtables(2).
		WithBaseTableSize(tableBytes).
		WithValueThreshold(256 << 10). // less than badger's transaction, more than a chunk
		WithValueLogFileSize(16 << 20).
		WithNumLevelZeroTables(8).
		WithNumLevelZeroTablesStall(40).
		WithNumCompactors(2).
		WithNumGoroutines(2).
		WithCompression(options.None).
		WithChecksumVerificationMode(options.OnBlockRead).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithExternalMagic(1).
		WithLogger(storeLog{log})
}

func explain(err error) error {
	switch {
	case errors.Is(err, badger.ErrEncryptionKeyMismatch):
		return ErrWrongKey
	case strings.Contains(err.Error(), "Cannot acquire directory lock"): // badger keeps no cause
		return ErrStoreInUse
	}
	return err
}

func profileKey(p models.Pseudonym) []byte { return append([]byte{kindProfile}, p[:]...) }

func (s *store) read(p models.Pseudonym, profile *Profile) (version uint32, err error) {
	key := profileKey(p)
	err = s.db.View(func(txn *badger.Txn) error {
		item, err := txn.Get(key)
		if err != nil {
			return err
		}
		return item.Value(func(sealed []byte) error {
			version, err = s.decode(p, key, sealed, profile)
			return err
		})
	})
	if errors.Is(err, badger.ErrKeyNotFound) {
		err = errAbsent
	}
	return version, err
}

// decode opens a sealed record: version, then the profile.
func (s *store) decode(p models.Pseudonym, key, sealed []byte, profile *Profile) (uint32, error) {
	plain, err := s.seal.open(nil, p[0], key, sealed)
	if err != nil {
		return 0, err
	}
	if len(plain) < 4 {
		return 0, errCorrupt
	}
	if err := profile.UnmarshalBinary(plain[4:]); err != nil {
		return 0, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return binary.LittleEndian.Uint32(plain), nil
}

func (s *store) write(batch []record) error {
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	var plain []byte
	for i := range batch {
		r := &batch[i]
		key := profileKey(r.key)
		plain = binary.LittleEndian.AppendUint32(plain[:0], r.version)
		plain = append(plain, r.plain...)
		sealed := s.seal.seal(make([]byte, 0, len(plain)+sealBytes), r.key[0], key, plain)
		if err := txn.Set(key, sealed); err != nil {
			return fmt.Errorf("write profiles: %w", err)
		}
	}
	if err := txn.Commit(); err != nil {
		return fmt.Errorf("write profiles: %w", err)
	}
	return nil
}

func (s *store) each(f func(models.Pseudonym)) error {
	return s.db.View(func(txn *badger.Txn) error {
		opt := badger.DefaultIteratorOptions
		opt.PrefetchValues = false
		opt.Prefix = []byte{kindProfile}
		it := txn.NewIterator(opt)
		defer it.Close()
		var p models.Pseudonym
		for it.Rewind(); it.Valid(); it.Next() {
			if key := it.Item().Key(); len(key) == 1+len(p) {
				f(models.Pseudonym(key[1:]))
			}
		}
		return nil
	})
}

func (s *store) close() error { return s.db.Close() }

// storeLog passes badger's warnings and errors on.
type storeLog struct{ log zerolog.Logger }

func (l storeLog) Errorf(format string, v ...any)   { l.log.Error().Msg(storeLine(format, v)) }
func (l storeLog) Warningf(format string, v ...any) { l.log.Warn().Msg(storeLine(format, v)) }
func (l storeLog) Infof(format string, v ...any)    { l.log.Trace().Msg(storeLine(format, v)) }
func (l storeLog) Debugf(string, ...any)            {}

func storeLine(format string, v []any) string {
	return "store: " + strings.TrimSpace(fmt.Sprintf(format, v...))
}
