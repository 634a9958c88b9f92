//go:build !race

package logoff

import (
	"testing"
	"time"
	"unsafe"

	"github.com/riskgate/riskgate/models"
)

func TestTableAllocates(t *testing.T) {
	table := New(key)
	one, other := person(1, "sid 0123456789abcdef0123456789abcdef"), person(2, "sid 1")
	for name, call := range map[string]func(){
		"End":            func() { table.End(one, leeway, noon) },
		"Ended":          func() { table.Ended(one, noon.Add(time.Second)) },
		"Ended of other": func() { table.Ended(other, noon) },
	} {
		if n := testing.AllocsPerRun(200, call); n != 0 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
	if size := unsafe.Sizeof(entry{}); size != 32 {
		t.Errorf("an entry takes %d bytes, documented are 32", size)
	}
}

func BenchmarkEnded(b *testing.B) {
	table := New(key)
	for i := range uint32(Entries / 4) {
		table.End(person(1000+i, "a"), leeway, noon)
	}
	run := func(name string, id *models.Identity) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				table.Ended(id, noon)
			}
		})
	}
	run("never", person(2, "a"))
	table.End(person(1, "a"), leeway, noon)
	run("ended", person(1, "a"))
}
