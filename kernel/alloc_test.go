package kernel

import "testing"

// TestSteadyStateAllocatesNothing runs each kernel until its scratch memory exists, then counts.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops what it is given at random")
	}
	pool := NewPool(2)
	defer pool.Close()
	conv := func(s ConvShape, opt ConvOptions) *Conv {
		c, err := NewConv(s, opt)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	s3 := ConvShape{N: 4, H: 14, W: 14, Cin: 32, Cout: 64, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1}
	s7 := ConvShape{N: 4, H: 28, W: 28, Cin: 3, Cout: 64, KH: 7, KW: 7, StrideH: 2, StrideW: 2, PadTop: 3, PadBottom: 3, PadLeft: 3, PadRight: 3}
	s1 := ConvShape{N: 4, H: 14, W: 14, Cin: 32, Cout: 64, KH: 1, KW: 1}
	w := Window{N: 4, H: 14, W: 14, C: 32, KH: 3, KW: 3, StrideH: 2, StrideW: 2}
	x, y, z := random(100000, 1), random(100000, 2), random(100000, 3)
	pos := make([]uint8, 100000)
	tests := map[string]func(){
		"product":           func() { Product{M: 100, N: 120, K: 500}.Run(pool, z, x, y, Epilogue{}) },
		"product of turned": func() { Product{M: 100, N: 120, K: 500, TransA: true, TransB: true}.Run(pool, z, x, y, Epilogue{}) },
		"batch of products": func() {
			Product{M: 10, N: 12, K: 50, Batch: 8, StrideA: 500, StrideB: 600, StrideC: 120}.Run(pool, z, x, y, Epilogue{})
		},
		"max":           func() { w.MaxForward(pool, y, 0, pos, x, 0) },
		"max gradient":  func() { w.MaxBackward(pool, x, 0, y, 0, pos, false) },
		"mean":          func() { w.MeanForward(pool, y, 0, x, 0, true) },
		"mean gradient": func() { w.MeanBackward(pool, x, 0, y, 0, true, false) },
		"column sums":   func() { SumColumns(pool, y, x, 3000, 32, 32, false) },
		"column dots":   func() { ColumnDots(y, x, z, 3000, 32, 32, 32, false) },
		"sliding sum":   func() { SlidingSum(y, x, 50, 2, 2) },
	}
	fast := ConvOptions{Algorithm: WinogradF43}
	convs := map[string]*Conv{"3x3": conv(s3, ConvOptions{Algorithm: Direct}), "3x3 Winograd": conv(s3, fast), "7x7": conv(s7, ConvOptions{}), "1x1": conv(s1, ConvOptions{})}
	if CheckPrecision(BFloat16) == nil {
		half := ConvOptions{Algorithm: WinogradF43, Precision: BFloat16}
		convs["3x3 of bfloat16"], convs["7x7 of bfloat16"], convs["1x1 of bfloat16"] = conv(s3, half), conv(s7, half), conv(s1, half)
	}
	for name, c := range convs {
		dx, dw := make([]float32, 100000), make([]float32, 100000)
		tests[name+" forward"] = func() { c.Forward(pool, z, 0, x, 0, y, Epilogue{ReLU: true}) }
		tests[name+" by input"] = func() { c.BackwardInput(pool, dx, 0, z, 0, y, Epilogue{}) }
		tests[name+" by kernel"] = func() { c.BackwardKernel(pool, dw, x, 0, z, 0, false) }
	}
	levels(t, func(t *testing.T) {
		if Active() == Generic {
			t.Skip("plain Go's kernels make a closure a call")
		}
		for name, f := range tests {
			for range 3 {
				f()
			}
			n := testing.AllocsPerRun(20, f)
			for again := 0; again < 4 && n >= 1; again++ { // a busy machine moves goroutines between processors, whose spare memory is apart
				n = testing.AllocsPerRun(20, f)
			}
			if n >= 1 {
				t.Errorf("%s allocates %.1f times a call", name, n)
			}
		}
	})
}
