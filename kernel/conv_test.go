package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// checkConv compares the three kernels of one geometry with the oracle, tensors lying in wider ones by gapX and gapY channels.
func checkConv(t *testing.T, pool *Pool, s ConvShape, opt ConvOptions, gapX, gapY int, seed uint64, tolerance float64) {
	t.Helper()
	s = s.Normal()
	c, err := NewConv(s, opt)
	if err != nil {
		t.Fatal(err)
	}
	ho, wo := s.Output()
	ldx, ldy := s.Cin+gapX, s.Cout+gapY
	x, dy := random(s.N*s.H*s.W*ldx, seed), random(s.N*ho*wo*ldy, seed+1)
	w := random(s.KH*s.KW*s.Cin/s.Groups*s.Cout, seed+2)
	if opt.Precision == BFloat16 && opt.Algorithm == Auto {
		x, dy, w = rounded(x), rounded(dy), rounded(w) // so that rounding changes nothing
	}
	o := newConvOracle(s, x, ldx, dy, ldy, w)
	name := fmt.Sprintf("%+v ldx %d ldy %d", s, ldx, ldy)

	e := Epilogue{Accumulate: seed&1 == 0, ReLU: seed&2 == 0}
	if seed&4 == 0 {
		e.Bias = random(s.Cout, seed+3)
	}
	if seed&8 == 0 {
		e.Scale = random(s.Cout, seed+7)
	}
	if seed%3 == 0 {
		e.Limit = 20
	}
	y := random(len(dy), seed+4)
	want := widen(y)
	for i := range want {
		if i%ldy < s.Cout { // the gap stays as it is
			want[i] = finishOracle(want[i], o.y[i], i%ldy, e)
		}
	}
	before := append([]float32(nil), y...)
	c.Forward(pool, y, ldy, x, ldx, w, e)
	closeTo(t, "forward "+name, y, want, tolerance)
	c.Pack(pool, w).Forward(pool, before, ldy, x, ldx, e)
	sameBits(t, "forward, packed "+name, before, y)

	e = Epilogue{Accumulate: seed&1 == 1}
	dx := random(len(x), seed+5)
	want = widen(dx)
	for i := range want {
		if i%ldx < s.Cin {
			want[i] = finishOracle(want[i], o.dx[i], i%ldx, e)
		}
	}
	c.BackwardInput(pool, dx, ldx, dy, ldy, w, e)
	closeTo(t, "by input "+name, dx, want, tolerance)

	dw := random(len(w), seed+6)
	want = widen(dw)
	for i := range want {
		want[i] = finishOracle(want[i], o.dw[i], 0, e)
	}
	c.BackwardKernel(pool, dw, x, ldx, dy, ldy, e.Accumulate)
	closeTo(t, "by kernel "+name, dw, want, tolerance)
}

// drawConv draws a small geometry; all fields vary.
func drawConv(r *rand.Rand) ConvShape {
	for {
		groups := 1
		if r.IntN(4) == 0 {
			groups = 1 + r.IntN(3)
		}
		s := ConvShape{N: 1 + r.IntN(3), H: 1 + r.IntN(12), W: 1 + r.IntN(12), Cin: groups * (1 + r.IntN(20)), Cout: groups * (1 + r.IntN(60)),
			KH: 1 + r.IntN(5), KW: 1 + r.IntN(5), StrideH: 1 + r.IntN(3), StrideW: 1 + r.IntN(3),
			PadTop: r.IntN(4), PadBottom: r.IntN(4), PadLeft: r.IntN(4), PadRight: r.IntN(4) - 1, DilationH: 1 + r.IntN(2), DilationW: 1 + r.IntN(2), Groups: groups}
		switch r.IntN(6) {
		case 0:
			s.N = 8 + r.IntN(10)
		case 1:
			s.InputDilationH, s.InputDilationW = 1+r.IntN(3), 1+r.IntN(2)
		case 2:
			s.KH, s.KW, s.StrideH, s.StrideW = 1, 1, 1, 1
		case 3:
			s.KH, s.KW, s.StrideH, s.StrideW, s.DilationH, s.DilationW = 3, 3, 1, 1, 1, 1
		}
		if s.Check() == nil {
			return s
		}
	}
}

func TestConvAgainstDefinition(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for trial := range 60 {
			checkConv(t, pool, drawConv(r), ConvOptions{Algorithm: Direct}, r.IntN(2)*r.IntN(9), r.IntN(2)*r.IntN(9), uint64(trial), 2e-5)
		}
	})
}

// TestConvOfGoogLeNet takes one layer of each kind, with a small batch.
func TestConvOfGoogLeNet(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		for i, s := range []ConvShape{
			{N: 1, H: 21, W: 21, Cin: 3, Cout: 64, KH: 7, KW: 7, StrideH: 2, StrideW: 2, PadTop: 3, PadBottom: 3, PadLeft: 3, PadRight: 3},
			{N: 2, H: 14, W: 14, Cin: 64, Cout: 48, KH: 1, KW: 1},
			{N: 9, H: 5, W: 5, Cin: 20, Cout: 48, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1},
			{N: 1, H: 9, W: 9, Cin: 24, Cout: 64, KH: 5, KW: 5, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 2},
		} {
			checkConv(t, pool, s, ConvOptions{Algorithm: Direct}, 0, 16, uint64(i), 2e-5)
		}
	})
}

// TestWinograd compares the fast algorithms with the definition over random geometries, edges included.
func TestWinograd(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		if Active() == Generic {
			t.Skip("plain Go is always direct")
		}
		r := rand.New(rand.NewPCG(15, 6))
		for trial := range 24 {
			s := ConvShape{N: 1 + r.IntN(4), H: 1 + r.IntN(11), W: 1 + r.IntN(11), Cin: 1 + r.IntN(30), Cout: 1 + r.IntN(70), KH: 3, KW: 3,
				PadTop: r.IntN(3), PadBottom: r.IntN(3), PadLeft: r.IntN(3), PadRight: r.IntN(3)}
			if trial%3 == 0 {
				s.KH, s.KW = 5, 5
			}
			if s.Check() != nil {
				continue
			}
			checkConv(t, pool, s, ConvOptions{Algorithm: WinogradF23}, r.IntN(2)*5, r.IntN(2)*7, uint64(trial), 2e-5)
			checkConv(t, pool, s, ConvOptions{Algorithm: WinogradF43}, r.IntN(2)*5, r.IntN(2)*7, uint64(trial), 1e-4)
		}
	})
}

func TestConvCheck(t *testing.T) {
	for _, s := range []ConvShape{{}, {N: 1, H: 2, W: 2, Cin: 3, Cout: 4, KH: 3, KW: 1}, {N: 1, H: 4, W: 4, Cin: 3, Cout: 4, KH: 1, KW: 1, Groups: 2}} {
		if _, err := NewConv(s, ConvOptions{}); err == nil {
			t.Errorf("%+v must be refused", s)
		}
	}
}

// FuzzConv takes any geometry that fits a small budget.
func FuzzConv(f *testing.F) {
	f.Add(uint64(1), uint8(1))
	f.Add(uint64(77), uint8(2))
	pool := NewPool(3)
	f.Fuzz(func(t *testing.T, seed uint64, algorithm uint8) {
		r := rand.New(rand.NewPCG(seed, 9))
		checkConv(t, pool, drawConv(r), ConvOptions{Algorithm: Algorithm(algorithm % 4)}, r.IntN(5), r.IntN(5), seed%1000, 1e-3)
	})
}
