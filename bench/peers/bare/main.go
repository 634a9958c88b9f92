// Command bare is a reverse proxy of fasthttp and nothing else: the limit that
// riskgate is measured against. It checks nothing and is no product.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	upstream := flag.String("upstream", "", "host:port to forward to")
	flag.Parse()
	if *upstream == "" {
		fmt.Fprintln(os.Stderr, "bare: -upstream is missing")
		os.Exit(2)
	}
	if err := serve(*listen, *upstream); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// serve forwards every request until the process is ended. It prints the address
// it listens on.
func serve(listen, upstream string) error {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	client := &fasthttp.HostClient{
		Addr:                          upstream,
		MaxConns:                      4096,
		MaxIdleConnDuration:           time.Minute,
		NoDefaultUserAgentHeader:      true,
		DisablePathNormalizing:        true,
		DisableHeaderNamesNormalizing: true,
	}
	server := &fasthttp.Server{
		Handler:                       func(ctx *fasthttp.RequestCtx) { forward(client, ctx) },
		NoDefaultServerHeader:         true,
		NoDefaultDate:                 true,
		NoDefaultContentType:          true,
		DisableHeaderNamesNormalizing: true,
	}
	return server.Serve(ln)
}

func forward(client *fasthttp.HostClient, ctx *fasthttp.RequestCtx) {
	ctx.Request.Header.Del("Connection")
	if err := client.Do(&ctx.Request, &ctx.Response); err != nil {
		ctx.Response.Reset()
		ctx.SetStatusCode(fasthttp.StatusBadGateway)
		return
	}
	ctx.Response.Header.Del("Connection")
}
