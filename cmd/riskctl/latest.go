package main

import (
	"bytes"
	"slices"
	"time"
)

// latest keeps the last records that match, by time: the partitions of a topic
// come in no order.
type latest struct {
	n       int // negative: all are printed at once
	printer *printer
	kept    []timed
}

type timed struct {
	time  time.Time
	value []byte
}

func newLatest(n int, p *printer) *latest { return &latest{n: n, printer: p} }

func (l *latest) take(r record) error {
	switch {
	case l.n < 0:
		return l.printer.print(r)
	case l.n == 0 || !l.printer.decode(r):
		return nil
	}
	t := l.printer.event.Time
	i, _ := slices.BinarySearchFunc(l.kept, t, func(k timed, t time.Time) int {
		if k.time.After(t) {
			return 1
		}
		return -1 // equal ones stay in the order they came in
	})
	switch {
	case len(l.kept) < l.n:
		l.kept = slices.Insert(l.kept, i, timed{t, bytes.Clone(r.value)})
	case i > 0:
		oldest := l.kept[0].value
		copy(l.kept, l.kept[1:i])
		l.kept[i-1] = timed{t, append(oldest[:0], r.value...)}
	}
	return nil
}

// print shows what was kept.
func (l *latest) print() error {
	for _, k := range l.kept {
		if err := l.printer.print(record{value: k.value}); err != nil {
			return err
		}
	}
	return nil
}
