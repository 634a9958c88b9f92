package traffic

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Behavior is one row of the API access behavior anomaly data set
// (https://www.kaggle.com/datasets/tangodelta/api-access-behaviour-anomaly-dataset):
// a graph of calls, seen in several sessions.
type Behavior struct {
	// Uniqueness is api_access_uniqueness: the share of distinct APIs among the calls.
	Uniqueness float64
	Outlier    bool
}

var behaviorColumns = []string{"api_access_uniqueness", "classification"}

// ReadBehaviors returns the rows of a CSV file with the header of that set, and how
// many could not be read: values are missing in some. An error of the header or of
// the reader ends it.
func ReadBehaviors(r io.Reader) (all []Behavior, unreadable int, err error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	header, err := in.Read()
	if err != nil {
		return nil, 0, fmt.Errorf("read the header: %w", err)
	}
	at, err := columnsOf(header, behaviorColumns)
	if err != nil {
		return nil, 0, err
	}
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, unreadable, nil
		}
		if wrong := (*csv.ParseError)(nil); err != nil && !errors.As(err, &wrong) {
			return all, unreadable, fmt.Errorf("read behaviors: %w", err)
		}
		if b, ok := behaviorOf(record, at, err); ok {
			all = append(all, b)
		} else {
			unreadable++
		}
	}
}

func behaviorOf(record []string, at []int, err error) (b Behavior, ok bool) {
	if err != nil {
		return b, false
	}
	label := record[at[1]]
	b.Outlier = label == "outlier"
	b.Uniqueness, err = strconv.ParseFloat(record[at[0]], 64)
	return b, err == nil && b.Uniqueness >= 0 && b.Uniqueness <= 1 && (b.Outlier || label == "normal")
}
