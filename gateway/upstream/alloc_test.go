//go:build !race

package upstream

import (
	"testing"

	"github.com/valyala/fasthttp"
)

func TestPrepareAllocates(t *testing.T) {
	req, h := new(Request), testHeaders()
	v := viewOf("GET", "/v1/items", browserBlock)
	if n := testing.AllocsPerRun(200, func() { Prepare(req, v, h) }); n != 0 {
		t.Errorf("Prepare allocates %v times per request, want 0", n)
	}
}

func TestForwardAllocates(t *testing.T) {
	p := testPool(t, nil, startRaw(t, replayer(okAnswer)).url())
	req, resp, h := new(Request), new(fasthttp.Response), testHeaders()
	v := viewOf("GET", "/v1/items", browserBlock)
	n := testing.AllocsPerRun(200, func() {
		resp.Reset()
		Prepare(req, v, h)
		if r := p.Forward(req, resp); r.Denial != "" {
			t.Fatal(r)
		}
	})
	if n != 0 {
		t.Errorf("Forward allocates %v times per request, want 0", n)
	}
}
