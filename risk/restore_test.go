package risk

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"
)

// A record that an earlier build wrote lacks the fields added since; decisions
// made under it carry its hash.
func TestRestoredEngineKeepsTheHashOfItsRecord(t *testing.T) {
	whole := New(DefaultConfig()).JSON()
	earlier := bytes.Replace(whole, []byte(`"slope":0.6,`), nil, 1)
	if bytes.Equal(whole, earlier) {
		t.Fatal("the record holds no slope")
	}
	e, err := Restore(earlier)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(earlier)
	if hash := e.Hash(); !bytes.Equal(hash[:], sum[:8]) || !bytes.Equal(e.JSON(), earlier) {
		t.Errorf("hash %x, want %x", e.Hash(), sum[:8])
	}
	if !reflect.DeepEqual(e.Config(), DefaultConfig()) {
		t.Errorf("restored %+v", e.Config())
	}
	if _, err := Restore([]byte(`{"slope":7}`)); !errors.Is(err, ErrRecord) {
		t.Errorf("a slope of 7 restores with %v", err)
	}
}

// Records of before caps.attack_mode existed were scored with up to 1.5.
func TestRecordWithoutAttackModeMeansTheWhole(t *testing.T) {
	whole := New(DefaultConfig()).JSON()
	earlier := bytes.Replace(whole, []byte(`,"attack_mode":1.5`), nil, 1)
	if bytes.Equal(whole, earlier) {
		t.Fatal("the record holds no attack_mode")
	}
	c, err := ParseJSON(earlier)
	if err != nil || c.Caps.AttackMode != 1.5 {
		t.Errorf("cap %g, %v, want 1.5", c.Caps.AttackMode, err)
	}
	off := DefaultConfig()
	off.Caps.AttackMode = 0
	if c, err = ParseJSON(New(off).JSON()); err != nil || c.Caps.AttackMode != 0 {
		t.Errorf("cap %g, %v, want 0", c.Caps.AttackMode, err)
	}
}
