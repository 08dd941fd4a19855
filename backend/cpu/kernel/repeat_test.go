package kernel

import (
	"sync"
	"testing"
)

// TestSameBitsInAnyCompany runs one plan from several goroutines at once, on pools of 1 and 3 workers, and compares with a lone run: forward and by
// input the bits are the same whatever the number of workers, by kernel with the same number.
func TestSameBitsInAnyCompany(t *testing.T) {
	levels(t, func(t *testing.T) {
		for _, a := range []Algorithm{Direct, WinogradF43} {
			s := ConvShape{N: 9, H: 5, W: 5, Cin: 17, Cout: 20, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1}
			c, err := NewConv(s, ConvOptions{Algorithm: a})
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
