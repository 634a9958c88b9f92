// Package results keeps the figures of several evaluations in one JSON file.
package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// File is what the file says, by name. Values that nobody replaces stay as they
// stand.
type File map[string]json.RawMessage

// Read reads a file; one that is not there is empty.
func Read(path string) (File, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return File{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	f := File{}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read results %s: %w", path, err)
	}
	return f, nil
}

// Set replaces a value.
func (f File) Set(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode result %s: %w", name, err)
	}
	f[name] = text
	return nil
}

// Merge replaces the elements of a list that old reports to be of the same run as
// the new ones, and appends those.
func Merge[T any](f File, name string, fresh []T, old func(T) bool) error {
	var kept []json.RawMessage
	if was, ok := f[name]; ok {
		if err := json.Unmarshal(was, &kept); err != nil {
			return fmt.Errorf("read result %s: %w", name, err)
		}
	}
	var err error
	kept = slices.DeleteFunc(kept, func(raw json.RawMessage) bool {
		var one T
		if e := json.Unmarshal(raw, &one); e != nil {
			err = errors.Join(err, e)
		}
		return old(one)
	})
	if err != nil {
		return fmt.Errorf("read result %s: %w", name, err)
	}
	for _, one := range fresh {
		text, err := json.Marshal(one)
		if err != nil {
			return fmt.Errorf("encode result %s: %w", name, err)
		}
		kept = append(kept, text)
	}
	return f.Set(name, kept)
}

// Write writes the file: a line for each value, and one for each element of a list.
func (f File) Write(path string) error {
	text := []byte("{\n")
	for i, name := range slices.Sorted(maps.Keys(f)) {
		if i > 0 {
			text = append(text, ",\n"...)
		}
		text = fmt.Appendf(text, "%q: ", name)
		text = appendValue(text, f[name])
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	if err := os.WriteFile(path, append(text, "\n}\n"...), 0o644); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

func appendValue(text []byte, value json.RawMessage) []byte {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil || len(list) == 0 {
		return append(text, value...)
	}
	text = append(text, '[')
	for i, one := range list {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, "\n "...), one...)
	}
	return append(text, ']')
}

// Value reads a value into a pointer, which stays as it is where there is none.
func Value(f File, name string, into any) error {
	text, ok := f[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read result %s: %w", name, err)
	}
	return nil
}
