package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// spread is the mean of values over seeds and their standard deviation (of the sample, n - 1), which is NaN for fewer than two.
type spread struct {
	mean, deviation float64
	n               int
}

func spreadOf(values []float64) spread {
	s := spread{math.NaN(), math.NaN(), len(values)}
	if s.n == 0 {
		return s
	}
	s.mean = 0
	for _, v := range values {
		s.mean += v / float64(s.n)
	}
	if s.n > 1 {
		sum := 0.0
		for _, v := range values {
			sum += (v - s.mean) * (v - s.mean)
		}
		s.deviation = math.Sqrt(sum / float64(s.n-1))
	}
	return s
}

// result is the spread of m over run's seeds that have it.
func (run Run) result(m Metric) spread {
	var values []float64
	for _, s := range run.Seeds {
		if v, ok := s.Metrics[m.Key]; ok {
			values = append(values, v)
		}
	}
	return spreadOf(values)
}

// seconds is the mean wall time of the seeds that tell it, 0 if none does.
func (run Run) seconds() float64 {
	var values []float64
	for _, s := range run.Seeds {
		if s.Seconds > 0 {
			values = append(values, s.Seconds)
		}
	}
	if len(values) == 0 {
		return 0
	}
	return spreadOf(values).mean
}

func (m Metric) name() string {
	if m.Name == "" {
		return m.Key
	}
	return m.Name
}

// number writes a value of m: 45.7 for a percentage, else three digits behind the point, or in all where it is large or tiny.
func (m Metric) number(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case m.Percent:
		return strconv.FormatFloat(100*v, 'f', 1, 64)
	case a >= 100 || a < 0.001 && a > 0:
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// around writes the deviation of values about mean: with as many digits behind the point as the mean has.
func (m Metric) around(deviation, mean float64) string {
	if a := math.Abs(mean); !m.Percent && a >= 0.001 && a < 100 && math.Abs(deviation) < 0.001 {
		return strconv.FormatFloat(deviation, 'f', 3, 64)
	}
	return m.number(deviation)
}

// better says whether a is better than b.
func (m Metric) better(a, b float64) bool {
	if m.Lower {
		return a < b
	}
	return a > b
}

// best returns the best mean of m over runs, as shown, or "" where there is nothing to choose from.
func (r Report) best(m Metric) string {
	n, best := 0, math.NaN()
	for _, run := range r.Runs {
		if s := run.result(m); finite(s.mean) {
			n++
			if n == 1 || m.better(s.mean, best) {
				best = s.mean
			}
		}
	}
	if n < 2 {
		return ""
	}
	return m.number(best)
}

// duration writes seconds as a reader says them.
func duration(seconds float64) string {
	switch s := int(math.Round(seconds)); {
	case s < 1:
		return fmt.Sprintf("%.2g s", seconds)
	case s < 120:
		return fmt.Sprintf("%d s", s)
	case s < 2*3600:
		return fmt.Sprintf("%d min", (s+30)/60)
	default:
		return fmt.Sprintf("%.1f h", seconds/3600)
	}
}

// numeric says whether text is a number, perhaps with a deviation, a unit or a word for "none".
func numeric(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || text == "–" || text == "-" {
		return true
	}
	first, _, _ := strings.Cut(text, " ")
	_, err := strconv.ParseFloat(strings.TrimSuffix(strings.Replace(first, "−", "-", 1), "%"), 64)
	return err == nil
}

// numericColumns says which of t's columns hold numbers only.
func (t Table) numericColumns() []bool {
	columns := make([]bool, len(t.Header))
	for i := range columns {
		columns[i] = len(t.Rows) > 0
		for _, row := range t.Rows {
			columns[i] = columns[i] && numeric(row[i])
		}
	}
	return columns
}

// paragraphs parts text at empty lines.
func paragraphs(text string) []string {
	var out []string
	var lines []string
	for _, line := range append(strings.Split(text, "\n"), "") {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		} else if lines != nil {
			out = append(out, strings.Join(lines, " "))
			lines = nil
		}
	}
	return out
}
