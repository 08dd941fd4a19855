package kernel

import "fmt"

// ConvShape is the geometry of a two-dimensional convolution: x [N,H,W,Cin] with w [KH,KW,Cin/Groups,Cout] gives y [N,Ho,Wo,Cout],
//
//	y[n,oh,ow,co] = sum over kh,kw,ci of w[kh,kw,ci,co] * x[n,ih,iw,g*Cin/Groups+ci],   ih = (oh*StrideH - PadTop + kh*DilationH) / InputDilationH
//
// where terms with ih outside [0,H) or not whole count as zero, and g is the group of co. Fields after KW may be zero where 1 is meant.
// Padding may be negative (it crops).
type ConvShape struct {
	N, H, W, Cin, Cout, KH, KW             int
	StrideH, StrideW                       int
	PadTop, PadBottom, PadLeft, PadRight   int
	DilationH, DilationW                   int
	InputDilationH, InputDilationW, Groups int
}

// Normal returns the shape with its defaults filled in.
func (s ConvShape) Normal() ConvShape {
	for _, v := range []*int{&s.StrideH, &s.StrideW, &s.DilationH, &s.DilationW, &s.InputDilationH, &s.InputDilationW, &s.Groups} {
		if *v == 0 {
			*v = 1
		}
	}
	return s
}

// Check tells what is wrong with the geometry.
func (s ConvShape) Check() error {
	s = s.Normal()
	for _, d := range []struct {
		name string
		v    int
	}{{"N", s.N}, {"H", s.H}, {"W", s.W}, {"Cin", s.Cin}, {"Cout", s.Cout}, {"KH", s.KH}, {"KW", s.KW}, {"StrideH", s.StrideH}, {"StrideW", s.StrideW},
		{"DilationH", s.DilationH}, {"DilationW", s.DilationW}, {"InputDilationH", s.InputDilationH}, {"InputDilationW", s.InputDilationW}, {"Groups", s.Groups}} {
		if d.v < 1 {
			return fmt.Errorf("kernel: convolution %+v: %s must be at least 1", s, d.name)
		}
	}
	if s.Cin%s.Groups != 0 || s.Cout%s.Groups != 0 {
		return fmt.Errorf("kernel: convolution: %d groups do not divide %d input and %d output channels", s.Groups, s.Cin, s.Cout)
	}
	if ho, wo := s.Output(); ho < 1 || wo < 1 {
		return fmt.Errorf("kernel: convolution %+v: output would be %d x %d", s, ho, wo)
	}
	return nil
}

// Output returns the height and width of y.
func (s ConvShape) Output() (ho, wo int) {
	s = s.Normal()
	ho = outputSize((s.H-1)*s.InputDilationH+1+s.PadTop+s.PadBottom, (s.KH-1)*s.DilationH+1, s.StrideH)
	wo = outputSize((s.W-1)*s.InputDilationW+1+s.PadLeft+s.PadRight, (s.KW-1)*s.DilationW+1, s.StrideW)
	return ho, wo
}

// outputSize is the number of windows that fit.
func outputSize(size, window, stride int) int {
	if size < window {
		return 0
	}
	return (size-window)/stride + 1
}

// FLOPs returns the multiplications and additions of one direct pass (forward or either gradient), padding counted as if it were data.
func (s ConvShape) FLOPs() float64 {
	s = s.Normal()
	ho, wo := s.Output()
	return 2 * float64(s.N) * float64(ho) * float64(wo) * float64(s.Cout) * float64(s.KH) * float64(s.KW) * float64(s.Cin/s.Groups)
}

// pointwise tells whether the convolution is a matrix product of pixels and weights: 1x1, stride 1, no padding.
func (s ConvShape) pointwise() bool {
	return s.KH == 1 && s.KW == 1 && s.StrideH == 1 && s.StrideW == 1 && s.PadTop == 0 && s.PadBottom == 0 && s.PadLeft == 0 && s.PadRight == 0 &&
		s.InputDilationH == 1 && s.InputDilationW == 1
}

// axis is the geometry of one direction.
type axis struct {
	in, out, kernel, stride, pad, dilation, inputDilation int
}

func (s ConvShape) axes() (h, w axis) {
	ho, wo := s.Output()
	return axis{s.H, ho, s.KH, s.StrideH, s.PadTop, s.DilationH, s.InputDilationH},
		axis{s.W, wo, s.KW, s.StrideW, s.PadLeft, s.DilationW, s.InputDilationW}
}

// at returns the input position that tap k of output o reads, or -1 if it falls into padding.
func (a axis) at(o, k int) int {
	i := o*a.stride - a.pad + k*a.dilation
	if i < 0 || i%a.inputDilation != 0 {
		return -1
	}
	if i /= a.inputDilation; i < a.in {
		return i
	}
	return -1
}

// transposed is the geometry of the gradient by the input: a convolution of dy with the kernel reversed in both directions and its channel axes
// swapped, where the stride becomes the dilation of the input and the reverse.
func (s ConvShape) transposed() ConvShape {
	ho, wo := s.Output()
	t := s
	t.H, t.W, t.Cin, t.Cout = ho, wo, s.Cout, s.Cin
	t.StrideH, t.InputDilationH = s.InputDilationH, s.StrideH
	t.StrideW, t.InputDilationW = s.InputDilationW, s.StrideW
	t.PadTop = (s.KH-1)*s.DilationH - s.PadTop
	t.PadLeft = (s.KW-1)*s.DilationW - s.PadLeft
	// The far padding is what makes the output as large as x was.
	t.PadBottom = (s.H-1)*t.StrideH + 1 + (s.KH-1)*s.DilationH - ((ho-1)*t.InputDilationH + 1 + t.PadTop)
	t.PadRight = (s.W-1)*t.StrideW + 1 + (s.KW-1)*s.DilationW - ((wo-1)*t.InputDilationW + 1 + t.PadLeft)
	return t
}
