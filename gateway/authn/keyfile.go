package authn

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/riskgate/riskgate/models"
)

// Key is one entry of the key file.
type Key struct {
	ID       string         // letters, digits, "-" and "."; at most 64
	Owner    string         // the client that holds it
	Roles    []string       // for policies
	Networks []netip.Prefix // where it may be used from; nil: anywhere
	Expires  time.Time      // zero: never
	Created  time.Time      // zero: not told
	hash     [sha256.Size]byte
}

// KeyProblem is one mistake in a key file.
type KeyProblem struct {
	Line, Column int // from 1
	models.Problem
}

// KeyFileError lists every mistake of a key file.
type KeyFileError struct {
	File     string
	Problems []KeyProblem
}

// Error returns one line per mistake: file:line:col: path: value, wish.
func (e *KeyFileError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("%s:%d:%d: %s", e.File, p.Line, p.Column, p.Problem)
	}
	return strings.Join(lines, "\n")
}

// ReadKeys reads a key file:
//
//	keys:
//	  - id: orders-1
//	    owner: orders-batch
//	    hash: "sha256:<64 hex digits of the SHA-256 of the whole key>"
//	    roles: [reader]              # optional, as are the following
//	    networks: [192.0.2.0/24]
//	    expires: 2027-01-01          # a date or an RFC 3339 time
//	    created: 2026-01-01
//
// An owner may have two keys that are live at time now. The error is a
// *KeyFileError if the file can be read at all.
func ReadKeys(name string, now time.Time) ([]Key, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := keyReader{now: now}
	keys := r.read(data)
	if len(r.problems) > 0 {
		return nil, &KeyFileError{File: name, Problems: r.problems}
	}
	return keys, nil
}

type keyReader struct {
	now      time.Time
	problems []KeyProblem
	ids      map[string]bool
	hashes   map[[sha256.Size]byte]bool
	live     map[string]int // by owner
}

func (r *keyReader) add(n ast.Node, path, value, wish string) {
	if value == "" {
		value = "nothing"
	}
	p := KeyProblem{Line: 1, Column: 1, Problem: models.Problem{Path: path, Value: value, Wish: wish}}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		p.Line, p.Column = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	r.problems = append(r.problems, p)
}

func (r *keyReader) read(data []byte) []Key {
	r.ids, r.hashes, r.live = map[string]bool{}, map[[sha256.Size]byte]bool{}, map[string]int{}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		r.syntax(err)
		return nil
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		r.add(nil, "keys", "nothing", "want a list of keys")
		return nil
	}
	var keys []Key
	r.members(file.Docs[0].Body, "", func(name string, value ast.Node) bool {
		if name == "keys" {
			r.items(value, "keys", func(path string, n ast.Node) { keys = append(keys, r.key(path, n)) })
		}
		return name == "keys"
	})
	return keys
}

// syntax reports what the YAML parser says, on one line.
func (r *keyReader) syntax(err error) {
	message, _, _ := strings.Cut(err.Error(), "\n")
	at := KeyProblem{Line: 1, Column: 1, Problem: models.Problem{Path: "keys", Value: message, Wish: "want YAML"}}
	_, _ = fmt.Sscanf(message, "[%d:%d]", &at.Line, &at.Column) // else the start of the file
	r.problems = append(r.problems, at)
}

// members calls each for the members of a mapping and reports those it does not
// know. It returns false if n is none.
func (r *keyReader) members(n ast.Node, path string, each func(name string, value ast.Node) bool) bool {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.add(n, path, n.String(), "want a mapping")
		return false
	}
	for it := m.MapRange(); it.Next(); {
		name := it.Key().String()
		if !each(name, it.Value()) {
			r.add(it.Key(), strings.TrimPrefix(path+"."+name, "."), "unknown", "want a known name")
		}
	}
	return true
}

