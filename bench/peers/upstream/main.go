// Command upstream answers every request with the same body: what stands behind
// the proxies that are compared.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"

	"github.com/valyala/fasthttp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	size := flag.Int("size", 1024, "bytes of the body")
	flag.Parse()
	if err := serve(*listen, *size); err != nil {
		fmt.Fprintln(os.Stderr, "upstream:", err)
		os.Exit(1)
	}
}

// serve answers until the process is ended. It prints the address it listens on.
func serve(listen string, size int) error {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	body := bytes.Repeat([]byte("x"), size)
	server := &fasthttp.Server{
		NoDefaultServerHeader: true,
		Handler: func(ctx *fasthttp.RequestCtx) {
			ctx.SetContentType("text/plain")
			ctx.SetBody(body)
		},
	}
	return server.Serve(ln)
}
