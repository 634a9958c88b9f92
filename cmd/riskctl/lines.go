package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds what one event may take, so that memory stays flat whatever is
// read.
const maxLine = 4 << 20

// eachLine gives fn every line of r that is not empty. The last one may lack its
// line feed. What is compressed with gzip is decompressed.
func eachLine(ctx context.Context, name string, r io.Reader, fn func(record) error) error {
	in, err := unzipped(name, r)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 256<<10), maxLine)
	cut := false
	lines.Split(func(data []byte, end bool) (int, []byte, error) {
		n, line, err := bufio.ScanLines(data, end)
		cut = n > 0 && data[n-1] != '\n'
		return n, line, err
	})
	at := place{name: name, part: -1}
	for lines.Scan() {
		at.at++
		if at.at%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		if err := fn(record{place: at, value: line, cut: cut}); err != nil {
			return enough(err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("read %s:%d: a line of more than %d bytes is no event", name, at.at+1, maxLine)
	} else if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// enough turns errEnough into no error.
func enough(err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// block is how much is read at once while looking backwards.
const block = 64 << 10

// backwards gives fn the lines of the first size bytes of r, the last one first,
// without their line feeds, until fn returns false. Lines are valid until the
// next. What follows the last line feed is a line too.
func backwards(r io.ReaderAt, size int64, fn func(line []byte) bool) error {
	var rest []byte // read, begins inside or at a line
	for size > 0 {
		n := min(size, block)
		size -= n
		chunk := make([]byte, n, int(n)+len(rest))
		if _, err := r.ReadAt(chunk, size); err != nil {
			return err
		}
		rest = append(chunk, rest...)
		for {
			i := bytes.LastIndexByte(rest, '\n')
			if i < 0 {
				break
			}
			if !fn(rest[i+1:]) {
				return nil
			}
			rest = rest[:i]
		}
		if len(rest) > maxLine {
			return fmt.Errorf("a line of more than %d bytes is no event", maxLine)
		}
	}
	fn(rest)
	return nil
}
