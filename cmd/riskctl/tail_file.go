package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// pollEvery is how often a followed file is looked at.
const pollEvery = 200 * time.Millisecond

// tailFile prints the last lines of a file that match, all if negative, and goes
// on with what is appended if it is to follow.
func tailFile(ctx context.Context, path string, follow bool, lines int, p *printer) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return withHint(fmt.Errorf("read events: %w", err), "--from names the file of streaming.file.path, or kafka://broker/topic")
	}
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	if err := plain(path, f); err != nil {
		return errors.Join(err, f.Close())
	}
	g := &growing{path: path, file: f, printer: p, place: place{name: path, part: -1}}
	defer func() { g.file.Close() }()
	if lines >= 0 {
		if err := g.last(lines); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	if err := g.read(); err != nil {
		return err
	}
	if !follow {
		return g.end()
	}
	p.flush = true
	if err := p.out.Flush(); err != nil {
		return err
	}
	return g.follow(ctx)
}

// growing is a file that a gateway appends to, and now and then renames.
type growing struct {
	path    string
	file    *os.File
	printer *printer
	place   place  // without line numbers: reading began somewhere
	rest    []byte // of a line without its line feed yet
	buffer  [block]byte
}

// last prints the last n whole lines that match and goes to the end of the last
// whole line.
func (g *growing) last(n int) error {
	info, err := g.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	var kept [][]byte
	end, first := info.Size(), true
	err = backwards(g.file, info.Size(), func(line []byte) bool {
		if first { // what follows the last line feed
			end -= int64(len(line))
			first = false
			return n > 0
		}
		if trimmed := bytes.TrimSpace(line); len(trimmed) > 0 && g.printer.decode(record{place: g.place, value: trimmed}) {
			kept = append(kept, bytes.Clone(trimmed))
		}
		return len(kept) < n
	})
	if err != nil {
		return err
	}
	for _, line := range slices.Backward(kept) {
		if err := g.printer.print(record{value: line}); err != nil {
			return err
		}
	}
	_, err = g.file.Seek(end, io.SeekStart)
	return err
}

// read prints what was appended, to the last line feed.
func (g *growing) read() error {
	for {
		n, err := g.file.Read(g.buffer[:])
		if err := g.lines(g.buffer[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", g.path, err)
		}
	}
}

func (g *growing) lines(chunk []byte) error {
	for len(chunk) > 0 {
		i := bytes.IndexByte(chunk, '\n')
		if i < 0 {
			g.rest = append(g.rest, chunk...)
			if len(g.rest) > maxLine {
				return fmt.Errorf("read %s: a line of more than %d bytes is no event", g.path, maxLine)
			}
			return nil
		}
		g.rest = append(g.rest, chunk[:i]...)
		chunk = chunk[i+1:]
		if err := g.line(false); err != nil {
			return err
		}
	}
	return nil
}

func (g *growing) line(cut bool) error {
	line := bytes.TrimSpace(g.rest)
	g.rest = g.rest[:0]
	if len(line) == 0 {
		return nil
	}
	return g.printer.print(record{place: g.place, value: line, cut: cut})
}

// end prints the last line, if it is whole but for its line feed.
func (g *growing) end() error { return g.line(true) }

// follow prints what is appended until ctx ends, also to the file that takes the
// name when this one is renamed.
func (g *growing) follow(ctx context.Context) error {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
		now, err := os.Stat(g.path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("follow %s: %w", g.path, err)
		}
		if err := g.read(); err != nil { // also the end of one that was renamed just now
			return err
		}
		if now != nil {
			if err := g.reopen(now); err != nil {
				return err
			}
		}
	}
}

// reopen changes to the file that has the name now, or to the start of one that
// was cut short.
func (g *growing) reopen(now os.FileInfo) error {
	was, err := g.file.Stat()
	if err != nil {
		return fmt.Errorf("follow %s: %w", g.path, err)
	}
	if os.SameFile(was, now) {
		return g.rewind(was)
	}
	next, err := os.Open(g.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // renamed again; the next look will tell
	}
	if err != nil {
		return fmt.Errorf("follow %s: %w", g.path, err)
	}
	g.file.Close()
	g.file, g.rest = next, g.rest[:0]
	return g.read()
}

// rewind goes back to the start of a file that is shorter than what was read of
// it.
func (g *growing) rewind(was os.FileInfo) error {
	if !was.Mode().IsRegular() {
		return nil
	}
	at, err := g.file.Seek(0, io.SeekCurrent)
	if err != nil || was.Size() >= at {
		return err
	}
	g.rest = g.rest[:0]
	_, err = g.file.Seek(0, io.SeekStart)
	return err
}
