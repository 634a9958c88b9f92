package logoff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/riskgate/riskgate/models"
)

const (
	savedVersion = 1
	entryBytes   = 16 + 8 + 4 + 4
)

// ErrSaved says that bytes are nothing that this build has saved.
var ErrSaved = errors.New("logoff: malformed sessions")

// Changes counts what has changed since the start: save when it has.
func (t *Table) Changes() uint64 { return t.changes.Load() }

// AppendBinary appends the sessions that are remembered at a time: a version of one
// byte, and for each of them the subject, the keyed hash of the session and both
// times, little-endian.
func (t *Table) AppendBinary(dst []byte, now time.Time) []byte {
	dst = append(dst, savedVersion)
	t.each(now, func(e *entry) {
		dst = append(dst, e.subject[:]...)
		dst = binary.LittleEndian.AppendUint64(dst, e.session)
		dst = binary.LittleEndian.AppendUint32(dst, e.anew)
		dst = binary.LittleEndian.AppendUint32(dst, e.until)
	})
	return dst
}

// Load adds what AppendBinary wrote under the same key, but for what is over by now.
func (t *Table) Load(saved []byte, now time.Time) error {
	if len(saved) == 0 || saved[0] != savedVersion || (len(saved)-1)%entryBytes != 0 {
		return fmt.Errorf("%w: %d bytes, want version %d and entries of %d", ErrSaved, len(saved), savedVersion, entryBytes)
	}
	for b := saved[1:]; len(b) > 0; b = b[entryBytes:] {
		e := entry{
			subject: models.Pseudonym(b[:16]), session: binary.LittleEndian.Uint64(b[16:]),
			anew: binary.LittleEndian.Uint32(b[24:]), until: binary.LittleEndian.Uint32(b[28:]),
		}
		if e.until > stamp(now) {
			t.restore(e, stamp(now))
		}
	}
	return nil
}

func (t *Table) restore(e entry, now uint32) {
	p := t.place(e.subject)
	p.mu.Lock()
	defer p.mu.Unlock()
	t.add(p, e, now)
}
