package streaming

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// pollFile is how often a file is looked at again when it is followed.
const pollFile = 200 * time.Millisecond

// TailFile gives each whole line of a file to fn, without its line feed and valid
// only during the call. With fromEnd it skips what is there already. With follow
// it waits for more until ctx ends, which is no error, and goes over to the new
// file when the path is rotated. An error of fn ends it at once.
func TailFile(ctx context.Context, path string, fromEnd, follow bool, fn func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	if fromEnd {
		if _, err := f.Seek(0, io.SeekEnd); err != nil {
			f.Close()
			return fmt.Errorf("tail %s: %w", path, err)
		}
	}
	t := tailer{path: path, file: f, reader: bufio.NewReaderSize(f, 1<<16), fn: fn}
	defer func() { t.file.Close() }()
	for {
		if err := t.lines(); err != nil {
			return err
		}
		if !follow || !sleep(ctx, pollFile) {
			return nil
		}
		if err := t.rotate(); err != nil {
			return err
		}
	}
}

type tailer struct {
	path   string
	file   *os.File
	reader *bufio.Reader
	line   []byte // what of a line is there
	fn     func([]byte) error
}

// lines gives every line up to the end of the file to fn, and keeps an unfinished
// one.
func (t *tailer) lines() error {
	for {
		part, err := t.reader.ReadSlice('\n')
		t.line = append(t.line, part...)
		switch {
		case err == nil:
			if err := t.fn(bytes.TrimSuffix(t.line, []byte("\n"))); err != nil {
				return err
			}
			t.line = t.line[:0]
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil
		default:
			return fmt.Errorf("tail %s: %w", t.path, err)
		}
	}
}

// rotate opens the path anew if another file is there, or the file became shorter,
// after what was still written to the old one.
func (t *tailer) rotate() error {
	now, err := os.Stat(t.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil // between rename and creation
	}
	was, errWas := t.file.Stat()
	if err != nil || errWas != nil {
		return fmt.Errorf("tail %s: %w", t.path, errors.Join(err, errWas))
	}
	read, err := t.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("tail %s: %w", t.path, err)
	}
	if os.SameFile(now, was) && now.Size() >= read {
		return nil
	}
	if err := t.lines(); err != nil {
		return err
	}
	f, err := os.Open(t.path)
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	t.file.Close()
	t.file, t.line = f, t.line[:0]
	t.reader.Reset(f)
	return nil
}
