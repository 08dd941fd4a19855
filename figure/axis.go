package figure

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// bounds is the part of the plane that a diagram shows.
type bounds struct{ x0, x1, y0, y1 float64 }

// rangeOf returns the part of the plane to show for series; not ok where no point can be drawn.
func rangeOf(series []Series) (r bounds, ok bool) {
	inf := math.Inf(1)
	r = bounds{inf, -inf, inf, -inf}
	for _, s := range series {
		for i := range s.X {
			if !drawable(s.X[i]) || !drawable(s.Y[i]) {
				continue
			}
			ok = true
			r.x0, r.x1 = min(r.x0, s.X[i]), max(r.x1, s.X[i])
			r.y0, r.y1 = min(r.y0, s.Y[i]), max(r.y1, s.Y[i])
		}
	}
	if !ok {
		return r, false
	}
	fromZero := r.y0 >= 0 && r.y0 <= 0.3*r.y1 && r.y1 > 0
	r.x0, r.x1 = widen(r.x0, r.x1, 0)
	r.y0, r.y1 = widen(r.y0, r.y1, 0.06)
	if fromZero {
		r.y0 = 0
	}
	return r, true
}

// widen adds the share of the range [low, high] on both sides, or room about a single value.
func widen(low, high, share float64) (float64, float64) {
	if extent := high - low; extent > 1e-12*max(math.Abs(low), math.Abs(high)) {
		return low - share*extent, high + share*extent
	}
	room := 0.1 * math.Abs(low)
	if room < 1e-300 {
		room = 1
	}
	return low - room, high + room
}

// ticker puts ticks at 1, 2 or 5 times a power of ten, about six on an axis.
type ticker struct{}

// Ticks implements plot.Ticker.
func (ticker) Ticks(low, high float64) (ticks []plot.Tick) {
	step := niceStep((high - low) / 6)
	most := max(math.Abs(low), math.Abs(high))
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	if last-first > 20 { // a step lost in rounding
		return []plot.Tick{{Value: low, Label: tickLabel(low, most, high-low)}, {Value: high, Label: tickLabel(high, most, high-low)}}
	}
	for i := first; i <= last; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: tickLabel(i*step, most, step)})
	}
	return ticks
}

// niceStep returns the 1, 2 or 5 times a power of ten that is nearest to rough, which is above 0, by ratio.
func niceStep(rough float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	switch m := rough / power; {
	case m < math.Sqrt(2):
		return power
	case m < math.Sqrt(10):
		return 2 * power
	case m < math.Sqrt(50):
		return 5 * power
	}
	return 10 * power
}

// tickLabel writes v with the decimals that tell ticks of the given step apart, in thousands or millions where the axis reaches so far.
func tickLabel(v, most, step float64) string {
	unit, suffix := 1.0, ""
	switch {
	case v == 0: // and -0
		return "0"
	case most >= 1e12 || most < 1e-4:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case most >= 1e9:
		unit, suffix = 1e9, "G"
	case most >= 1e6:
		unit, suffix = 1e6, "M"
	case most >= 1e4:
		unit, suffix = 1e3, "k"
	}
	decimals := max(0, -int(math.Floor(math.Log10(step/unit)+1e-9)))
	return strconv.FormatFloat(v/unit, 'f', min(decimals, 8), 64) + suffix
}
