// Package prefetch asks the processor for memory that is needed a little later.
//
// The tables that are looked up once per request, by a hash, are larger than the
// caches: each look-up waits some hundred nanoseconds for memory. Asked for as
// soon as the hash is known, the memory comes while the request goes on.
package prefetch

import "unsafe"

// Line asks for the cache line of p. It waits for nothing, changes nothing and
// never faults, whatever p is; where the processor has no such instruction it
// does nothing.
func Line[T any](p *T) { line(unsafe.Pointer(p)) }
