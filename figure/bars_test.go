package figure

import (
	"image"
	"math"
	"strings"
	"testing"
)

func TestBars(t *testing.T) {
	img, err := Bars(BarChart{Title: "Variance", Series: []BarSeries{{Values: []float64{4, 2, math.NaN(), 0}}, {Values: []float64{1, -1, 3, math.Inf(1)}}}})
	if err != nil {
		t.Fatal(err)
	}
	// The heights of the bars, hence their areas, are as their values.
	for i, ratio := range []struct{ sum float64 }{{6}, {5}} {
		area := float64(count(img, img.Bounds(), Palette[i]))
		unit := area / ratio.sum
		if i == 0 && unit < 1000 {
			t.Errorf("bars take %v pixels a unit", unit)
		}
		if first := float64(count(img, img.Bounds(), Palette[0])) / 6; math.Abs(unit-first) > 0.06*first {
			t.Errorf("series %d takes %v pixels a unit, the first %v", i, unit, first)
		}
	}
}

func TestBarsOddInput(t *testing.T) {
	for name, b := range map[string]BarChart{
		"zeros":     {Series: []BarSeries{{Values: []float64{0, 0}}}},
		"not a bar": {Series: []BarSeries{{Values: []float64{math.NaN(), 1e308}}}},
		"negative":  {Series: []BarSeries{{Name: "a", Values: []float64{-1e-300, -2}}}},
		"many":      {Groups: make([]string, 5000), Series: []BarSeries{{Values: make([]float64, 5000)}, {Values: append(make([]float64, 4999), 1)}}},
		"long":      {Groups: []string{strings.Repeat("class ", 50), ""}, Series: []BarSeries{{Values: []float64{1, 2}}}},
	} {
		if img, err := Bars(b); err != nil || img.Bounds() == (image.Rectangle{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for want, b := range map[string]BarChart{
		"no values":           {},
		"2 names":             {Groups: []string{"a", "b"}, Series: []BarSeries{{Values: []float64{1}}}},
		"has 1 values":        {Series: []BarSeries{{Values: []float64{1, 2}}, {Values: []float64{1}}}},
		"can be told apart":   {Series: append([]BarSeries{{Values: []float64{1}}}, make([]BarSeries, len(Palette))...)},
		`chart "T": no value`: {Title: "T", Series: []BarSeries{{}}},
	} {
		if _, err := Bars(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
