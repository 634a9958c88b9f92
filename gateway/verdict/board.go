package verdict

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/riskgate/riskgate/models"
)

// Board holds the verdicts of a file. Of may be called from any goroutine, a nil
// Board has no verdicts.
type Board struct {
	log     zerolog.Logger
	current atomic.Pointer[board]
	reads   atomic.Uint64 // begun
	refused atomic.Uint64 // files, once for each reason in a row
}

// board is the state of a Board at one time. It is never changed.
type board struct {
	*set
	file    string
	sum     [sha256.Size]byte
	lines   int
	read    uint64    // which of the reads it comes from
	loaded  time.Time // zero: never
	problem string    // with the file since; "": none
}

// New returns a Board without verdicts.
func New(log zerolog.Logger) *Board {
	b := &Board{log: log.With().Str("component", "verdict").Logger()}
	b.current.Store(&board{set: newSet(nil)})
	return b
}

// Of returns what verdicts say of a subject at a time.
func (b *Board) Of(p models.Pseudonym, now time.Time) Standing {
	if b == nil {
		return Standing{}
	}
	return b.current.Load().of(p, now)
}

// Load replaces the verdicts by those of the file of c, or by none. Where the file
// is wrong in any line, or cannot be read, the verdicts of before stay, and the error
// says why. One goroutine at a time may call it.
func (b *Board) Load(c Config, now time.Time) error { return b.Read(c, now)() }

// Read reads the file of c and returns what does the rest of Load, or nothing where a
// read that began later has been there before. Any goroutine may call it.
func (b *Board) Read(c Config, now time.Time) (replace func() error) {
	nth := b.reads.Add(1)
	next, err := load(c.File, now)
	return func() error { return b.replace(nth, next, err, now) }
}

func (b *Board) replace(nth uint64, next *board, err error, now time.Time) error {
	was := b.current.Load()
	if was.read > nth {
		return nil
	}
	if err != nil {
		failed := *was
		failed.read, failed.problem = nth, err.Error()
		if failed.problem != was.problem {
			b.refused.Add(1)
		}
		b.current.Store(&failed)
		return err
	}
	next.read = nth
	b.current.Store(next)
	if next.file != was.file || next.sum != was.sum {
		b.say(next, now)
	}
	return nil
}

func load(name string, now time.Time) (*board, error) {
	if name == "" {
		return &board{set: newSet(nil)}, nil
	}
	if err := CheckFile(name); err != nil {
		return nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read verdicts: %w", err)
	}
	defer func() { _ = file.Close() }()
	sum := sha256.New()
	all, err := Read(name, io.TeeReader(file, sum), now)
	if err != nil {
		return nil, err
	}
	next := &board{set: newSet(all), file: name, lines: len(all), loaded: now}
	sum.Sum(next.sum[:0])
	return next, nil
}

// CheckFile refuses what is no regular file, of which opening or reading might never
// end. The error wraps fs.ErrNotExist where there is none.
func CheckFile(name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("read verdicts: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("read verdicts: %s: want a regular file", name)
	}
	return nil
}

func (b *Board) say(next *board, now time.Time) {
	n := next.count(now)
	line := b.log.Info().Int("lines", next.lines)
	for k := models.Confirm; k < models.NumVerdictKinds; k++ {
		line = line.Int(k.String(), n[k])
	}
	line.Msg("verdicts replaced")
}

// Problem says what is wrong with the file since its verdicts were taken, "" if
// nothing is.
func (b *Board) Problem() string { return b.current.Load().problem }

// Status is what operators see of a Board.
type Status struct {
	File    string         `json:"file"` // "": none is configured
	Loaded  time.Time      `json:"loaded,omitzero"`
	Lines   int            `json:"lines"`    // verdicts in the file
	InForce map[string]int `json:"in_force"` // subjects, by kind
	Refused uint64         `json:"refused"`  // files, since the start, once for each reason in a row
	Problem string         `json:"problem,omitempty"`
}

// Status returns the state at a time.
func (b *Board) Status(now time.Time) Status {
	s := b.current.Load()
	n := s.count(now)
	out := Status{File: s.file, Loaded: s.loaded, Lines: s.lines, Refused: b.refused.Load(), Problem: s.problem, InForce: map[string]int{}}
	for k := models.Confirm; k < models.NumVerdictKinds; k++ {
		out.InForce[k.String()] = n[k]
	}
	return out
}
