package baseline

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// WorldVersion is the version of the layout written by this build. Version 1 ends
// before the leaps, version 2 after them, before what is kept of machine clients; both
// are read.
const WorldVersion = 3

// ErrWorld says that bytes are no world that this build reads.
var ErrWorld = errors.New("baseline: malformed world")

// AppendBinary appends the state in a little-endian layout whose tables leave out
// what is empty. It holds up learning only while it copies the state.
func (w *World) AppendBinary(dst []byte) []byte {
	t := newTables()
	w.mu.RLock()
	t.copyFrom(w.t)
	w.mu.RUnlock()
	e := worldWriter{b: append(dst, WorldVersion)}
	t.walk(&e, WorldVersion)
	return e.b
}

// UnmarshalBinary replaces the state by what AppendBinary wrote. On an error the
// state is what it was.
func (w *World) UnmarshalBinary(src []byte) error {
	if len(src) == 0 || src[0] == 0 || src[0] > WorldVersion {
		return fmt.Errorf("%w: want version 1 to %d", ErrWorld, WorldVersion)
	}
	t := newTables()
	r := worldReader{b: src[1:]}
	t.walk(&r, src[0])
	if src[0] < 3 { // which kept what all did together
		t.Habits[machines] = t.Habits[people]
	}
	if r.bad || len(r.b) != 0 {
		return fmt.Errorf("%w: cut short, too long or out of range", ErrWorld)
	}
	w.mu.Lock()
	w.t = t
	w.mu.Unlock()
	return nil
}

func (t *tables) copyFrom(from *tables) {
	sources, accounts := t.Sources, t.Accounts
	*t = *from
	t.Sources, t.Accounts = sources, accounts
	copy(t.Sources, from.Sources)
	copy(t.Accounts, from.Accounts)
}

// worldWalker visits the state in the order of the layout, to write or to read.
type worldWalker interface {
	u32(*uint32)
	u64(*uint64)
	number(*float64) // finite and not negative
	cells([]float32) // the same, mostly zero
	sources(sources)
}

func (t *tables) walk(w worldWalker, version uint8) {
	w.u32(&t.Origin)
	w.u32(&t.Started)
	w.u64(&t.Attempts)
	w.number(&t.Total)
	for r := range t.Sketch {
		w.cells(t.Sketch[r][:])
	}
	t.Habits[people].walk(w)
	for h := range t.Hours {
		w.number(&t.Hours[h])
	}
	one := sources{{t.World}}
	w.sources(one)
	t.World = one[0][0]
	w.sources(t.Sources)
	w.sources(t.Accounts)
	for i := range t.Logins {
		t.Logins[i].walk(w)
	}
	if version > 1 {
		t.Habits[people].walkLeaps(w)
	}
	if version > 2 {
		t.Habits[machines].walk(w)
		t.Habits[machines].walkLeaps(w)
	}
}

func (h *habits) walk(w worldWalker) {
	for g := range h.Hazard {
		for l := range h.Hazard[g] {
			for b := range h.Hazard[g][l] {
				h.Hazard[g][l][b].walk(w)
			}
		}
	}
}

func (h *habits) walkLeaps(w worldWalker) {
	for b := range h.Leaps {
		h.Leaps[b].walk(w)
	}
}

func (r *trials) walk(w worldWalker) {
	w.number(&r.K)
	w.number(&r.N)
}

func (m *minutes) walk(w worldWalker) {
	w.u32(&m.Minute)
	w.number(&m.Count)
	w.number(&m.Last)
	for h := range m.Usual {
		a := &m.Usual[h]
		w.number(&a.Mean)
		w.number(&a.Var)
		w.number(&a.N)
	}
}

type worldWriter struct{ b []byte }

func (w *worldWriter) u32(v *uint32)     { w.b = binary.LittleEndian.AppendUint32(w.b, *v) }
func (w *worldWriter) u64(v *uint64)     { w.b = binary.LittleEndian.AppendUint64(w.b, *v) }
func (w *worldWriter) number(v *float64) { u := math.Float64bits(*v); w.u64(&u) }

// cells writes each cell that is not zero after the number of zeros before it;
// the number of cells ends the list.
func (w *worldWriter) cells(c []float32) {
	zeros := uint64(0)
	for _, v := range c {
		if v == 0 {
			zeros++
			continue
		}
		w.b = binary.AppendUvarint(w.b, zeros)
		w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(v))
		zeros = 0
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(c)))
}

// sources writes each entry in use after its place; the number of places ends
// the list.
func (w *worldWriter) sources(s sources) {
	for i := range s {
		for j := range s[i] {
			e := &s[i][j]
			if *e == (Source{}) {
				continue
			}
			w.b = binary.AppendUvarint(w.b, uint64(i*sourceWays+j))
			w.b = binary.LittleEndian.AppendUint32(w.b, e.Key)
			w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(e.N))
			w.b = binary.LittleEndian.AppendUint32(w.b, math.Float32bits(e.B))
			w.b = binary.LittleEndian.AppendUint32(w.b, e.At)
		}
	}
	w.b = binary.AppendUvarint(w.b, uint64(len(s)*sourceWays))
}

type worldReader struct {
	b   []byte
	bad bool
}

var none [16]byte

func (r *worldReader) take(n int) []byte {
	if len(r.b) < n {
		r.b, r.bad = nil, true
		return none[:n]
	}
	v := r.b[:n]
	r.b = r.b[n:]
	return v
}

func (r *worldReader) u32(v *uint32) { *v = binary.LittleEndian.Uint32(r.take(4)) }
func (r *worldReader) u64(v *uint64) { *v = binary.LittleEndian.Uint64(r.take(8)) }

// maxScaled bounds numbers in units that grow with time.
const maxScaled = 1e30

func (r *worldReader) number(v *float64) {
	var u uint64
	r.u64(&u)
	if *v = math.Float64frombits(u); !(*v >= 0 && *v <= maxScaled) {
		*v, r.bad = 0, true
	}
}

func (r *worldReader) weight() float32 {
	v := math.Float32frombits(binary.LittleEndian.Uint32(r.take(4)))
	if !(v >= 0 && v <= maxScaled) {
		r.bad = true
		return 0
	}
	return v
}

func (r *worldReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return math.MaxUint64
	}
	r.b = r.b[n:]
	return v
}

func (r *worldReader) cells(c []float32) {
	i, all := uint64(0), uint64(len(c))
	for {
		zeros := r.uvarint()
		if zeros == all {
			return
		}
		if i += zeros; zeros > all || i >= all {
			r.bad = true
			return
		}
		c[i] = r.weight()
		i++
	}
}

func (r *worldReader) sources(s sources) {
	all := uint64(len(s) * sourceWays)
	for {
		i := r.uvarint()
		if i >= all {
			r.bad = r.bad || i > all
			return
		}
		e := &s[i/sourceWays][i%sourceWays]
		r.u32(&e.Key)
		e.N, e.B = r.weight(), r.weight()
		r.u32(&e.At)
	}
}
