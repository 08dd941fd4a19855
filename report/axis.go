package report

import (
	"math"
	"strconv"
	"strings"
)

// axis maps values to a stretch of pixels.
type axis struct {
	low, high float64 // values
	from, to  float64 // pixels
	log       bool
	ticks     []float64
}

// newAxis makes an axis for values from low to high, with some room at the ends if wanted, and about n ticks.
func newAxis(low, high, from, to float64, log bool, room float64, n int) axis {
	a := axis{from: from, to: to, log: log}
	if log {
		low, high = math.Log10(low), math.Log10(high)
	}
	if low == high {
		d := max(math.Abs(low)/10, 1e-3)
		low, high = low-d, high+d
	} else if d := room * (high - low); log || low < 0 || low-d >= 0 {
		low, high = low-d, high+d
	} else {
		low, high = 0, high+d // room must not make a count or a loss look negative
	}
	if !log {
		a.low, a.high, a.ticks = low, high, linearTicks(low, high, n)
		return a
	}
	a.low, a.high = math.Pow(10, low), math.Pow(10, high)
	a.ticks = logTicks(low, high)
	if len(a.ticks) < 2 {
		a.ticks = linearTicks(a.low, a.high, n)
	}
	return a
}

// at returns v's pixel.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		v, low, high = math.Log10(v), math.Log10(low), math.Log10(high)
	}
	return a.from + (v-low)/(high-low)*(a.to-a.from)
}

// linearTicks are about n multiples of 1, 2 or 5 times a power of ten.
func linearTicks(low, high float64, n int) []float64 {
	rough := (high - low) / float64(n)
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	step := 10 * power
	for _, m := range []float64{1, 2, 5} {
		if m*power >= rough*0.999 {
			step = m * power
			break
		}
	}
	var ticks []float64
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step && len(ticks) <= 3*n; i++ {
		ticks = append(ticks, i*step+0) // + 0 makes -0 a 0
	}
	return ticks
}

// logTicks are powers of ten, and 2 and 5 times them where there are few, between powers low and high.
func logTicks(low, high float64) []float64 {
	each := max(1, math.Ceil((high-low)/6))
	var ticks []float64
	for e := math.Floor(low); e <= high; e++ {
		if math.Mod(e, each) != 0 {
			continue
		}
		for _, m := range []float64{1, 2, 5} {
			if p := e + math.Log10(m); p >= low && p <= high && (m == 1 || high-low < 2.5) {
				ticks = append(ticks, m*math.Pow(10, e))
			}
		}
	}
	return ticks
}

// tickLabel writes a tick: 0.25, 1500, 20k, 1e-05.
func tickLabel(v float64) string {
	a := math.Abs(v)
	switch {
	case a >= 1e6 && a < 1e9:
		return strconv.FormatFloat(v/1e6, 'g', 6, 64) + "M"
	case a >= 1e4 && a < 1e6:
		return strconv.FormatFloat(v/1e3, 'g', 6, 64) + "k"
	}
	return strings.Replace(strconv.FormatFloat(v, 'g', 6, 64), "e-0", "e-", 1)
}
