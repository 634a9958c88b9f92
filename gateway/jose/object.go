package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

var errObject = errors.New("jose: not one JSON object with distinct names")

// Object calls each for every member of the JSON object data, in order. Unlike
// encoding/json it refuses invalid UTF-8, a name that occurs twice, and anything
// after the object, so that no two readers can see different members.
func Object(data []byte, each func(name string, value json.RawMessage)) error {
	if !utf8.Valid(data) {
		return errObject
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errObject
	}
	var seen []string
	for dec.More() {
		t, err := dec.Token()
		name, ok := t.(string)
		if err != nil || !ok || slices.Contains(seen, name) || len(seen) >= maxMembers {
			return errObject
		}
		seen = append(seen, name)
		var value json.RawMessage
		if dec.Decode(&value) != nil {
			return errObject
		}
		each(name, value)
	}
	if _, err := dec.Token(); err != nil {
		return errObject
	}
	if rest := bytes.TrimLeft(data[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return errObject
	}
	return nil
}

// maxMembers bounds the quadratic search for repeated names.
const maxMembers = 256
