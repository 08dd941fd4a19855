package report

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestSpread(t *testing.T) {
	s := spreadOf([]float64{2, 4, 4, 4, 5, 5, 7, 9})
	if math.Abs(s.mean-5) > 1e-12 || math.Abs(s.deviation-math.Sqrt(32.0/7)) > 1e-12 || s.n != 8 {
		t.Errorf("spread %+v", s)
	}
	if s := spreadOf([]float64{3}); s.mean != 3 || !math.IsNaN(s.deviation) {
		t.Errorf("spread of one %+v", s)
	}
	if s := spreadOf(nil); !math.IsNaN(s.mean) {
		t.Errorf("spread of none %+v", s)
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		m    Metric
		v    float64
		want string
	}{
		{Metric{Percent: true}, 0.4567, "45.7"},
		{Metric{}, 0.4567, "0.457"},
		{Metric{}, 1234.5, "1.23e+03"},
		{Metric{}, 0.00012, "0.00012"},
		{Metric{}, 0, "0.000"},
		{Metric{}, math.NaN(), "NaN"},
	} {
		if got := c.m.number(c.v); got != c.want {
			t.Errorf("%v of %+v: %s, want %s", c.v, c.m, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0.25: "0.25 s", 59.6: "60 s", 119: "119 s", 1800: "30 min", 9000: "2.5 h"} {
		if got := duration(seconds); got != want {
			t.Errorf("%v seconds: %s, want %s", seconds, got, want)
		}
	}
}

func TestNumericColumns(t *testing.T) {
	table := Table{Header: []string{"a", "b", "c"}, Rows: [][]string{{"0.1 ± 0.2", "z", ""}, {"–", "1", "5%"}}}
	if got := table.numericColumns(); !slices.Equal(got, []bool{true, false, true}) {
		t.Errorf("numeric columns %v", got)
	}
}

func TestBest(t *testing.T) {
	seed := func(v float64) []Seed { return []Seed{{Metrics: map[string]float64{"up": v, "down": v}}} }
	r := Report{Runs: []Run{{Name: "a", Seeds: seed(1)}, {Name: "b", Seeds: seed(3)}, {Name: "c", Seeds: seed(math.NaN())}, {Name: "d"}}}
	if up, down := r.best(Metric{Key: "up"}), r.best(Metric{Key: "down", Lower: true}); up != "3.000" || down != "1.000" {
		t.Errorf("best %s and %s, want 3.000 and 1.000", up, down)
	}
	if got := (Report{Runs: r.Runs[:1]}).best(Metric{Key: "up"}); got != "" {
		t.Errorf("best of one run %q", got)
	}
}

func TestSettings(t *testing.T) {
	r := Report{Runs: []Run{
		{Name: "a", Settings: []Setting{{"batch", "64"}, {"rate", "1"}}},
		{Name: "reference"},
		{Name: "b", Settings: []Setting{{"batch", "64"}, {"rate", "2"}, {"margin", "0.2"}}},
	}}
	got := r.settings()
	want := grid{[]string{"setting", "a", "b"}, [][]string{{"rate", "1", "2"}, {"margin", "–", "0.2"}}}
	if !got.Any || !slices.Equal(got.Common, []Setting{{"batch", "64"}}) || !reflect.DeepEqual(got.Differs, want) {
		t.Errorf("settings %+v, want what differs as %+v", got, want)
	}
	r.Runs = append(r.Runs, Run{Name: "c", Settings: []Setting{{"batch", "64"}, {"rate", "1"}, {"margin", "3"}}})
	want = grid{[]string{"run", "rate", "margin"}, [][]string{{"a", "1", "–"}, {"b", "2", "0.2"}, {"c", "1", "3"}}}
	if got := r.settings(); !reflect.DeepEqual(got.Differs, want) {
		t.Errorf("more runs than settings: %+v, want %+v", got.Differs, want)
	}
	if got := (Report{Runs: r.Runs[1:3]}).settings(); len(got.Differs.Rows) != 0 {
		t.Errorf("one run with settings: %+v", got.Differs)
	}
}

func TestDeviationsHaveTheDigitsOfTheirMeans(t *testing.T) {
	for _, c := range []struct {
		mean, deviation float64
		want            string
	}{{0.4571, 0.000806, "0.001"}, {0.457, 0, "0.000"}, {0.457, 0.0123, "0.012"}, {0.00012, 0.00003, "3e-05"}, {1234, 12.3, "12.300"}} {
		if got := (Metric{}).around(c.deviation, c.mean); got != c.want {
			t.Errorf("%g ± %g: %s, want %s", c.mean, c.deviation, got, c.want)
		}
	}
}

func TestOverlayMeansOverSharedSteps(t *testing.T) {
	nan := math.NaN()
	r := Report{Runs: []Run{{Name: "a", Seeds: []Seed{
		{Seed: 1, Curves: []Curve{{"c", []float64{0, 1, 2, 3}, []float64{1, 2, 3, -1}}}},
		{Seed: 2, Curves: []Curve{{"c", []float64{0, 2, 3}, []float64{3, nan, 4}}}},
		{Seed: 3, Curves: []Curve{{"other", []float64{0}, []float64{9}}}},
	}}}}
	o := r.overlay(Chart{Curve: "c", Log: true})[0]
	if len(o.seeds) != 2 || len(o.mean) != 3 || o.mean[0].mean != 2 || o.mean[0].n != 2 || !math.IsNaN(o.mean[1].mean) || !math.IsNaN(o.mean[2].mean) {
		t.Errorf("overlay %+v", o)
	}
	if pieces := o.meanPieces(); len(pieces) != 1 || len(pieces[0]) != 1 {
		t.Errorf("pieces of the mean %v", pieces)
	}
}

func TestLogAxis(t *testing.T) {
	a := logAxis(0.01, 100, 0, 400)
	if got := a.at(1); math.Abs(got-200) > 1e-9 {
		t.Errorf("1 is at %v, want 200", got)
	}
	var labels []string
	for _, tick := range a.ticks {
		labels = append(labels, tick.Label)
	}
	if !slices.Equal(labels, []string{"0.01", "0.1", "1", "10", "100"}) {
		t.Errorf("ticks %v", labels)
	}
	if a := logAxis(3, 3.1, 0, 1); len(a.ticks) < 2 {
		t.Errorf("a narrow axis has ticks %v", a.ticks)
	}
}

func TestInline(t *testing.T) {
	for text, want := range map[string]string{
		"a | b":      `a \| b`,
		"<b>&":       "&lt;b&gt;&amp;",
		"# no title": `\# no title`,
		"- 1":        `\- 1`,
		"-1.5":       "-1.5",
		"1. first":   `1\. first`,
		"2.5 times":  "2.5 times",
		"a\n\nb":     "a b",
		"z_I [x](y)": `z\_I \[x\](y)`,
	} {
		if got := inline(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
