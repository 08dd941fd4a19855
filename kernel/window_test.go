package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWindowsAgainstDefinition(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for trial := range 60 {
			s := Window{N: 1 + r.IntN(3), H: 1 + r.IntN(9), W: 1 + r.IntN(9), C: 1 + r.IntN(40), KH: 1 + r.IntN(4), KW: 1 + r.IntN(5),
				StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3), PadTop: r.IntN(3), PadBottom: r.IntN(6), PadLeft: r.IntN(3), PadRight: r.IntN(3)}
			if s.Check() != nil {
				continue
			}
			checkWindow(t, pool, s, r.IntN(2)*5, r.IntN(2)*3, uint64(trial), trial%2 == 0)
		}
	})
}

func checkWindow(t *testing.T, pool *Pool, s Window, gapX, gapY int, seed uint64, accumulate bool) {
	t.Helper()
	ho, wo := s.Output()
	ldx, ldy := s.C+gapX, s.C+gapY
	x, dy := random(s.N*s.H*s.W*ldx, seed), random(s.N*ho*wo*ldy, seed+1)
	for i := range x {
		x[i] = float32(math.Round(float64(x[i]) * 2)) // many equal values
	}
	y, mean, real := make([]float32, len(dy)), make([]float32, len(dy)), make([]float32, len(dy))
	before := random(len(x), seed+2)
	wantMax, wantMean, wantReal := make([]float64, len(dy)), make([]float64, len(dy)), make([]float64, len(dy))
	gradMax, gradMean := make([]float64, len(x)), make([]float64, len(x))
	if accumulate {
		gradMax, gradMean = widen(before), widen(before)
	} else {
		for i := range gradMax {
			if i%ldx >= s.C {
				gradMax[i], gradMean[i] = float64(before[i]), float64(before[i])
			}
		}
	}
	for n := range s.N {
		for oh := range ho {
			for ow := range wo {
				for c := range s.C {
					iy := ((n*ho+oh)*wo+ow)*ldy + c
					best, at, sum, count := math.Inf(-1), -1, 0.0, 0
					for kh := range s.KH {
						for kw := range s.KW {
							ih, iw := oh*s.StrideH-s.PadTop+kh, ow*s.StrideW-s.PadLeft+kw
							if ih < 0 || iw < 0 || ih >= s.H || iw >= s.W {
								continue
							}
							ix := ((n*s.H+ih)*s.W+iw)*ldx + c
							if float64(x[ix]) > best {
								best, at = float64(x[ix]), ix
							}
							sum += float64(x[ix])
							count++
							gradMean[ix] += float64(dy[iy]) / float64(s.KH*s.KW)
						}
					}
					wantMax[iy], wantMean[iy], wantReal[iy] = best, sum/float64(s.KH*s.KW), sum/float64(max(count, 1))
					if at >= 0 {
						gradMax[at] += float64(dy[iy])
					}
				}
			}
		}
	}
	pos := make([]uint8, s.N*ho*wo*s.C)
	s.MaxForward(pool, y, ldy, pos, x, ldx)
	s.MeanForward(pool, mean, ldy, x, ldx, true)
	s.MeanForward(pool, real, ldy, x, ldx, false)
	for i := range y {
		if float64(y[i]) != wantMax[i] {
			t.Fatalf("%+v: maximum %d is %g, want %g", s, i, y[i], wantMax[i])
		}
	}
	closeTo(t, "mean", mean, wantMean, 1e-5)
	closeTo(t, "mean of real pixels", real, wantReal, 1e-5)
	s.MaxForward(pool, real, ldy, nil, x, ldx)
	sameBits(t, "maximum without positions", real, y)
	dx := append([]float32(nil), before...)
	s.MaxBackward(pool, dx, ldx, dy, ldy, pos, accumulate)
	closeTo(t, "gradient of the maximum", dx, gradMax, 1e-5)
	copy(dx, before)
	s.MeanBackward(pool, dx, ldx, dy, ldy, true, accumulate)
	closeTo(t, "gradient of the mean", dx, gradMean, 1e-5)
}
