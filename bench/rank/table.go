package main

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/riskgate/riskgate/bench/eval/results"
	"github.com/riskgate/riskgate/bench/eval/siege"
	"github.com/riskgate/riskgate/bench/eval/trial"
)

const preamble = `# Evaluation

Written by ` + "`make eval`" + ` from simulated worlds with published marginals; see ` + "`bench/eval`" + `. Nothing here says how
accurate the score is on real logins. *lmlr* is riskgate where browsers keep device tokens, *lmlr_no_token* where none was
ever issued; *freeman* is the published algorithm in the same harness. Attacks are scored and never learned.
Seeds 1 to 99 served development, 100 to 199 were never used to choose anything.
`

// table writes everything in the file as Markdown.
func table(f results.File, path string) error {
	var logins ranked
	var found siege.Found
	measured, err := fieldOf(f)
	err = errors.Join(err,
		results.Value(f, "evaluations", &logins.rows), results.Value(f, "models", &logins.sums), results.Value(f, "drifts", &logins.drifts),
		results.Value(f, "sieges", &found.Sieges), results.Value(f, "stuffing", &found.Storms),
		results.Value(f, "poisoning", &found.Poisoned), results.Value(f, "floods", &found.Floods),
	)
	if err != nil {
		return err
	}
	rows, sums := logins.rows, logins.sums
	slices.SortStableFunc(rows, func(a, b trial.Row) int {
		return cmp.Or(strings.Compare(a.World, b.World), cmp.Compare(a.Seed, b.Seed))
	})
	text := trial.AppendMedians([]byte(preamble), rows, sums, logins.drifts)
	text = measured.append(found.AppendMedians(text))
	text = found.AppendMarkdown(text)
	return os.WriteFile(path, trial.AppendMarkdown(text, rows, sums), 0o644)
}
