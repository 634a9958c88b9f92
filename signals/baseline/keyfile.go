package baseline

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxKeyFile is more than the longest spelling of a key, and bounds what is read.
const maxKeyFile = 256

var errKeyFormat = errors.New("want 32 bytes: 64 hex digits, base64, or raw")

// LoadKeys reads the cluster key from a file that only its owner may read.
func LoadKeys(path string) (Keys, error) {
	text, err := readPrivate(path)
	if err != nil {
		return Keys{}, fmt.Errorf("read key file: %w", err)
	}
	root, err := parseKey(text)
	if err != nil {
		return Keys{}, fmt.Errorf("read key file %s: %w", path, err)
	}
	keys, err := NewKeys(root)
	if err != nil {
		return Keys{}, fmt.Errorf("read key file %s: %w", path, err)
	}
	return keys, nil
}

// CreateKeyFile writes a new random cluster key in hex, readable by the owner
// only. It never replaces a file: the error is then fs.ErrExist.
func CreateKeyFile(path string) error {
	root := make([]byte, KeyBytes)
	_, _ = rand.Read(root) // never fails: it ends the program instead
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create key file: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(root) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("create key file: %w", err)
	}
	return nil
}

func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of the open file, so that it cannot be exchanged in between
	if err != nil {
		return nil, err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("%s: mode %04o lets others read it: run chmod 600 %s: %w", path, perm, path, fs.ErrPermission)
	}
	return io.ReadAll(io.LimitReader(f, maxKeyFile))
}

// parseKey reads the three spellings of a key. Hex and base64 may be surrounded
// by white space; raw is exactly 32 bytes.
func parseKey(b []byte) ([]byte, error) {
	text := strings.TrimSpace(string(b))
	if key, err := hex.DecodeString(text); err == nil {
		if len(key) != KeyBytes {
			return nil, fmt.Errorf("%d bytes in hex, %w", len(key), errKeyFormat)
		}
		return key, nil
	}
	if len(b) == KeyBytes {
		return b, nil
	}
	plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	if key, err := base64.RawStdEncoding.Strict().DecodeString(plain); err == nil && len(key) == KeyBytes {
		return key, nil
	}
	return nil, errKeyFormat
}
