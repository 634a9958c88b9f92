package baseline

// filter answers without I/O whether a subject may be in the store: never no for
// one that was added, yes by mistake for about one stranger in eight thousand.
// It is a chain of cuckoo tables with 16-bit fingerprints; the caller locks.
type filter struct {
	tables []cuckoo
}

// smallestTable is the size of the first table of an empty filter.
const smallestTable = 64

// newFilter returns a filter with room for n subjects.
func newFilter(n int) filter {
	var f filter
	if n > 0 {
		f.tables = append(f.tables, newCuckoo(n+n/8))
	}
	return f
}

func (f *filter) has(hash uint64) bool {
	for i := len(f.tables) - 1; i >= 0; i-- {
		if f.tables[i].has(hash) {
			return true
		}
	}
	return false
}

// add makes has answer yes for hash from now on.
func (f *filter) add(hash uint64) {
	if f.has(hash) {
		return
	}
	if n := len(f.tables); n > 0 && f.tables[n-1].add(hash) {
		return
	}
	next := newCuckoo(max(smallestTable, 2*f.bytes()/fingerprintBytes))
	if !next.add(hash) {
		panic("BUG: baseline: an empty cuckoo table refused an entry")
	}
	f.tables = append(f.tables, next)
}

func (f *filter) bytes() int {
	n := 0
	for i := range f.tables {
		n += fingerprintBytes * len(f.tables[i].slots)
	}
	return n
}

const (
	fingerprintBytes = 2
	bucketSlots      = 4
	maxMoves         = 64
)

// cuckoo keeps each fingerprint in one of two buckets of four; zero is an empty
// slot.
type cuckoo struct {
	slots []uint16
	mask  uint32 // buckets - 1
}

// newCuckoo returns a table with at least n slots.
func newCuckoo(n int) cuckoo {
	buckets := 1
	for buckets*bucketSlots < n {
		buckets *= 2
	}
	return cuckoo{slots: make([]uint16, buckets*bucketSlots), mask: uint32(buckets - 1)}
}

func fingerprint(hash uint64) uint16 { return max(1, uint16(hash>>40)) }

func (t *cuckoo) first(hash uint64) uint32 { return uint32(hash) & t.mask }

// other returns the second bucket of a fingerprint, given either of its two.
func (t *cuckoo) other(bucket uint32, print uint16) uint32 {
	return (bucket ^ uint32(print)*0x5bd1e995) & t.mask
}

func (t *cuckoo) has(hash uint64) bool {
	print, b := fingerprint(hash), t.first(hash)
	return t.holds(b, print) || t.holds(t.other(b, print), print)
}

func (t *cuckoo) holds(bucket uint32, print uint16) bool {
	s := t.slots[bucket*bucketSlots:][:bucketSlots]
	return s[0] == print || s[1] == print || s[2] == print || s[3] == print
}

func (t *cuckoo) put(bucket uint32, print uint16) bool {
	s := t.slots[bucket*bucketSlots:][:bucketSlots]
	for i := range s {
		if s[i] == 0 {
			s[i] = print
			return true
		}
	}
	return false
}

// add moves other fingerprints aside when both buckets are full. When that does
// not help, it puts them all back and returns false: the table is as before.
func (t *cuckoo) add(hash uint64) bool {
	print, bucket := fingerprint(hash), t.first(hash)
	if t.put(bucket, print) || t.put(t.other(bucket, print), print) {
		return true
	}
	var path [maxMoves]uint32
	for i := range path {
		at := bucket*bucketSlots + (uint32(i)+uint32(print))%bucketSlots
		path[i] = at
		print, t.slots[at] = t.slots[at], print
		bucket = t.other(bucket, print)
		if t.put(bucket, print) {
			return true
		}
	}
	for i := len(path) - 1; i >= 0; i-- {
		print, t.slots[path[i]] = t.slots[path[i]], print
	}
	return false
}
