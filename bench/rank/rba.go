package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// rankFile lets the models score a CSV file with the header of the RBA data set,
// which is in order of time. The set holds no device tokens, so that riskgate with
// them takes no part.
//
// On labels drawn at random no model is better than chance, because failed logins
// do not count and an attack is judged by what honest logins taught: neither what
// was learned before a row nor what becomes of it depends on its own label.
func rankFile(o *options) error {
	f, err := os.Open(o.rba)
	if err != nil {
		return err
	}
	defer f.Close()
	seen, err := survey(f)
	if err = errors.Join(err, seen.judge(o.rba)); err != nil {
		return fmt.Errorf("%s: %w", o.rba, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	o.world, o.seed, o.seeds = "RBA", 0, 1
	world := traffic.Config{World: o.world, Start: seen.first.Truncate(24 * time.Hour)}
	world.Days = 1 + int(seen.last.Sub(world.Start).Hours()/24)
	var fault error
	r, err := trial.Run(trial.Config{
		World: world, Events: logins(f, &fault), Untokened: true, Risk: o.risk, Ablate: o.ablate, Progress: progress(o.rba),
	})
	if err = errors.Join(err, fault); err != nil {
		return fmt.Errorf("%s: %w", o.rba, err)
	}
	fmt.Printf("%s", trial.AppendMarkdown(nil, r.Rows, r.Models))
	if o.out == "" {
		return nil
	}
	return (&ranked{rows: r.Rows, sums: r.Models}).save(o)
}

// surveyed is what a first reading of a file found.
type surveyed struct {
	logins, unread int
	worst          error // of the first row that could not be read
	first, last    time.Time
}

// survey reads a whole file.
func survey(r io.Reader) (s surveyed, err error) {
	for e, err := range traffic.ReadRBA(r) {
		row := (*traffic.RowError)(nil)
		switch {
		case errors.As(err, &row):
			if s.unread++; s.worst == nil {
				s.worst = err
			}
			continue
		case err != nil:
			return s, err
		}
		if s.logins++; s.logins == 1 {
			s.first = e.Time
		}
		s.last = e.Time
	}
	if s.logins == 0 {
		return s, errors.New("no logins")
	}
	return s, nil
}

// mostUnread is the share of rows that may be unreadable.
const mostUnread = 0.01

// judge says on standard error which rows are left out. Too many are an error.
func (s *surveyed) judge(path string) error {
	if s.unread == 0 {
		return nil
	}
	rows := s.unread + s.logins
	text := fmt.Sprintf("%d of %d rows cannot be read, the first: %v", s.unread, rows, s.worst)
	if float64(s.unread) > mostUnread*float64(rows) {
		return fmt.Errorf("%s; want at most %g %% of them", text, 100*mostUnread)
	}
	fmt.Fprintf(os.Stderr, "rank: %s: %s; they are left out\n", path, text)
	return nil
}

// logins returns the readable rows. An error that ends the reading is stored.
func logins(r io.Reader, fault *error) iter.Seq[*traffic.Event] {
	return func(yield func(*traffic.Event) bool) {
		for e, err := range traffic.ReadRBA(r) {
			row := (*traffic.RowError)(nil)
			switch {
			case err == nil:
				if !yield(e) {
					return
				}
			case !errors.As(err, &row):
				*fault = err
			}
		}
	}
}
