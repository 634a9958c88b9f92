package pipeline

import (
	"net/http"
	"strconv"

	"github.com/valyala/fasthttp"

	"github.com/riskgate/riskgate/models"
)

// A proxy that asks about a request and may let it through reads 204 with the
// fields that an upstream would read. One that may not reads the answer for its
// client: Traefik and Caddy pass on whatever is no 2xx. For nginx, which takes
// everything but 2xx, 401 and 403 for a fault of its own, other statuses become
// 403, and X-Riskgate-Status says which one was meant.
//
// What becomes of the request stays unknown here. A request that was let through
// is learned from as if it had succeeded, for else nobody would ever be known
// behind such a front: its credential was verified, and what an attacker with a
// valid credential could teach by failing requests, it can teach by others. The
// outcome of a login stays unknown. Who is let through to log off has logged off,
// which harms nobody, but who is let through to change a password may have failed. No
// device token is given out, because proxies keep the cookies of these answers to
// themselves.

// permit answers a proxy that may forward the request it asked about.
func (x *exchange) permit() {
	resp := &x.ctx.Response
	resp.Reset()
	resp.SetStatusCode(http.StatusNoContent)
	x.tell()
	x.headers.AddTo(&resp.Header)
	x.decorate(resp)
	x.event.Status = http.StatusNoContent
	if x.route.Login != nil {
		x.event.Login = models.LoginUnknown
	}
	if x.route.Activity == models.Logoff {
		x.act(models.Logoff)
	}
	x.finish()
}

// refuseAsked makes the answer to a denial fit for the proxy that asked.
func (x *exchange) refuseAsked(resp *fasthttp.Response, status int) {
	resp.Header.ResetConnectionClose() // the proxy's connection is sound
	from := len(x.text)
	x.text = strconv.AppendInt(x.text, int64(status), 10)
	resp.Header.SetBytesV("X-Riskgate-Status", x.text[from:])
	if x.view.Front == models.AuthRequest && status != http.StatusUnauthorized {
		resp.SetStatusCode(http.StatusForbidden)
	}
}
