package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

// metricOrder lists the names of metrics as tables show them: NMI, F1, Recall@K by K, the rest.
func metricOrder(m map[string]float64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	rank := func(name string) int {
		if k, err := strconv.Atoi(strings.TrimPrefix(name, "R@")); err == nil {
			return k
		}
		return map[string]int{"NMI": -2, "F1": -1, "RP": 1 << 30, "MAP@R": 1<<30 + 1}[name]
	}
	slices.SortFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

// metricLine writes metrics on one line, leaving out the least important ones where it would be longer than width.
func metricLine(m map[string]float64, width int) string {
	const each = len("MAP@R 0.123") + len("  ")
	keep := map[string]bool{}
	for _, name := range append([]string{"R@1", "NMI", "F1", "MAP@R", "R@8", "RP"}, metricOrder(m)...) {
		if _, ok := m[name]; ok && (len(keep) == 0 || (len(keep)+1)*each <= width+2) {
			keep[name] = true
		}
	}
	var parts []string
	for _, name := range metricOrder(m) {
		if keep[name] {
			parts = append(parts, fmt.Sprintf("%s %.3f", name, m[name]))
		}
	}
	return strings.Join(parts, "  ")
}

// meanings say what the metrics are, for those who meet them for the first time.
var meanings = map[string]string{
	"NMI":   "how well clusters agree with classes, 0 to 1",
	"F1":    "the same, over pairs of images",
	"R@1":   "share of images whose nearest neighbour is of their class",
	"RP":    "R-precision: share of the class among the R nearest, R its size",
	"MAP@R": "the same, where order counts",
}

// beforeAndAfter prints the metrics before the first step beside those of a later state.
func beforeAndAfter(out io.Writer, before, after map[string]float64) {
	fmt.Fprintf(out, "   %-8s %8s %8s\n", "", "before", "after")
	for _, name := range metricOrder(after) {
		was := "-"
		if v, ok := before[name]; ok {
			was = fmt.Sprintf("%.3f", v)
		}
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("   %-8s %8s %8.3f   %s", name, was, after[name], meanings[name]), " "))
	}
}

// evaluations are the metrics before the first step, nil where the run did not evaluate then, those of the best state and those of the last.
func evaluations(t *train.Trainer) (before, best, last map[string]float64, err error) {
	rows, err := run.ReadRows(t.Folder.Metrics())
	if err != nil {
		return nil, nil, nil, err
	}
	_, bestStep := t.Best()
	for _, r := range rows {
		if _, tested := r.Values[t.Config.Evaluate.Best]; !tested {
			continue
		}
		delete(r.Values, run.HeldOutSpread) // tells of trouble, not of how good the model is
		last = r.Values
		if r.Step == 0 {
			before = r.Values
		}
		if r.Step == bestStep {
			best = r.Values
		}
	}
	return before, best, last, nil
}
