package streaming

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/riskgate/riskgate/models"
)

// File appends each message as a line to a file.
type File struct {
	config FileConfig
	file   *os.File
	buffer []byte
	size   int64 // of whole lines
	reopen atomic.Bool

	// section is the last risk section that was written, with its line feed: every
	// file begins with the one that its decisions were made by.
	section []byte
}

// NewFile opens the file, which only its owner may read. A line that a killed
// process left unfinished is ended first.
func NewFile(c FileConfig) (*File, error) {
	f := &File{config: c}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	if err := os.MkdirAll(filepath.Dir(f.config.Path), 0o750); err != nil {
		return fmt.Errorf("open event file: %w", err)
	}
	file, err := os.OpenFile(f.config.Path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open event file: %w", err)
	}
	f.size, err = endLine(file)
	if err != nil {
		file.Close()
		return fmt.Errorf("open event file: %w", err)
	}
	f.file = file
	return nil
}

// endLine returns the size of the file, after ending a last line that has no line
// feed.
func endLine(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 || !info.Mode().IsRegular() {
		return 0, err
	}
	var last [1]byte
	if _, err := file.ReadAt(last[:], info.Size()-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return info.Size(), nil
	}
	_, err = file.Write([]byte{'\n'})
	return info.Size() + 1, err
}

// Write appends the messages with one system call. What a full disk cut short is
// taken back, so that the retry leaves no broken line.
func (f *File) Write(_ context.Context, messages []Message) error {
	if err := f.prepare(); err != nil {
		return err
	}
	all, buffer := lines(messages, f.buffer)
	f.buffer = buffer
	n, err := f.file.Write(all)
	if err == nil && f.config.Fsync == "batch" {
		err = f.file.Sync()
	}
	if err != nil {
		if n > 0 {
			err = errors.Join(err, f.file.Truncate(f.size))
		}
		f.Reopen()
		return fmt.Errorf("write events: %w", err)
	}
	f.size += int64(n)
	f.remember(messages)
	return nil
}

func (f *File) remember(messages []Message) {
	for i := range messages {
		if messages[i].Kind == models.ConfigEvent {
			f.section = append(append(f.section[:0], messages[i].Value...), '\n')
		}
	}
}

// prepare opens the file again where it was asked to, and rotates it.
func (f *File) prepare() error {
	if f.file != nil && f.config.Rotate > 0 && models.Size(f.size) >= f.config.Rotate {
		if err := os.Rename(f.config.Path, f.config.Path+".1"); err != nil {
			return fmt.Errorf("rotate events: %w", err)
		}
		f.Reopen()
	}
	if !f.reopen.Swap(false) && f.file != nil {
		return nil
	}
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
	if err := f.open(); err != nil || f.size > 0 || len(f.section) == 0 {
		return err
	}
	n, err := f.file.Write(f.section)
	f.size = int64(n)
	if err != nil {
		return fmt.Errorf("write risk section: %w", err)
	}
	return nil
}

// Reopen makes the next write open the path anew, as a tool that renamed the file
// wants it. It may be called by any goroutine.
func (f *File) Reopen() { f.reopen.Store(true) }

// Close closes the file.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}

// Name returns "file".
func (f *File) Name() string { return SinkFile }
