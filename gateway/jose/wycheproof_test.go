package jose

import (
	"encoding/json"
	"io/fs"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/c2sp/wycheproof"
	"github.com/rs/zerolog"
)

type vectorFile struct {
	TestGroups []struct {
		Comment string
		Public  json.RawMessage
		Private json.RawMessage
		Tests   []struct {
			TcID    int
			Comment string
			JWS     json.RawMessage
			Result  string
		}
	}
}

func readVectors(t *testing.T, name string) vectorFile {
	t.Helper()
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// setOf returns a key set with the keys of data, a set or one key, allowing
// every algorithm of their kind; nil if the set is refused.
func setOf(data json.RawMessage) *KeySet {
	var probe struct{ Keys []json.RawMessage }
	if json.Unmarshal(data, &probe); probe.Keys == nil {
		data = json.RawMessage(`{"keys":[` + string(data) + `]}`)
	}
	all := slices.Sorted(maps.Keys(algorithms))
	keys, _, err := parseKeys(data, all)
	if err != nil {
		return nil
	}
	s := NewKeySet(Config{Algorithms: all, URL: "none"}, noFetch{}, zerolog.Nop(), time.Now)
	s.swap(keys, time.Now())
	return s
}

func accepts(s *KeySet, token string) bool {
	if s == nil {
		return false
	}
	tok, denial := Parse([]byte(token))
	if denial != "" {
		return false
	}
	_, denial = s.Verify(&tok, time.Now())
	return denial == ""
}

// verdicts is what became of the signature vectors of a file, by vector number.
type verdicts struct {
	invalid  int   // how many the file calls invalid
	accepted []int // invalid and yet accepted
	refused  []int // valid and yet refused
}

func judge(t *testing.T, name string) (v verdicts) {
	for _, g := range readVectors(t, name).TestGroups {
		key := g.Public
		if key == nil {
			key = g.Private
		}
		set := setOf(key)
		for _, c := range g.Tests {
			if len(c.JWS) > 0 { // the others are encryption vectors
				v.count(c.TcID, c.Result, accepts(set, compact(c.JWS)))
			}
		}
	}
	return v
}

func (v *verdicts) count(id int, result string, accepted bool) {
	if result == "invalid" {
		v.invalid++
	}
	switch {
	case result == "invalid" && accepted:
		v.accepted = append(v.accepted, id)
	case result == "valid" && !accepted:
		v.refused = append(v.refused, id)
	}
}

// compact returns a token given as JSON string; a JSON object stands for itself.
func compact(raw json.RawMessage) string {
	var token string
	if json.Unmarshal(raw, &token) != nil {
		return string(raw)
	}
	return token
}

func TestNoInvalidSignatureVectorIsAccepted(t *testing.T) {
	v := judge(t, "json_web_signature_test.json")
	if v.invalid != 355 || len(v.accepted) != 0 {
		t.Errorf("of %d invalid vectors accepted %v; want 355 and none", v.invalid, v.accepted)
	}
	// 346, 350: signed with PS384, the key says PS256.
	// 347, 351: the key says ES521, which is no algorithm.
	// 372, 373: "?" inside base64url.
	// 357, 358, 359, 376, 377: the HMAC key is 32 zero bytes. Refusing such a key
	// also settles 367 and 370, labeled invalid, which are 357 byte for byte.
	if want := []int{346, 347, 350, 351, 357, 358, 359, 372, 373, 376, 377}; !slices.Equal(v.refused, want) {
		t.Errorf("valid vectors refused: %v, want %v", v.refused, want)
	}
}

func TestNoInvalidKeyVectorIsAccepted(t *testing.T) {
	for _, name := range []string{"json_web_key_test.json", "json_web_crypto_test.json"} {
		v := judge(t, name)
		if v.invalid < 20 || len(v.accepted) != 0 || len(v.refused) != 0 {
			t.Errorf("%s: of %d invalid vectors accepted %v, valid ones refused %v", name, v.invalid, v.accepted, v.refused)
		}
	}
}
