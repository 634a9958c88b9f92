// Package chart draws curves as SVG.
package chart

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Line is one curve. X and Y are of equal length; where an axis is logarithmic
// its values must be positive.
type Line struct {
	Name string
	X, Y []float64
}

// Figure is what to draw, with one line at least.
type Figure struct {
	Title, X, Y string
	LogX, LogY  bool
	// Diagonal adds a gray line from (0, 0) to (1, 1). Not with a logarithmic axis.
	Diagonal bool
	// Steps draws bars' outlines instead of straight lines, Dots marks the points.
	Steps, Dots bool
	// Unit lets an axis that is not logarithmic go from 0 to 1.
	UnitX, UnitY bool
	Lines        []Line
}

const (
	width  = 21 * vg.Centimeter
	height = 11 * vg.Centimeter
	names  = 6.6 * vg.Centimeter // of the width, for the legend
	margin = 0.5 * vg.Centimeter
)

// Told apart by people who see few colors, too: by Okabe and Ito.
var colors = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{86, 180, 233, 255}, {230, 159, 0, 255}, {0, 0, 0, 255}, {150, 150, 150, 255},
}

var dashes = [][]vg.Length{nil, {vg.Points(5), vg.Points(2)}, {vg.Points(1), vg.Points(2)}}

// ErrEmpty says that a figure has no lines.
var ErrEmpty = errors.New("no lines to draw")

// WriteSVG draws the figure, ErrEmpty without lines. Equal figures give equal bytes.
func (f *Figure) WriteSVG(w io.Writer) error {
	if len(f.Lines) == 0 {
		return ErrEmpty
	}
	p, legend := plot.New(), plot.NewLegend()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = f.Title, f.X, f.Y
	for _, s := range []*string{
		(*string)(&p.Title.TextStyle.Font.Variant), (*string)(&p.X.Label.TextStyle.Font.Variant),
		(*string)(&p.Y.Label.TextStyle.Font.Variant), (*string)(&p.X.Tick.Label.Font.Variant),
		(*string)(&p.Y.Tick.Label.Font.Variant), (*string)(&legend.TextStyle.Font.Variant),
	} {
		*s = "Sans"
	}
	p.Add(plotter.NewGrid())
	for i := range f.Lines {
		if err := f.add(p, &legend, i); err != nil {
			return fmt.Errorf("draw %s: %w", f.Lines[i].Name, err)
		}
	}
	if f.Diagonal && !f.LogX && !f.LogY {
		d, _ := plotter.NewLine(plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}) // cannot fail
		d.Color = color.Gray{160}
		p.Add(d)
	}
	scale(&p.X, f.LogX, f.UnitX)
	scale(&p.Y, f.LogY, f.UnitY)
	canvas := vgsvg.New(width, height)
	c := draw.New(canvas)
	p.Draw(draw.Crop(c, margin, -names, margin, -margin))
	legend.Top, legend.Left, legend.Padding, legend.ThumbnailWidth = true, true, vg.Points(3), vg.Points(14)
	legend.Draw(draw.Crop(c, width-names, 0, 0, -3*margin))
	_, err := canvas.WriteTo(w)
	return err
}

func (f *Figure) add(p *plot.Plot, legend *plot.Legend, i int) error {
	if len(f.Lines[i].X) == 0 {
		return errors.New("no points")
	}
	points := make(plotter.XYs, len(f.Lines[i].X))
	for k := range points {
		points[k] = plotter.XY{X: f.Lines[i].X[k], Y: f.Lines[i].Y[k]}
		if f.LogX && !(points[k].X > 0) || f.LogY && !(points[k].Y > 0) {
			return fmt.Errorf("point %d at %v has no place on a logarithmic axis", k, points[k])
		}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = colors[i%len(colors)], vg.Points(1.5)
	line.Dashes = dashes[i/len(colors)%len(dashes)]
	if f.Steps {
		line.StepStyle = plotter.MidStep
	}
	p.Add(line)
	legend.Add(f.Lines[i].Name, line)
	if f.Dots {
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return err
		}
		dots.Color, dots.Shape, dots.Radius = line.Color, draw.CircleGlyph{}, vg.Points(2)
		p.Add(dots)
	}
	return nil
}

// scale makes an axis count powers of ten, one at least, or go from 0 to 1.
func scale(a *plot.Axis, logarithmic, unit bool) {
	switch {
	case unit && !logarithmic:
		a.Min, a.Max = 0, 1
		return
	case !logarithmic:
		return
	}
	a.Min = math.Pow(10, math.Floor(math.Log10(a.Min)+1e-9))
	a.Max = max(math.Pow(10, math.Ceil(math.Log10(a.Max)-1e-9)), 10*a.Min)
	a.Scale = plot.LogScale{}
	a.Tick.Marker = plot.TickerFunc(powers)
}

// powers puts a tick at each power of ten.
func powers(low, high float64) (ticks []plot.Tick) {
	for e := math.Round(math.Log10(low)); math.Pow(10, e) <= high*(1+1e-9); e++ {
		v := math.Pow(10, e)
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', -1, 64)})
	}
	return ticks
}
