package baseline

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// RFC 5869 written out: no salt, one block of output.
func TestDeriveIsHKDF(t *testing.T) {
	root := bytes.Repeat([]byte{1, 2}, 16)
	keys, err := NewKeys(root)
	if err != nil {
		t.Fatal(err)
	}
	mac := func(key, data []byte) []byte {
		m := hmac.New(sha256.New, key)
		m.Write(data)
		return m.Sum(nil)
	}
	want := mac(mac(make([]byte, 32), root), []byte("a label\x01"))
	if got := keys.Derive("a label"); !bytes.Equal(got[:], want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if keys.Derive("a label") == keys.Derive("another label") {
		t.Error("two labels, one key")
	}
	first, second := RandomKeys(), RandomKeys()
	if first.Derive("a label") == second.Derive("a label") {
		t.Error("random keys are equal")
	}
}

func TestKeysNeverPrint(t *testing.T) {
	keys := testKeys(t, 65)
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v %s %x %d", keys, keys, keys, keys, keys, keys), fmt.Sprint(&keys), string(text)} {
		if strings.ReplaceAll(strings.ReplaceAll(s, "<redacted>", ""), " ", "") != "" && s != `"\u003credacted\u003e"` {
			t.Errorf("printed %s", s)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	key := make([]byte, KeyBytes)
	for i := range key {
		key[i] = byte(255 - i)
	}
	want, err := NewKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		what, text string
		mode       fs.FileMode
		err        string // "": the key is read
	}{
		{"hex", hex.EncodeToString(key), 0o600, ""},
		{"hex in capitals with a line end", strings.ToUpper(hex.EncodeToString(key)) + "\r\n", 0o600, ""},
		{"base64", base64.StdEncoding.EncodeToString(key) + "\n", 0o400, ""},
		{"base64url without padding", base64.RawURLEncoding.EncodeToString(key), 0o600, ""},
		{"raw", string(key), 0o600, ""},
		{"empty", "", 0o600, "want 32 bytes"},
		{"16 bytes in hex", hex.EncodeToString(key[:16]), 0o600, "16 bytes in hex"},
		{"31 bytes", string(key[:31]), 0o600, "want 32 bytes"},
		{"33 bytes", string(key) + "x", 0o600, "want 32 bytes"},
		{"a novel", strings.Repeat("it was a dark and stormy night ", 100), 0o600, "want 32 bytes"},
		{"zeros", strings.Repeat("00", 32), 0o600, "every byte is the same"},
		{"readable by the group", hex.EncodeToString(key), 0o640, "chmod 600"},
		{"readable by the world", hex.EncodeToString(key), 0o604, "chmod 600"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			got, err := LoadKeys(path)
			switch {
			case tc.err == "" && (err != nil || got != want):
				t.Errorf("not read: %v", err)
			case tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)):
				t.Errorf("got %v, want an error with %q", err, tc.err)
			case err != nil && !strings.Contains(err.Error(), path):
				t.Errorf("%v does not name the file", err)
			}
		})
	}
}

func TestCreateKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := CreateKeyFile(path); err != nil {
		t.Fatal(err)
	}
	first, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := CreateKeyFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second key over the first: %v", err)
	}
	other := filepath.Join(t.TempDir(), "key")
	if err := CreateKeyFile(other); err != nil {
		t.Fatal(err)
	}
	if second, _ := LoadKeys(other); second == first {
		t.Error("two files, one key")
	}
	if _, err := LoadKeys(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Whatever is accepted is one of the three spellings of the key it is read as.
func FuzzParseKey(f *testing.F) {
	f.Add([]byte(strings.Repeat("0f", 32)))
	f.Add([]byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xfb}, 32)) + "\n"))
	f.Add(bytes.Repeat([]byte{7}, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		key, err := parseKey(b)
		if err != nil {
			return
		}
		if len(key) != KeyBytes {
			t.Fatalf("%d bytes", len(key))
		}
		text := strings.TrimSpace(string(b))
		spelled := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		if !bytes.Equal(b, key) && !strings.EqualFold(text, hex.EncodeToString(key)) &&
			stripBreaks(spelled) != base64.RawStdEncoding.EncodeToString(key) {
			t.Fatalf("%q is read as %x", b, key)
		}
	})
}

// stripBreaks removes what base64 decoding skips.
func stripBreaks(s string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(s) }

// Only what was sealed opens, and only under its key.
func FuzzSeal(f *testing.F) {
	root := bytes.Repeat([]byte{1, 2}, 16)
	keys, err := NewKeys(root)
	if err != nil {
		f.Fatal(err)
	}
	s, err := newSealer(keys)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("plain"), []byte("key"), uint16(3), uint8(1))
	f.Add([]byte{}, []byte{}, uint16(0), uint8(255))
	f.Fuzz(func(t *testing.T, plain, key []byte, at uint16, flip uint8) {
		sealed := s.seal(nil, flip, key, plain)
		if got, err := s.open(nil, flip, key, sealed); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := s.open(nil, flip, append(bytes.Clone(key), 'x'), sealed); !errors.Is(err, errCorrupt) {
			t.Fatal("opens under another key")
		}
		if flip == 0 {
			return
		}
		sealed[int(at)%len(sealed)] ^= flip
		if _, err := s.open(nil, flip, key, sealed); !errors.Is(err, errCorrupt) {
			t.Fatal("opens though changed")
		}
	})
}
