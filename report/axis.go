package report

import (
	"math"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/curve"
)

// axis maps values to a stretch of pixels.
type axis struct {
	low, high float64 // values
	from, to  float64 // pixels
	log       bool
	ticks     []curve.Tick
}

// linearAxis makes an axis from low to high.
func linearAxis(low, high, from, to float64) axis {
	return axis{low: low, high: high, from: from, to: to, ticks: curve.Ticks(low, high)}
}

// logAxis makes an axis in powers of ten for values from low to high, both above 0, with some room at the ends.
func logAxis(low, high, from, to float64) axis {
	lo, hi := math.Log10(low), math.Log10(high)
	room := 0.06 * (hi - lo)
	if room < 0.05 {
		room = 0.05
	}
	lo, hi = lo-room, hi+room
	a := axis{low: math.Pow(10, lo), high: math.Pow(10, hi), from: from, to: to, log: true, ticks: logTicks(lo, hi)}
	if len(a.ticks) < 3 {
		a.ticks = curve.Ticks(a.low, a.high)
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

// logTicks are powers of ten, and 2 and 5 times them where there are few, from ten to the low to ten to the high.
func logTicks(low, high float64) []curve.Tick {
	each := max(1, math.Ceil((high-low)/6))
	var ticks []curve.Tick
	for e := math.Floor(low); e <= high; e++ {
		if math.Mod(e, each) != 0 {
			continue
		}
		for _, m := range []float64{1, 2, 5} {
			if p := e + math.Log10(m); p >= low && p <= high && (m == 1 || high-low < 2.5) {
				v := m * math.Pow(10, e)
				ticks = append(ticks, curve.Tick{Value: v, Label: value(v)})
			}
		}
	}
	return ticks
}

// value writes v to four digits: 0.25, 1500, 1e-5.
func value(v float64) string {
	return strings.Replace(strings.Replace(strconv.FormatFloat(v, 'g', 4, 64), "e-0", "e-", 1), "e+0", "e", 1)
}