func (r *keyReader) items(n ast.Node, path string, each func(path string, n ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.add(n, path, n.String(), "want a list")
		return
	}
	if len(list.Values) == 0 {
		r.add(n, path, "nothing", "want at least one, or no "+path[strings.LastIndexByte(path, '.')+1:])
	}
	for i, v := range list.Values {
		each(path+"["+strconv.Itoa(i)+"]", v)
	}
}

func (r *keyReader) key(path string, n ast.Node) (k Key) {
	at := map[string]ast.Node{}
	mapping := r.members(n, path, func(name string, v ast.Node) bool {
		at[name] = v
		return r.member(&k, path+"."+name, name, v)
	})
	if !mapping || !r.required(path, n, at) {
		return k
	}
	if r.ids[k.ID] {
		r.add(at["id"], path+".id", k.ID, "want each id once")
	}
	if r.hashes[k.hash] {
		r.add(at["hash"], path+".hash", "as of another key", "want a secret of its own")
	}
	r.ids[k.ID], r.hashes[k.hash] = true, true
	if k.Expires.IsZero() || r.now.Before(k.Expires) {
		if r.live[k.Owner]++; r.live[k.Owner] == 3 {
			r.add(at["owner"], path+".owner", k.Owner, "want at most two live keys of one owner")
		}
	}
	return k
}

func (r *keyReader) required(path string, n ast.Node, at map[string]ast.Node) bool {
	whole := true
	for _, name := range []string{"id", "owner", "hash"} {
		if at[name] == nil {
			r.add(n, path+"."+name, "nothing", "is required")
			whole = false
		}
	}
	return whole
}

func (r *keyReader) member(k *Key, path, name string, v ast.Node) bool {
	switch name {
	case "id":
		r.scalar(v, path, "want 1 to 64 letters, digits, - or .", func(s string) bool { k.ID = s; return keyID(s) })
	case "owner":
		r.scalar(v, path, "want 1 to 256 printable characters", func(s string) bool { k.Owner = s; return printable(s) })
	case "hash":
		r.scalar(v, path, "want sha256: and 64 hex digits", func(s string) bool { return readHash(s, &k.hash) })
	case "expires":
		r.scalar(v, path, "want a date or an RFC 3339 time", func(s string) bool { return readTime(s, &k.Expires) })
	case "created":
		r.scalar(v, path, "want a date or an RFC 3339 time", func(s string) bool { return readTime(s, &k.Created) })
	case "roles":
		r.items(v, path, func(path string, n ast.Node) {
			r.scalar(n, path, "want a role name", func(s string) bool { k.Roles = append(k.Roles, s); return printable(s) })
		})
	case "networks":
		r.items(v, path, func(path string, n ast.Node) {
			r.scalar(n, path, "want a network like 192.0.2.0/24", func(s string) bool { return readNetwork(s, &k.Networks) })
		})
	default:
		return false
	}
	return true
}

func (r *keyReader) scalar(n ast.Node, path, wish string, read func(string) bool) {
	var value string
	switch n := n.(type) {
	case *ast.StringNode:
		value = n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		value = n.GetToken().Value
	default:
		r.add(n, path, n.String(), wish)
		return
	}
	if !read(value) {
		r.add(n, path, strconv.Quote(value), wish)
	}
}

func printable(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

func readHash(s string, into *[sha256.Size]byte) bool {
	digits, ok := strings.CutPrefix(s, hashPrefix)
	if !ok || len(digits) != 2*sha256.Size {
		return false
	}
	_, err := hex.Decode(into[:], []byte(digits))
	return err == nil && *into != [sha256.Size]byte{}
}

func readTime(s string, into *time.Time) (ok bool) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			*into = t
			return true
		}
	}
	return false
}

func readNetwork(s string, into *[]netip.Prefix) bool {
	p, err := netip.ParsePrefix(s)
	if err != nil || p != p.Masked() {
		return false
	}
	*into = append(*into, p)
	return true
}
