package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// special values come first in every vector of the element-wise tests.
var special = []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-40, -1e-40,
	math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126, 88.72, 88.73, -87.3, -100, -103.9, -104, -110, 0.625, -0.625, 1e30}

func specials(n int, seed uint64) []float32 {
	x := random(n, seed)
	copy(x, special)
	return x
}

// ulps is the distance of got from want in units of want's last place.
func ulps(got float32, want float64) float64 {
	if math.IsNaN(want) && got != got || float64(got) == want {
		return 0
	}
	w := float32(want)
	if math.IsInf(float64(w), 0) && got == w {
		return 0
	}
	unit := math.Max(math.Abs(float64(w)-float64(math.Nextafter32(w, 0))), math.SmallestNonzeroFloat32)
	return math.Abs(float64(got)-want) / unit
}

// TestUnary checks every operation on vectors of all lengths, special values included, against float64 within the stated error.
func TestUnary(t *testing.T) {
	within := [unaryCount]float64{Neg: 0, Abs: 0, Sqrt: .51, Rsqrt: 1.5, Sign: 0, Exp: 2, Log: 2, Tanh: 4, Logistic: 4, Erf: 5, Square: .51, Reciprocal: .51}
	exact := [unaryCount]func(a float64) float64{
		Neg: func(a float64) float64 { return -a }, Abs: math.Abs, Sqrt: math.Sqrt, Rsqrt: func(a float64) float64 { return 1 / math.Sqrt(a) },
		Sign: func(a float64) float64 { return float64(unaryGeneric[Sign](float32(a))) },
		Exp:  math.Exp, Log: math.Log, Tanh: math.Tanh, Logistic: func(a float64) float64 { return 1 / (1 + math.Exp(-a)) },
		Erf: math.Erf, Square: func(a float64) float64 { return a * a }, Reciprocal: func(a float64) float64 { return 1 / a },
	}
	levels(t, func(t *testing.T) {
		for op := range unaryCount {
			worst := 0.0
			for n := range 150 {
				a := specials(n, uint64(n))
				for i := range a {
					if i >= len(special) {
						a[i] *= float32(n) // up to a few hundred
					}
				}
				dst := make([]float32, n+1)
				dst[n] = 77
				op.Apply(dst[:n], a)
				for i, v := range a {
					if op == Logistic && v < -87 && dst[i] <= 0x1p-125 {
						continue
					}
					e := ulps(dst[i], exact[op](float64(v)))
					if !(e <= within[op]) {
						t.Fatalf("operation %d of %g gives %g, want %g (%.2f ulp)", op, v, dst[i], exact[op](float64(v)), e)
					}
					worst = max(worst, e)
				}
				if dst[n] != 77 {
					t.Fatalf("operation %d wrote past %d elements", op, n)
				}
			}
			t.Logf("operation %d: at most %.2f ulp", op, worst)
		}
	})
}

func sameBits(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if g := got[i]; g != w && !(g != g && w != w) {
			t.Fatalf("%s: element %d of %d is %g, want %g", what, i, len(want), g, w)
		}
	}
}

func TestBinaryAndSelect(t *testing.T) {
	levels(t, func(t *testing.T) {
		for n := range 140 {
			a, b := specials(n, 1), random(n, 2)
			for i := range b {
				if i%5 == 0 {
					b[i] = a[i]
				}
			}
			got, want := make([]float32, n), make([]float32, n)
			for op := range binaryCount {
				for i := range want {
					want[i] = op.one(a[i], b[i])
				}
				op.Apply(got, a, b)
				sameBits(t, fmt.Sprint("operation ", op), got, want)
				for i := range want {
					want[i] = op.one(a[i], -0.5)
				}
				op.Scalar(got, a, -0.5)
				sameBits(t, fmt.Sprint("scalar operation ", op), got, want)
				for i := range want {
					want[i] = op.one(-0.5, a[i])
				}
				op.ScalarLeft(got, -0.5, a)
				sameBits(t, fmt.Sprint("left scalar operation ", op), got, want)
			}
			x, y := random(n, 3), random(n, 4)
			cond := make([]bool, n)
			for op := range compareCount {
				for i := range want {
					if want[i] = y[i]; op.holds(a[i], b[i]) {
						want[i] = x[i]
					}
				}
				op.Select(got, a, b, x, y)
				sameBits(t, fmt.Sprint("select ", op), got, want)
				op.Apply(cond, a, b)
				for i, c := range cond {
					if c != op.holds(a[i], b[i]) {
						t.Fatalf("compare %d of %g with %g gives %v", op, a[i], b[i], c)
					}
				}
				op.Scalar(cond, a, 1)
				for i, c := range cond {
					if c != op.holds(a[i], 1) {
						t.Fatalf("compare %d of %g with 1 gives %v", op, a[i], c)
					}
				}
			}
		}
	})
}

func TestAddScaledAndReductions(t *testing.T) {
	levels(t, func(t *testing.T) {
		for n := range 140 {
			a, c := random(n, 1), random(n, 3)
			scaled := make([]float64, n)
			sum, largest := 0.0, math.Inf(-1)
			for i := range scaled {
				scaled[i] = float64(c[i]) - 0.3*float64(a[i])
				sum += float64(a[i])
				largest = max(largest, float64(a[i]))
			}
			if s := float64(Sum(a)); math.Abs(s-sum) > 1e-5*float64(n) {
				t.Fatalf("sum of %d: %g, want %g", n, s, sum)
			}
			if m := float64(Largest(a)); m != largest {
				t.Fatalf("largest of %d: %g, want %g", n, m, largest)
			}
			AddScaled(c, a, -0.3)
			closeTo(t, "c-0.3a", c, scaled, 1e-6)
		}
	})
}

func TestColumns(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 60 {
			rows, cols := r.IntN(300), 1+r.IntN(150)
			lda, ldb := cols+r.IntN(3), cols+r.IntN(3)
			a, b, before := random(rows*lda, 1), random(rows*ldb, 2), random(cols, 3)
			sums, dots := widen(before), widen(before)
			for i := range rows {
				for j := range cols {
					sums[j] += float64(a[i*lda+j])
					dots[j] += float64(a[i*lda+j]) * float64(b[i*ldb+j])
				}
			}
			got := append([]float32(nil), before...)
			SumColumns(pool, got, a, rows, cols, lda, true)
			closeTo(t, "column sums", got, sums, 1e-5)
			copy(got, before)
			ColumnDots(got, a, b, rows, cols, lda, ldb, true)
			closeTo(t, "column dots", got, dots, 1e-5)
		}
	})
}

func TestSlidingSum(t *testing.T) {
	levels(t, func(t *testing.T) {
		for c := 1; c < 70; c++ {
			for _, w := range [][2]int{{2, 2}, {0, 3}, {4, 0}, {9, 90}} {
				src := random(3*c, uint64(c))
				want := make([]float64, len(src))
				for i := range src {
					for j := max(0, i%c-w[0]); j <= min(c-1, i%c+w[1]); j++ {
						want[i] += float64(src[i/c*c+j])
					}
				}
				SlidingSum(src, src, c, w[0], w[1])
				closeTo(t, fmt.Sprint("window sum ", c, w), src, want, 1e-5)
			}
		}
	})
}

func TestFill(t *testing.T) {
	for n := range 200 {
		dst := make([]float32, n+1)
		dst[n] = 77
		Fill(dst[:n], 3)
		for i, v := range dst[:n] {
			if v != 3 {
				t.Fatalf("element %d of %d is %g", i, n, v)
			}
		}
		if dst[n] != 77 {
			t.Fatalf("wrote past %d elements", n)
		}
	}
}
