package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/riskgate/riskgate/models"
)

// budget holds shares, each in (0, 0.5]; 0 is none.
type budget struct{ stepUp, deny float64 }

// UnmarshalText reads step_up=0.5%,deny=0.01%, or one of both.
func (b *budget) UnmarshalText(text []byte) error {
	*b = budget{}
	for part := range strings.SplitSeq(string(text), ",") {
		if err := b.add(part); err != nil {
			return err
		}
	}
	return nil
}

func (b *budget) add(part string) error {
	name, value, _ := strings.Cut(part, "=")
	share, err := readShare(value)
	if err != nil {
		return fmt.Errorf("%q, %w", part, err)
	}
	var of *float64
	switch name = strings.TrimSpace(name); name {
	case models.StepUp.String():
		of = &b.stepUp
	case models.Deny.String():
		of = &b.deny
	default:
		return fmt.Errorf("%q, want step_up or deny", part)
	}
	if *of != 0 {
		return fmt.Errorf("%q, want %s once", part, name)
	}
	*of = share
	return nil
}

// readShare reads a percentage, as the configuration writes shares: 0.5 alone could
// mean a half.
func readShare(text string) (float64, error) {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	if !isPercent {
		return 0, fmt.Errorf("want a share such as 0.5%%")
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(percent >= 1e-5 && percent <= 50) {
		return 0, fmt.Errorf("want a share from 0.00001%% to 50%%, like step_up=0.5%%")
	}
	return percent / 100, nil
}

func (b budget) String() string {
	switch {
	case b.deny == 0:
		return "step_up=" + asPercent(b.stepUp)
	case b.stepUp == 0:
		return "deny=" + asPercent(b.deny)
	}
	return "step_up=" + asPercent(b.stepUp) + ",deny=" + asPercent(b.deny)
}

func asPercent(share float64) string { return fmt.Sprintf("%.4g%%", 100*share) }
