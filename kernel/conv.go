package kernel

import (
	"fmt"
	"sync"
)

// Algorithm is the way in which 3x3 and 5x5 convolutions of stride 1 and their gradients are computed where assembly runs; plain Go is always Direct.
// Errors, relative to the results' root mean square, against float64 with normal inputs, 96 channels (TestWinogradError): Direct 5e-7 (root mean
// square) and 6e-6 (largest), WinogradF23 as Direct, the others 1e-6 and 8e-6, the gradient by
// a 5x5 kernel (32 channels) 1.4e-6 and 1.3e-5. With products of bfloat16: 2.4e-3 (root mean square) Direct, 1.3e-2 WinogradF43.
type Algorithm uint8

const (
	Auto        Algorithm = iota // Direct or WinogradF43, by the shape alone, so that runs repeat
	Direct                       // sums of products as they are written
	WinogradF23                  // 3x3: F(2x2,3x3), 2.25 times fewer multiplications; else Direct
	WinogradF43                  // 3x3: F(4x4,3x3), 4 times fewer; 5x5: F(2x2,5x5), 2.8 times fewer; else Direct
)

// ConvOptions are choices that do not change what is computed, only how.
type ConvOptions struct {
	// Algorithm of forward and both gradients; shapes that it does not fit run Direct. Environment variable DVML_WINOGRAD=off makes Auto mean Direct.
	Algorithm Algorithm
	// Precision of the products.
	Precision Precision
}

// Conv is a convolution of a fixed geometry, ready to run. It may be used by several goroutines at once.
type Conv struct {
	shape       ConvShape
	ho, wo      int
	cin, cout   int // per group
	h, w        axis
	transpose   *Conv // gradient by the input as a convolution of its own; nil in itself
	transposeOf *Conv // the inverse
	fast        fastConv
}

// NewConv checks the geometry and prepares its plan. It refuses a precision that there are no instructions for (CheckPrecision).
func NewConv(s ConvShape, opt ConvOptions) (*Conv, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := CheckPrecision(opt.Precision); err != nil {
		return nil, err
	}
	s = s.Normal()
	c := newConv(s, opt)
	t := s.transposed()
	if ho, wo := t.Output(); ho != s.H || wo != s.W {
		return nil, fmt.Errorf("kernel: convolution %+v: its gradient by the input would be %d x %d", s, ho, wo)
	}
	c.transpose = newConv(t, opt)
	c.transpose.transposeOf = c
	return c, nil
}

func newConv(s ConvShape, opt ConvOptions) *Conv {
	c := &Conv{shape: s, cin: s.Cin / s.Groups, cout: s.Cout / s.Groups}
	c.ho, c.wo = s.Output()
	c.h, c.w = s.axes()
	if active != Generic {
		c.fast.plan(c, opt)
	}
	return c
}

// Shape returns the geometry with its defaults filled in.
func (c *Conv) Shape() ConvShape { return c.shape }

// weights is the length of the kernel tensor.
func (c *Conv) weights() int { return c.shape.KH * c.shape.KW * c.cin * c.shape.Cout }

// Forward computes y = conv(x, w) with the epilogue (scale, bias and ReLU along Cout). ldx and ldy are the distances between adjacent pixels of x and y, at
// least Cin and Cout; 0 means just that.
func (c *Conv) Forward(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e Epilogue) {
	ldx, ldy = c.check(x, ldx, y, ldy)
	need("kernel", w, c.weights())
	e.need(c.shape.Cout)
	if active == Generic {
		c.forwardGeneric(p, y, ldy, x, ldx, w, e)
		return
	}
	c.forwardFast(p, y, ldy, x, ldx, w, e)
}

// BackwardInput computes the gradient by the input, dx [N,H,W,Cin], from dy [N,Ho,Wo,Cout]. The epilogue may accumulate into dx, so that several
// readers of one tensor sum their gradients without a pass of their own; scale, bias and ReLU act along Cin.
func (c *Conv) BackwardInput(p *Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e Epilogue) {
	ldx, ldy = c.check(dx, ldx, dy, ldy)
	need("kernel", w, c.weights())
	e.need(c.shape.Cin)
	if active == Generic {
		flipped := takeScratch(c.weights())
		c.flip(p, flipped, w)
		c.transpose.forwardGeneric(p, dx, ldx, dy, ldy, flipped, e)
		giveScratch(flipped)
		return
	}
	c.backwardInputFast(p, dx, ldx, dy, ldy, w, e)
}

// BackwardKernel computes the gradient by the kernel, dw [KH,KW,Cin/Groups,Cout], from x and dy; accumulate adds to dw.
func (c *Conv) BackwardKernel(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	ldx, ldy = c.check(x, ldx, dy, ldy)
	need("gradient by the kernel", dw, c.weights())
	if active == Generic {
		c.backwardKernelGeneric(p, dw, x, ldx, dy, ldy, accumulate)
		return
	}
	c.backwardKernelFast(p, dw, x, ldx, dy, ldy, accumulate)
}

// check fills in default pixel distances and panics if a slice is too short.
func (c *Conv) check(x []float32, ldx int, y []float32, ldy int) (int, int) {
	s := &c.shape
	if ldx == 0 {
		ldx = s.Cin
	}
	if ldy == 0 {
		ldy = s.Cout
	}
	if ldx < s.Cin || ldy < s.Cout {
		panic(fmt.Sprintf("kernel: convolution: pixels %d and %d floats apart hold %d and %d channels", ldx, ldy, s.Cin, s.Cout))
	}
	need("input", x, extent(s.N*s.H*s.W, s.Cin, ldx))
	need("output", y, extent(s.N*c.ho*c.wo, s.Cout, ldy))
	return ldx, ldy
}

// flipTask writes the kernel of the transposed convolution: reversed in both directions, channel axes swapped within each group; pieces are taps.
// w [KH,KW,Cin/G,G*cout] -> flipped [KH,KW,Cout/G,G*cin]
type flipTask struct {
	c          *Conv
	flipped, w []float32
}

var freeFlips = sync.Pool{New: func() any { return new(flipTask) }}

func (c *Conv) flip(p *Pool, flipped, w []float32) {
	k := freeFlips.Get().(*flipTask)
	*k = flipTask{c, flipped, w}
	p.Do(c.shape.KH*c.shape.KW, 1+16384/(c.cin*c.shape.Cout), k)
	*k = flipTask{}
	freeFlips.Put(k)
}

// Run flips taps [lo,hi).
func (k *flipTask) Run(lo, hi, _ int) {
	c, s := k.c, &k.c.shape
	taps := s.KH * s.KW
	for t := lo; t < hi; t++ {
		src := k.w[t*c.cin*s.Cout:][:c.cin*s.Cout]
		dst := k.flipped[(taps-1-t)*c.cout*s.Cin:][:c.cout*s.Cin]
		for g := range s.Groups {
			Transpose(dst[g*c.cin:], s.Cin, src[g*c.cout:], s.Cout, c.cin, c.cout)
		}
	}
}
