package report_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml/report"
)

// Two runs of two seeds each, beside what was published.
func Example() {
	seed := func(n uint64, recall float64) report.Seed {
		return report.Seed{
			Seed:    n,
			Metrics: map[string]float64{"R@1": recall},
			Curves:  []report.Curve{{Name: "Recall@1", X: []float64{0, 100, 200}, Y: []float64{0.3, recall - 0.05, recall}}},
		}
	}
	r := report.Report{
		Title:   "Triplet loss, plain and under DVML",
		Summary: "DVML finds more of the unseen classes.",
		Notes:   []string{"200 steps instead of 20,000."},
		Metrics: []report.Metric{{Key: "R@1", Percent: true}},
		Runs: []report.Run{
			{Name: "triplet", Seeds: []report.Seed{seed(1, 0.42), seed(2, 0.44)}},
			{Name: "DVML", Seeds: []report.Seed{seed(1, 0.50), seed(2, 0.54)}, Published: &report.Published{
				Source: "Lin et al. 2018", Metrics: map[string]float64{"R@1": 0.643}, Differs: "twice as many photographs.",
			}},
		},
	}
	dir, err := os.MkdirTemp("", "report")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	if err := r.Write(dir); err != nil { // index.html, report.md and report-files/
		fmt.Println(err)
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, results, _ := strings.Cut(string(text), "## Results\n\n")
	results, _, _ = strings.Cut(results, "\n\n")
	fmt.Println(results)
	// Output:
	// | run | seeds | R@1, % |
	// |---|---:|---:|
	// | triplet | 2 | 43.0 ± 1.4 |
	// | DVML | 2 | 52.0 ± 2.8 ★ |
	// | published, Lin et al. 2018 |  | 64.3 |
}
