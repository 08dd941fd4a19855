package curve

import (
	"math"
	"strings"
	"testing"
)

func TestPieces(t *testing.T) {
	nan := math.NaN()
	got := Pieces([]float64{nan, 1, 2, 3, 4, 5, 6}, []float64{1, 1, 2, math.Inf(-1), 4, nan, 6})
	if len(got) != 3 || len(got[0]) != 2 || got[1][0] != (Point{4, 4}) || got[2][0] != (Point{6, 6}) {
		t.Errorf("pieces %v", got)
	}
	if got := Pieces(nil, nil); got != nil {
		t.Errorf("pieces of nothing: %v", got)
	}
}

func TestBoundsOf(t *testing.T) {
	for _, c := range []struct {
		points Points
		want   Bounds
	}{
		{Points{{0, 1}, {10, 101}}, Bounds{0, 10, 0, 107}},
		{Points{{0, 100}, {10, 200}}, Bounds{0, 10, 94, 206}},
		{Points{{5, 10}}, Bounds{4.5, 5.5, 9, 11}},
		{Points{{0, 0}}, Bounds{-1, 1, -1, 1}},
	} {
		if got, ok := BoundsOf([]Points{c.points}); !ok || got != c.want {
			t.Errorf("bounds of %v: %v %v, want %v", c.points, got, ok, c.want)
		}
	}
	if _, ok := BoundsOf(nil); ok {
		t.Error("nothing has bounds")
	}
}

func TestThinKeepsPeaks(t *testing.T) {
	points := make(Points, 100_003)
	for i := range points {
		points[i] = Point{X: float64(i), Y: math.Sin(float64(i) / 50)}
	}
	points[77_777].Y, points[12_345].Y = 9, -9
	kept := Thin(points, 1000)
	if len(kept) > 1000 {
		t.Errorf("%d points kept, want at most 1000", len(kept))
	}
	low, high := kept[0], kept[0]
	for i, p := range kept {
		if i > 0 && p.X <= kept[i-1].X {
			t.Fatalf("point %d is out of order", i)
		}
		if p.Y < low.Y {
			low = p
		}
		if p.Y > high.Y {
			high = p
		}
	}
	if low.X != 12_345 || high.X != 77_777 {
		t.Errorf("extremes at %v and %v, want 12345 and 77777", low.X, high.X)
	}
	if kept[0] != points[0] || kept[len(kept)-1] != points[len(points)-1] {
		t.Error("the ends are lost")
	}
	if got := Thin(points[:10], 1000); len(got) != 10 {
		t.Errorf("few points were thinned to %d", len(got))
	}
}

func TestMovingMean(t *testing.T) {
	points := make(Points, 1000)
	for i := range points {
		points[i] = Point{X: float64(i), Y: 5 + float64(i%2)}
	}
	means := MovingMean(points)
	if len(means) > 210 || means[0].X != 0 || means[len(means)-1].X != 999 {
		t.Errorf("%d means from %v to %v", len(means), means[0].X, means[len(means)-1].X)
	}
	for _, m := range means {
		if math.Abs(m.Y-5.5) > 0.05 {
			t.Errorf("mean at %v is %v, want about 5.5", m.X, m.Y)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 20_000, "0 5k 10k 15k 20k"},
		{0, 1, "0 0.2 0.4 0.6 0.8 1.0"},
		{0.41, 0.53, "0.42 0.44 0.46 0.48 0.50 0.52"},
		{-3, 3, "-3 -2 -1 0 1 2 3"},
		{0, 9000, "0 2000 4000 6000 8000"},
		{0, 3e6, "0 0.5M 1.0M 1.5M 2.0M 2.5M 3.0M"},
		{0, 6e-9, "0 1e-09 2e-09 3e-09 4e-09 5e-09 6e-09"},
	} {
		if got := labels(Ticks(c.low, c.high)); got != c.want {
			t.Errorf("ticks of [%v, %v]: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func labels(ticks []Tick) string {
	var all []string
	for _, tick := range ticks {
		all = append(all, tick.Label)
	}
	return strings.Join(all, " ")
}
