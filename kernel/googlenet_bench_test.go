//go:build unix

package kernel

import (
	"fmt"
	"testing"
)

// googlenet lists all convolutions of GoogLeNet at 227 pixels.
func googlenet(batch int) []ConvShape {
	conv := func(hw, cin, cout, k, stride int) ConvShape {
		p := k / 2
		return ConvShape{N: batch, H: hw, W: hw, Cin: cin, Cout: cout, KH: k, KW: k, StrideH: stride, StrideW: stride, PadTop: p, PadBottom: p, PadLeft: p, PadRight: p}
	}
	l := []ConvShape{conv(227, 3, 64, 7, 2), conv(57, 64, 64, 1, 1), conv(57, 64, 192, 3, 1)}
	for _, b := range [][8]int{ // size, in, 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool
		{28, 192, 64, 96, 128, 16, 32, 32}, {28, 256, 128, 128, 192, 32, 96, 64}, {14, 480, 192, 96, 208, 16, 48, 64}, {14, 512, 160, 112, 224, 24, 64, 64},
		{14, 512, 128, 128, 256, 24, 64, 64}, {14, 512, 112, 144, 288, 32, 64, 64}, {14, 528, 256, 160, 320, 32, 128, 128},
		{7, 832, 256, 160, 320, 32, 128, 128}, {7, 832, 384, 192, 384, 48, 128, 128},
	} {
		l = append(l, conv(b[0], b[1], b[2]+b[3]+b[5], 1, 1), conv(b[0], b[3], b[4], 3, 1), conv(b[0], b[5], b[6], 5, 1), conv(b[0], b[1], b[7], 1, 1))
	}
	return l
}

// BenchmarkGoogLeNet runs all its convolutions one after the other: forward with packed weights, or a training step's three passes.
func BenchmarkGoogLeNet(b *testing.B) {
	for _, batch := range []int{1, 32} {
		var convs []*Conv
		var packed []*Packed
		largest, weights, flops := 0, 0, 0.0
		for _, s := range googlenet(batch) {
			c, err := NewConv(s, ConvOptions{})
			if err != nil {
				b.Fatal(err)
			}
			w := random(c.weights(), 1)
			convs, packed = append(convs, c), append(packed, c.Pack(Default(), w))
			largest, weights = max(largest, s.N*s.H*s.W*s.Cin, s.N*c.ho*c.wo*s.Cout), max(weights, len(w))
			flops += s.FLOPs()
		}
		x, y, w := random(largest, 2), random(largest, 3), random(weights, 4)
		dx, dw := make([]float32, largest), make([]float32, weights)
		b.Run(fmt.Sprint("forward/", batch), func(b *testing.B) {
			rate(b, flops, func() {
				for _, k := range packed {
					k.Forward(Default(), y, 0, x, 0, Epilogue{ReLU: true})
				}
			})
		})
		b.Run(fmt.Sprint("forward unpacked/", batch), func(b *testing.B) {
			rate(b, flops, func() {
				for _, c := range convs {
					c.Forward(Default(), y, 0, x, 0, w, Epilogue{ReLU: true})
				}
			})
		})
		b.Run(fmt.Sprint("training/", batch), func(b *testing.B) {
			rate(b, 3*flops, func() {
				for i, c := range convs {
					c.Forward(Default(), y, 0, x, 0, w, Epilogue{ReLU: true})
					if i > 0 {
						c.BackwardInput(Default(), dx, 0, y, 0, w, Epilogue{})
					}
					c.BackwardKernel(Default(), dw, x, 0, y, 0, false)
				}
			})
		})
	}
}
