package figure

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

func line(name string, y ...float64) Series {
	s := Series{Name: name, Y: y}
	for i := range y {
		s.X = append(s.X, float64(i))
	}
	return s
}

func TestCurvesColoursAndGrid(t *testing.T) {
	panel := Panel{Title: "Loss", XLabel: "step", YLabel: "loss", Series: []Series{line("a", 3, 2, 1), line("b", 1, 2, 3)}, Marks: []float64{1, math.NaN(), 99}}
	for n, grid := range map[int]image.Point{1: {1, 1}, 2: {2, 1}, 4: {2, 2}, 5: {3, 2}, 7: {3, 3}} {
		panels := make([]Panel, n)
		panels[0] = panel
		img, err := Curves(panels)
		if err != nil {
			t.Fatal(err)
		}
		want := image.Rect(0, 0, 2*margin+grid.X*(panelWidth+panelGap)-panelGap, 2*margin+grid.Y*(panelHeight+panelGap)-panelGap)
		if img.Bounds() != want {
			t.Errorf("%d panels: bounds %v, want %v", n, img.Bounds(), want)
		}
		first := image.Rect(margin, margin, margin+panelWidth, margin+panelHeight)
		for i := range panel.Series {
			if pixels := count(img, first, Palette[i]); pixels < 300 {
				t.Errorf("%d panels: series %d has %d pixels of its colour", n, i, pixels)
			}
		}
	}
}

// TestCurvesGap holds the gap of NaN white between the two runs beside it.
func TestCurvesGap(t *testing.T) {
	nan := math.NaN()
	whole, err := Curves([]Panel{{Series: []Series{line("", 1, 1, 1, 1, 1, 1)}}})
	if err != nil {
		t.Fatal(err)
	}
	broken, err := Curves([]Panel{{Series: []Series{line("", 1, 1, nan, math.Inf(1), 1, 1)}}})
	if err != nil {
		t.Fatal(err)
	}
	middle := image.Rect(panelWidth/2, 0, panelWidth/2+100, panelHeight)
	if n := count(whole, middle, Palette[0]); n < 100 {
		t.Errorf("the whole line has %d pixels in its middle", n)
	}
	if n := count(broken, middle, Palette[0]); n != 0 {
		t.Errorf("the broken line has %d pixels in its gap", n)
	}
}

func TestCurvesOddInput(t *testing.T) {
	nan, huge := math.NaN(), 1e308
	long := strings.Repeat("name ", 200)
	many := make([]Series, 60)
	for i := range many {
		many[i] = line(long[:20+i], float64(i), 2)
	}
	for name, panel := range map[string]Panel{
		"nothing":       {},
		"empty series":  {Series: []Series{{Name: "a"}}},
		"only NaN":      {Series: []Series{line("a", nan, nan)}},
		"one point":     {Series: []Series{line("a", 0)}},
		"tiny":          {Series: []Series{line("a", 1e-310, 2e-310, 5e-324)}},
		"huge":          {Series: []Series{line("a", huge, -huge, 1e299, -1e299)}},
		"same large":    {Series: []Series{{X: []float64{1e20, 1e20 + 16384}, Y: []float64{1e20, 1e20}}}},
		"negative":      {Series: []Series{line("a", -1e6, -2e6)}},
		"long texts":    {Title: long, XLabel: long, YLabel: long, Series: many},
		"line break":    {Title: "a\nb", XLabel: "a\nb", YLabel: "\n", Series: []Series{line("a\nb", 1, 2)}},
		"unsorted":      {Series: []Series{{X: []float64{3, 1, 2}, Y: []float64{1, 2, 3}}}},
		"marks outside": {Series: []Series{line("a", 1, 2)}, Marks: []float64{-5, math.Inf(1), nan, 1e308}},
	} {
		if _, err := Curves([]Panel{panel}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCurvesErrors(t *testing.T) {
	if _, err := Curves(nil); err == nil || !strings.Contains(err.Error(), "no panels") {
		t.Errorf("no panels: %v", err)
	}
	_, err := Curves([]Panel{{Title: "T", Series: []Series{{Name: "s", X: []float64{1}}}}})
	if err == nil || !strings.Contains(err.Error(), `"s"`) || !strings.Contains(err.Error(), `"T"`) {
		t.Errorf("lengths: %v does not name series and panel", err)
	}
}

func TestScatter(t *testing.T) {
	points := [][2]float64{{0, 0}, {10, 0}, {0, 10}, {10, 10}, {math.NaN(), 3}}
	img, err := Scatter(points, []int{4, 4, -2, 9, 4}, "four corners")
	if err != nil {
		t.Fatal(err)
	}
	// Classes take colours in their order: -2, 4, 9. Points lie on the corners of the inner square, y upward.
	low, high, top := 2*margin, scatterSide, margin+titleLine
	for _, c := range []struct{ x, y, class int }{{low, top + scatterSide - margin, 1}, {high, top + scatterSide - margin, 1}, {low, top + margin, 0}, {high, top + margin, 2}} {
		got, want := at(img, c.x, c.y), Palette[c.class]
		if distance(got, want) > 90 { // points are a little transparent
			t.Errorf("point at %d, %d is %v, want about %v", c.x, c.y, got, want)
		}
	}
	if _, err := Scatter(points, []int{1}, ""); err == nil || !strings.Contains(err.Error(), "5 points but 1 classes") {
		t.Errorf("lengths: %v", err)
	}
	for name, points := range map[string][][2]float64{"none": nil, "same": {{3, 3}, {3, 3}}, "not finite": {{math.Inf(1), 0}}, "huge": {{1e308, 0}, {-1e299, 1e299}}} {
		if _, err := Scatter(points, make([]int, len(points)), strings.Repeat("long ", 99)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	classes := make([]int, 100)
	crowd := make([][2]float64, 100)
	for i := range classes {
		classes[i], crowd[i] = i, [2]float64{float64(i), float64(i * i % 7)}
	}
	if _, err := Scatter(crowd, classes, "all shapes"); err != nil {
		t.Error(err)
	}
}

func distance(a, b color.RGBA) int {
	d := func(x, y uint8) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return d(a.R, b.R) + d(a.G, b.G) + d(a.B, b.B)
}
