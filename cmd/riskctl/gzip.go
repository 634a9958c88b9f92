package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
)

// gzipped begins every file of gzip (RFC 1952).
var gzipped = []byte{0x1f, 0x8b}

// unzipped returns what r holds, decompressed where it is a file of gzip.
func unzipped(name string, r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	if head, _ := in.Peek(len(gzipped)); !bytes.Equal(head, gzipped) {
		return in, nil // an error comes again
	}
	out, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return bufio.NewReaderSize(out, 1<<20), nil
}

// plain returns an error for a file of gzip, whose last lines cannot be found.
func plain(name string, r io.ReaderAt) error {
	head := make([]byte, len(gzipped))
	if n, _ := r.ReadAt(head, 0); n == len(head) && bytes.Equal(head, gzipped) {
		return withHint(fmt.Errorf("read %s: compressed, want a file as the gateway writes it", name),
			"zcat %s | riskctl tail --from -", name)
	}
	return nil
}
