package curve

import (
	"math"
	"strconv"
)

// Bounds is the part of the plane that a diagram shows.
type Bounds struct{ X0, X1, Y0, Y1 float64 }

// BoundsOf returns the part of the plane to show for the points of all pieces, with some room below
// and above; from 0 where values above 0 come near to it. It is not ok where there is no point.
func BoundsOf(pieces []Points) (b Bounds, ok bool) {
	inf := math.Inf(1)
	b = Bounds{inf, -inf, inf, -inf}
	for _, piece := range pieces {
		for _, p := range piece {
			ok = true
			b.X0, b.X1 = min(b.X0, p.X), max(b.X1, p.X)
			b.Y0, b.Y1 = min(b.Y0, p.Y), max(b.Y1, p.Y)
		}
	}
	if !ok {
		return Bounds{}, false
	}
	fromZero := b.Y0 >= 0 && b.Y0 <= 0.3*b.Y1 && b.Y1 > 0
	b.X0, b.X1 = widen(b.X0, b.X1, 0)
	b.Y0, b.Y1 = widen(b.Y0, b.Y1, 0.06)
	if fromZero {
		b.Y0 = 0
	}
	return b, true
}

// widen adds the share of the range [low, high] on both sides, or room about a single value.
func widen(low, high, share float64) (float64, float64) {
	if extent := high - low; extent > max(1e-12*max(math.Abs(low), math.Abs(high)), 1e-290) {
		return low - share*extent, high + share*extent
	}
	room := 0.1 * math.Abs(low)
	if room < 1e-290 {
		room = 1
	}
	return low - room, high + room
}

// Tick is a labelled place on an axis.
type Tick struct {
	Value float64
	Label string
}

// Ticks returns places at 1, 2 or 5 times a power of ten, about six on the axis from low to high, which must be the greater.
func Ticks(low, high float64) (ticks []Tick) {
	step := niceStep((high - low) / 6)
	most := max(math.Abs(low), math.Abs(high))
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	for i := first; i <= last && len(ticks) < 20; i++ {
		ticks = append(ticks, Tick{i * step, tickLabel(i*step, most, step)})
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
