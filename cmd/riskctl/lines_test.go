package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/riskgate/riskgate/streaming/ocsf"
)

// FuzzBackwards compares with splitting the whole.
func FuzzBackwards(f *testing.F) {
	f.Add([]byte("a\nb\n"), 1)
	f.Add([]byte("\n\nlast without its end"), 3)
	f.Add([]byte{}, 1)
	f.Add(bytes.Repeat([]byte("0123456789abcde\n"), 4097), 4096)
	f.Fuzz(func(t *testing.T, text []byte, times int) {
		text = bytes.Repeat(text, min(max(times, 1), 1+(3*block)/(len(text)+1)))
		want := bytes.Split(text, []byte("\n"))
		slices.Reverse(want)
		var got [][]byte
		err := backwards(bytes.NewReader(text), int64(len(text)), func(line []byte) bool {
			got = append(got, bytes.Clone(line))
			return true
		})
		if err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("%v\ngot  %q\nwant %q", err, got, want)
		}
	})
}

func TestBackwardsStopsWhereItIsTold(t *testing.T) {
	calls := 0
	if err := backwards(strings.NewReader("a\nb\nc"), 5, func([]byte) bool { calls++; return calls < 2 }); err != nil || calls != 2 {
		t.Errorf("%d calls, %v, want 2", calls, err)
	}
}

func TestALineWithoutEndIsRefused(t *testing.T) {
	endless := strings.Repeat("x", maxLine+block)
	if err := eachLine(t.Context(), "f", strings.NewReader(endless), func(record) error { return nil }); err == nil {
		t.Error("eachLine reads it")
	}
	if err := backwards(strings.NewReader(endless), int64(len(endless)), func([]byte) bool { return true }); err == nil {
		t.Error("backwards reads it")
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(idText(1))
	f.Add("01990F6E5C8070008000000000000001")
	f.Add("0-1")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := parseID(text)
		if err != nil {
			return
		}
		digits := strings.ToLower(strings.ReplaceAll(text, "-", ""))
		if got := strings.ReplaceAll(string(ocsf.AppendUUID(nil, id)), "-", ""); got != digits {
			t.Fatalf("%q is read as %s", text, got)
		}
	})
}

func TestTheIDTellsWhereToBegin(t *testing.T) {
	if at := timeOf(fixedID(0)); !at.Before(begin) || begin.Sub(at).Hours() > 1 {
		t.Errorf("begins at %s, want shortly before %s", at, begin)
	}
	v4 := fixedID(0)
	v4[6] = 0x4a
	if at := timeOf(v4); !at.IsZero() {
		t.Errorf("a random id begins at %s, want no time", at)
	}
}
