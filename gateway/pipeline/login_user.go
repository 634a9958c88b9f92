package pipeline

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/gateway/jose"
	"github.com/riskgate/riskgate/models"
)

// user returns the user name of a login, "" if there is none. It is not ok where
// the upstream might read another name, whose failures would then be counted for
// nobody: where the name stands twice, in whatever case, or the body is not what
// the route says.
func (l *Login) user(view *models.Request, body []byte) (name string, ok bool) {
	switch {
	case l.place == "header":
		v, _ := view.Header(l.name)
		return string(v), view.CountHeader(l.name) <= 1
	case len(body) == 0:
		return "", true
	case l.place == "form":
		return formValue(view, body, l.name)
	case l.place == "json":
		if !json.Valid(body) {
			return "", false
		}
		v, ok := pointed(body, l.name)
		return text(v), ok
	}
	return "", true
}

// formValue returns the one field of a form that is called name, decoded as
// browsers encode it. What is no escape stays, as with most who read forms.
func formValue(view *models.Request, body []byte, name string) (value string, ok bool) {
	const form = "application/x-www-form-urlencoded"
	if kind, told := view.Header("content-type"); told {
		kind, _, _ = bytes.Cut(kind, []byte(";"))
		if !strings.EqualFold(strings.TrimSpace(string(kind)), form) {
			return "", false
		}
	}
	found := 0
	for len(body) > 0 {
		var pair []byte
		pair, body, _ = bytes.Cut(body, []byte("&"))
		k, v, _ := bytes.Cut(pair, []byte("="))
		if strings.EqualFold(formText(k), name) {
			value = formText(v)
			found++
		}
	}
	return value, found <= 1
}

func formText(b []byte) string {
	if !bytes.ContainsAny(b, "%+") {
		return string(b)
	}
	if s, err := url.QueryUnescape(string(b)); err == nil {
		return s
	}
	return string(b)
}

// pointed follows a JSON pointer (RFC 6901) into valid JSON and returns what
// stands there, nil if nothing does. It is not ok where a name on the way stands
// twice.
func pointed(v json.RawMessage, pointer string) (json.RawMessage, bool) {
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		ok := true
		switch v = bytes.TrimLeft(v, " \t\r\n"); {
		case len(v) > 0 && v[0] == '{':
			v, ok = member(v, token)
		case len(v) > 0 && v[0] == '[':
			v = element(v, token)
		default:
			return nil, true
		}
		if !ok {
			return nil, false
		}
	}
	return v, true
}

// member returns the one member of an object that is called name in any case.
func member(object json.RawMessage, name string) (value json.RawMessage, ok bool) {
	found := 0
	err := jose.Object(object, func(n string, v json.RawMessage) {
		if strings.EqualFold(n, name) {
			value = v
			found++
		}
	})
	return value, err == nil && found <= 1
}

// element returns one element of an array, nil if it has none of that index.
func element(array json.RawMessage, index string) json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(array))
	_, _ = dec.Token() // the bracket; what follows is valid
	i, err := strconv.Atoi(index)
	for at := 0; err == nil && at <= i && dec.More(); at++ {
		var v json.RawMessage
		if err = dec.Decode(&v); err == nil && at == i {
			return v
		}
	}
	return nil
}

// text returns a string or a number as text, "" for anything else.
func text(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	var f float64
	if json.Unmarshal(v, &f) == nil {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return ""
}
