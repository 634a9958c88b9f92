package chart

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func figure() Figure {
	return Figure{Title: "Caught & not", X: "rate", Y: "share", LogX: true, Diagonal: true, Dots: true, Lines: []Line{
		{"ours", []float64{1e-4, 1e-2, 1}, []float64{0.1, 0.5, 1}},
		{"theirs", []float64{1e-4, 1e-2, 1}, []float64{0, 0.2, 1}},
	}}
}

// A figure is well-formed XML, names its curves, and has the same bytes again.
func TestWriteSVG(t *testing.T) {
	var a, b bytes.Buffer
	for _, w := range []io.Writer{&a, &b} {
		f := figure()
		if err := f.WriteSVG(w); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two drawings of one figure differ")
	}
	paths, text := 0, ""
	d := xml.NewDecoder(&a)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case xml.StartElement:
			if v.Name.Local == "path" {
				paths++
			}
		case xml.CharData:
			text += string(v)
		}
	}
	for _, want := range []string{"ours", "theirs", "Caught & not", "rate", "0.0001"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the drawing", want)
		}
	}
	if paths < 3 {
		t.Errorf("%d paths, want one for each line at least", paths)
	}
}

// A line along which nothing changes has a place on a logarithmic axis, too.
func TestWriteSVGOfAConstant(t *testing.T) {
	f := Figure{LogX: true, LogY: true, Lines: []Line{{"flat", []float64{0.01, 0.01}, []float64{1e-4, 1e-4}}}}
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil || !strings.Contains(b.String(), ">0.0001<") || !strings.Contains(b.String(), ">0.001<") {
		t.Errorf("%v, want a decade:\n%s", err, b.String())
	}
	if err := (&Figure{LogX: true}).WriteSVG(&b); !errors.Is(err, ErrEmpty) {
		t.Errorf("%v of nothing", err)
	}
}

func TestFigureOfNothingIsRefused(t *testing.T) {
	f := Figure{Lines: []Line{{Name: "empty"}}}
	if err := f.WriteSVG(io.Discard); err == nil {
		t.Error("a line without points was drawn")
	}
	f = figure()
	f.Lines[0].X[0] = 0
	if err := f.WriteSVG(io.Discard); err == nil {
		t.Error("the logarithm of 0 was drawn")
	}
}
