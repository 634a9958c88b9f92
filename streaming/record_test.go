package streaming

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/riskgate/riskgate/models"
)

// filled returns an event in which no recorded field is zero, so that a field
// added to the models and forgotten here is noticed.
func filled(t testing.TB, r *rand.Rand) *models.Event {
	ev := &models.Event{}
	fillValue(t, r, reflect.ValueOf(ev).Elem(), "Event")
	ev.Identity = nil
	ev.Assessment.NumReasons = 3
	for g := range ev.Evidence { // computed from the features
		ev.Evidence[g].Lambda, ev.Evidence[g].Confidence = 0, 0
	}
	return ev
}

func record(ev *models.Event) []byte {
	s := shapeOf(ev)
	return appendRecord(nil, ev, &s)
}

func fillValue(t testing.TB, r *rand.Rand, v reflect.Value, path string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = time.Unix(1+r.Int64N(1<<32), r.Int64N(1e9)).UTC()
		return
	case *netip.Addr:
		*x = netip.AddrFrom4([4]byte{192, 0, 2, byte(r.Uint32())})
		if r.IntN(2) == 0 {
			*x = netip.AddrFrom16([16]byte{0x20, 1, 15: byte(r.Uint32())})
		}
		return
	case *netip.Prefix:
		*x = netip.MustParsePrefix("2001:db8:1::/48")
		return
	case **models.Identity:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(t, r, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	case reflect.Array:
		for i := range v.Len() {
			fillValue(t, r, v.Index(i), path+"[]")
		}
	case reflect.Slice:
		v.SetBytes([]byte{1 + byte(r.IntN(255)), 2, 255})
	case reflect.String:
		v.SetString([]string{"a", "orders.read", "edge-1"}[r.IntN(3)])
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(r.NormFloat64() + 7)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(30000))
	case reflect.Uint8:
		v.SetUint(1 + r.Uint64N(3))
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + r.Uint64N(60000))
	default:
		t.Fatalf("%s: no rule to fill a %v", path, v.Kind())
	}
}

func TestRecordKeepsEveryField(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var d decoder
	var got models.Event
	for range 500 {
		want := filled(t, r)
		rec := record(want)
		if len(rec) != shapeOf(want).size {
			t.Fatalf("record of %d bytes, recordSize says %d", len(rec), shapeOf(want).size)
		}
		if err := d.decode(rec, &got); err != nil {
			t.Fatal(err)
		}
		w, g := reflect.ValueOf(*want), reflect.ValueOf(got)
		for i := range w.NumField() {
			if !reflect.DeepEqual(w.Field(i).Interface(), g.Field(i).Interface()) {
				t.Fatalf("%s: want %+v\ngot  %+v", w.Type().Field(i).Name, w.Field(i), g.Field(i))
			}
		}
	}
}

func TestEmptyEventIsARecord(t *testing.T) {
	var d decoder
	var want, got models.Event
	if err := d.decode(record(&want), &got); err != nil {
		t.Fatal(err)
	}
	if got.Time != want.Time || got.Client != want.Client || got.Prefix != want.Prefix || got.Kind != want.Kind {
		t.Errorf("got %+v", got)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	ev := &models.Event{Path: make([]byte, 1<<16), Agent: make([]byte, 1<<16), Payload: make([]byte, 1<<20)}
	var d decoder
	var got models.Event
	rec := record(ev)
	if len(rec) != shapeOf(ev).size || len(rec) > maxRecord {
		t.Fatalf("record of %d bytes, want %d and at most %d", len(rec), shapeOf(ev).size, maxRecord)
	}
	if err := d.decode(rec, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Path) != maxPath || len(got.Agent) != maxText || len(got.Payload) != maxPayload {
		t.Errorf("path %d, agent %d, payload %d bytes", len(got.Path), len(got.Agent), len(got.Payload))
	}
}

func FuzzDecodeRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 8))
	f.Add(record(filled(f, r)))
	f.Add([]byte{1, 0})
	f.Fuzz(func(t *testing.T, rec []byte) {
		var d decoder
		var first, second models.Event
		if d.decode(rec, &first) != nil {
			return
		}
		again := record(&first)
		if err := d.decode(again, &second); err != nil {
			t.Fatalf("what was decoded and encoded cannot be read: %v", err)
		}
		if third := record(&second); string(third) != string(again) {
			t.Fatal("a second pass changes the record")
		}
	})
}

func TestIDsRiseAndAreUUIDv7(t *testing.T) {
	g := NewIDs()
	now := time.UnixMilli(1790000000123)
	last := g.New(now)
	for i := range 100000 {
		if i%1000 == 0 {
			now = now.Add(time.Duration(i%7-3) * time.Millisecond)
		}
		id := g.New(now)
		if string(id[:]) <= string(last[:]) {
			t.Fatalf("%x after %x", id, last)
		}
		if id[6]>>4 != 7 || id[8]>>6 != 2 {
			t.Fatalf("%x: version %d, variant %d", id, id[6]>>4, id[8]>>6)
		}
		last = id
	}
	id := NewIDs().New(time.UnixMilli(0x0123456789ab))
	if want := [6]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab}; [6]byte(id[:6]) != want {
		t.Errorf("time %x, want %x", id[:6], want)
	}
}
