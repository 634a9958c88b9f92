package traffic

import (
	"bufio"
	"bytes"
	"net/http"
	"testing"

	"github.com/riskgate/riskgate/models"
)

// The view holds what net/http reads from the same bytes.
func TestViewIsTheRequest(t *testing.T) {
	var view models.Request
	c := Config{Seed: 9, Start: start, Days: 1, Users: 30, Everyone: true, Machines: 3}
	for e := range c.Events() {
		e.View(&view, "theme=dark")
		text := append([]byte(e.Method+" "+e.Path+" HTTP/1.1\r\n"), view.Raw...)
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(text, "\r\n"...))))
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range r.Header {
			got, ok := view.Header(string(bytes.ToLower([]byte(name))))
			if !ok || string(got) != values[0] {
				t.Fatalf("%s is %q in the view, want %q", name, got, values[0])
			}
		}
		if len(r.Header)+1 != view.NumFields || string(view.Agent) != r.UserAgent() || string(view.Path) != r.URL.Path ||
			view.Client != e.Address || view.TLS.JA4 != e.JA4 || !view.Time.Equal(e.Time) {
			t.Fatalf("view %+v of %+v", view.TLS, *e)
		}
	}
}
