package report

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/dvml/dvml/internal/curve"
)

// Report is what a page says, in the order in which it says it.
type Report struct {
	Title    string
	Subtitle string   // one line: data, backbone, machine
	Summary  string   // what was found; paragraphs are parted by empty lines
	Notes    []string // what differs from what was published, what was scaled down, what is not known

	Metrics []Metric // columns of the table of results; the first is also drawn
	Runs    []Run
	Charts  []Chart // nil: one for each curve, in the order of the first run that has it

	Sections []Section
}

// Metric is a column of the table of results.
type Metric struct {
	Key     string // in Seed.Metrics and Published.Metrics
	Name    string // as shown; Key if empty
	Percent bool   // shown times 100
	Lower   bool   // lower is better
}

// Run is one setting, trained with one or more seeds. Results that were not trained (features as they come) are a run without curves.
type Run struct {
	Name      string
	About     string // a sentence
	Settings  []Setting
	Seeds     []Seed
	Published *Published // the published result to compare with, if there is one
	Notes     []string
}

// Setting is a named value of a run.
type Setting struct{ Name, Value string }

// Seed is what one repetition of a run gave.
type Seed struct {
	Seed    uint64
	Metrics map[string]float64
	Curves  []Curve
	Seconds float64 // wall time, 0 if not known
}

// Curve is a value logged while training. A Y that is not finite is a gap.
type Curve struct {
	Name string
	X, Y []float64 // X ascends
}

// Published is a result from the literature.
type Published struct {
	Source  string // who and where
	Metrics map[string]float64
	Differs string // in what its data and protocol differ from the run's
}

// Chart overlays one curve of all runs that have it: a thin line for each seed, a bold one for their mean.
type Chart struct {
	Title, XLabel, YLabel string
	Curve                 string  // name of the curve
	Log                   bool    // Y in powers of ten; values that are not positive are gaps
	Levels                []Level // values to compare with
}

// Level is a named horizontal line.
type Level struct {
	Name string
	Y    float64
}

// Section is a further part of the page.
type Section struct {
	Title    string
	Text     string // paragraphs are parted by empty lines
	Notes    []string
	Tables   []Table
	Charts   []Chart
	Pictures []Picture // two beside each other where there is room
}

// Table is a table of texts. Columns of numbers are set to the right.
type Table struct {
	Caption string
	Header  []string
	Rows    [][]string
}

// Picture is an image with its caption.
type Picture struct {
	Title, Caption string
	Alt            string // what it shows, for those who do not see it; Title if empty
	Image          image.Image
	Photo          bool // kept as JPEG instead of PNG
}

// check finds what cannot be shown.
func (r Report) check() error {
	if r.Title == "" {
		return errors.New("the title is empty")
	}
	keys := map[string]bool{}
	for i, m := range r.Metrics {
		if m.Key == "" || keys[m.Key] {
			return fmt.Errorf("metric %d: the key %q is empty or taken", i, m.Key)
		}
		keys[m.Key] = true
	}
	names := map[string]bool{}
	for i, run := range r.Runs {
		if run.Name == "" || names[run.Name] {
			return fmt.Errorf("run %d: the name %q is empty or taken", i, run.Name)
		}
		names[run.Name] = true
		for _, s := range run.Seeds {
			for _, c := range s.Curves {
				if len(c.X) != len(c.Y) {
					return fmt.Errorf("run %q, seed %d: curve %q has %d X for %d Y", run.Name, s.Seed, c.Name, len(c.X), len(c.Y))
				}
			}
		}
	}
	if err := checkCharts(r.Charts); err != nil {
		return err
	}
	for _, s := range r.Sections {
		if err := checkCharts(s.Charts); err != nil {
			return fmt.Errorf("section %q: %w", s.Title, err)
		}
		for _, t := range s.Tables {
			for i, row := range t.Rows {
				if len(row) != len(t.Header) {
					return fmt.Errorf("section %q, table %q: row %d has %d cells for %d columns", s.Title, t.Caption, i, len(row), len(t.Header))
				}
			}
		}
		for i, p := range s.Pictures {
			if p.Image == nil || p.Image.Bounds().Empty() {
				return fmt.Errorf("section %q: picture %d (%q) has no pixels", s.Title, i, p.Title)
			}
		}
	}
	return nil
}

func checkCharts(charts []Chart) error {
	for i, c := range charts {
		for _, l := range c.Levels {
			if !curve.Drawable(l.Y) || c.Log && l.Y <= 0 {
				return fmt.Errorf("chart %d (%q): level %q is %v, which the chart cannot show", i, c.Title, l.Name, l.Y)
			}
		}
	}
	return nil
}

// charts returns the charts to draw.
func (r Report) charts() []Chart {
	if r.Charts != nil {
		return r.Charts
	}
	var all []Chart
	seen := map[string]bool{}
	for _, run := range r.Runs {
		for _, s := range run.Seeds {
			for _, c := range s.Curves {
				if !seen[c.Name] {
					seen[c.Name] = true
					all = append(all, Chart{Title: c.Name, XLabel: "step", Curve: c.Name})
				}
			}
		}
	}
	return all
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
