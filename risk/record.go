package risk

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrRecord says that bytes are no risk section this build can score with.
var ErrRecord = errors.New("risk: malformed record of the configuration")

// record returns the canonical JSON of c: every field, in the order of the
// types, without white space.
func record(c *Config) []byte {
	b, err := json.Marshal(c)
	if err != nil {
		panic("BUG: risk section without a JSON form: " + err.Error())
	}
	return b
}

func hashOf(record []byte) (hash [8]byte) {
	sum := sha256.Sum256(record)
	copy(hash[:], sum[:])
	return hash
}

// ParseJSON reads what Engine.JSON wrote. Fields that the writer did not know
// yet take their defaults, but groups and limits that it did not know count for
// nothing; a field that this build does not know, or a value out of range, is an
// ErrRecord.
func ParseJSON(src []byte) (Config, error) {
	c := firstConfig()
	d := json.NewDecoder(bytes.NewReader(src))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Config{}, fmt.Errorf("%w: trailing bytes", ErrRecord)
	}
	if ps := c.Validate(); len(ps) > 0 {
		return Config{}, fmt.Errorf("%w: %s", ErrRecord, ps[0])
	}
	return c, nil
}

// Restore returns the engine of a published record. Its Hash is that of the
// record as it was written, also where this build would write more fields.
func Restore(src []byte) (*Engine, error) {
	c, err := ParseJSON(src)
	if err != nil {
		return nil, err
	}
	e := New(c)
	e.record = bytes.Clone(src)
	e.hash = hashOf(e.record)
	return e, nil
}

// JSON returns the canonical JSON of the risk section, the record that is
// published once per change.
func (e *Engine) JSON() []byte { return bytes.Clone(e.record) }

// Hash returns the first 8 bytes of the SHA-256 of JSON.
func (e *Engine) Hash() [8]byte { return e.hash }
