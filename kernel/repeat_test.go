package kernel

import (
	"sync"
	"testing"
)

// TestSameBitsInAnyCompany runs one plan from several goroutines at once, on pools of 1 and 3 workers, and compares with a lone run: forward and by
// input the bits are the same whatever the number of workers, by kernel with the same number.
func TestSameBitsInAnyCompany(t *testing.T) {
	levels(t, func(t *testing.T) {
		s3 := ConvShape{N: 9, H: 5, W: 5, Cin: 17, Cout: 20, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1}
		s1 := ConvShape{N: 9, H: 7, W: 7, Cin: 17, Cout: 20, KH: 1, KW: 1}
		for _, plan := range []struct {
			s   ConvShape
			opt ConvOptions
		}{{s3, ConvOptions{Algorithm: Direct}}, {s3, ConvOptions{Algorithm: WinogradF43}}, {s3, ConvOptions{Algorithm: WinogradF43, Precision: BFloat16}}, {s1, ConvOptions{Precision: BFloat16}}} {
			if CheckPrecision(plan.opt.Precision) != nil {
				continue
			}
			s := plan.s
			c, err := NewConv(s, plan.opt)
			if err != nil {
				t.Fatal(err)
			}
			x, dy, w := random(s.N*s.H*s.W*s.Cin, 1), random(s.N*s.H*s.W*s.Cout, 2), random(c.weights(), 3)
			type results struct{ y, dx, dw []float32 }
			run := func(p *Pool) results {
				r := results{make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))}
				c.Forward(p, r.y, 0, x, 0, w, Epilogue{ReLU: true})
				c.BackwardInput(p, r.dx, 0, dy, 0, w, Epilogue{})
				c.BackwardKernel(p, r.dw, x, 0, dy, 0, false)
				return r
			}
			one, three := NewPool(1), NewPool(3)
			alone := run(three)
			first := run(one)
			sameBits(t, "forward with one worker", first.y, alone.y)
			sameBits(t, "by input with one worker", first.dx, alone.dx)
			var company sync.WaitGroup
			for range 4 {
				company.Add(1)
				go func() {
					defer company.Done()
					for range 2 {
						r := run(three)
						for _, d := range []struct {
							name      string
							got, want []float32
						}{{"forward", r.y, alone.y}, {"by input", r.dx, alone.dx}, {"by kernel", r.dw, alone.dw}} {
							for i, v := range d.want {
								if d.got[i] != v {
									t.Errorf("%s: element %d is %g in company, %g alone", d.name, i, d.got[i], v)
									break
								}
							}
						}
					}
				}()
			}
			company.Wait()
			one.Close()
			three.Close()
		}
	})
}
