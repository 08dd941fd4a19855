package kernel

// forwardGeneric is the plain Go convolution: each output pixel is a sum of scaled rows of the kernel.
func (c *Conv) forwardGeneric(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e Epilogue) {
	s := &c.shape
	p.Parallel(s.N*c.ho*c.wo, 1+16384/(s.Cout*c.cin*s.KH*s.KW), func(lo, hi, _ int) {
		for pixel := lo; pixel < hi; pixel++ {
			n, oh, ow := pixel/(c.ho*c.wo), pixel/c.wo%c.ho, pixel%c.wo
			row := y[pixel*ldy:][:s.Cout]
			if !e.Accumulate {
				clear(row)
			}
			c.eachTap(n, oh, ow, func(tap, input int) {
				for g := range s.Groups {
					for ci, v := range x[input*ldx+g*c.cin:][:c.cin] {
						axpyGeneric(row[g*c.cout:][:c.cout], w[(tap*c.cin+ci)*s.Cout+g*c.cout:], v)
					}
				}
			})
			e.finish(row)
		}
	})
}

// eachTap calls f for every tap of output (n,oh,ow) that reads a real input pixel, with that pixel's index.
func (c *Conv) eachTap(n, oh, ow int, f func(tap, input int)) {
	s := &c.shape
	for kh := range s.KH {
		ih := c.h.at(oh, kh)
		if ih < 0 {
			continue
		}
		for kw := range s.KW {
			if iw := c.w.at(ow, kw); iw >= 0 {
				f(kh*s.KW+kw, (n*s.H+ih)*s.W+iw)
			}
		}
	}
}

// backwardKernelGeneric sums outer products of the rows of x and dy; the workers share the taps and input channels, so no sum is split.
func (c *Conv) backwardKernelGeneric(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	s := &c.shape
	p.Parallel(s.KH*s.KW*c.cin, 1, func(lo, hi, _ int) {
		if !accumulate {
			clear(dw[lo*s.Cout : hi*s.Cout])
		}
		for pixel := range s.N * c.ho * c.wo {
			n, oh, ow := pixel/(c.ho*c.wo), pixel/c.wo%c.ho, pixel%c.wo
			grad := dy[pixel*ldy:][:s.Cout]
			c.eachTap(n, oh, ow, func(tap, input int) {
				for r := max(lo, tap*c.cin); r < min(hi, (tap+1)*c.cin); r++ {
					ci := r - tap*c.cin
					for g := range s.Groups {
						axpyGeneric(dw[r*s.Cout+g*c.cout:][:c.cout], grad[g*c.cout:], x[input*ldx+g*c.cin+ci])
					}
				}
			})
		}
	})
}
