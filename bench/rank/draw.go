package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/riskgate/riskgate/bench/eval/chart"
	"github.com/riskgate/riskgate/bench/eval/trial"
	"github.com/riskgate/riskgate/bench/traffic"
)

// drawn are the attackers that get drawings of their own.
var drawn = []traffic.Label{traffic.NaiveTakeover, traffic.VPNTakeover, traffic.TargetedTakeover}

// draw writes the drawings of a world into a folder.
func draw(folder string, w traffic.World, seed uint64, f *trial.Figures) error {
	world := strings.ToLower(string(w))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make folder of drawings: %w", err)
	}
	under := fmt.Sprintf("world %s, seed %d", w, seed)
	for _, l := range drawn {
		a := l.String()
		figures := map[string]chart.Figure{
			"roc": {Title: "Attacks caught, " + a + ", " + under, X: "share of honest logins stepped up", Y: "share of attacks caught",
				LogX: true, UnitY: true, Lines: lines(f.ROC[a])},
			"step-ups": {Title: "Step-ups needed, " + a + ", " + under, X: "share of attacks caught", Y: "share of honest logins stepped up",
				LogY: true, Lines: lines(f.StepUps[a])},
			"reauthentication": {Title: "Step-ups by login number, 99 % caught, " + a + ", " + under, X: "logins so far", Y: "mean share of them stepped up",
				UnitY: true, Lines: lines(f.Reauthentication[a])},
		}
		for name, figure := range figures {
			if err := write(filepath.Join(folder, world+"-"+name+"-"+a+".svg"), figure); err != nil {
				return err
			}
		}
	}
	if err := write(filepath.Join(folder, world+"-reliability.svg"), chart.Figure{
		Title: "Reliability at a balanced prior, " + under, X: "forecast probability of an attack", Y: "share of attacks",
		Diagonal: true, Dots: true, UnitX: true, UnitY: true, Lines: lines(f.Reliability),
	}); err != nil {
		return err
	}
	return write(filepath.Join(folder, world+"-scores.svg"), chart.Figure{
		Title: "Scores by class, " + under, X: "score", Y: "share of the class", LogY: true, Steps: true,
		Lines: positive(lines(f.Scores[trial.WithToken])),
	})
}

// lines leaves out what says nothing: the constant model.
func lines(curves []trial.Curve) (all []chart.Line) {
	for _, c := range curves {
		if c.Name != "constant" {
			all = append(all, chart.Line(c))
		}
	}
	return all
}

// positive raises empty bins to where a logarithmic axis begins.
func positive(all []chart.Line) []chart.Line {
	for _, l := range all {
		for i := range l.Y {
			l.Y[i] = max(l.Y[i], 1e-5)
		}
	}
	return all
}

// write draws a figure, and says so where there is nothing to draw.
func write(path string, f chart.Figure) error {
	var b bytes.Buffer
	err := f.WriteSVG(&b)
	if errors.Is(err, chart.ErrEmpty) {
		fmt.Fprintf(os.Stderr, "rank: %s is left out: the world is too small for it\n", path)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
