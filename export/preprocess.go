package export

import (
	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

// preparation writes what packages imageset and augment do to a photograph as nodes.
//
// ONNX's Resize cannot say it: its cubic filter has other weights at the edges, and antialiasing
// came after opset 17. So each side is scaled by a product with a matrix of weights that is
// computed in the graph from the photograph's size, in float64 as the scaler computes, so that the
// bytes are the same.
type preparation struct {
	onnxfile.Composer
	size          int // of the square
	fit           imageset.Fit
	plan          augment.Plan
	channelsFirst bool

	fill string // with fit pad: what is added around the photograph, [size,size] float64
}

// to writes the nodes from Images [N,H,W,3] uint8 to the normalised images called name.
func (p *preparation) to(name string) {
	square := p.Add("Cast", []string{p.square()}, onnxfile.IntOf("to", int64(onnxfile.Float))) // [N,3,size,size]
	if p.plan.Norm.BGR {
		square = p.Add("Gather", []string{square, p.Ints(2, 1, 0)}, onnxfile.IntOf("axis", 1))
	}
	perChannel := func(v [3]float32) string { return p.Constant(onnxfile.NewFloats("", []int{3, 1, 1}, v[:])) }
	mean, deviation, by := perChannel(p.plan.Norm.Mean), p.plan.Norm.Std, "Div"
	if p.plan.Resize > 0 && p.plan.Resize != p.size {
		matrix := weights.Tensor{Shape: []int{p.plan.Crop, p.size}, Data: p.plan.Matrix(p.size)}
		turned := matrix.Transpose(1, 0)
		square = p.Add("MatMul", []string{square, p.Constant(onnxfile.NewFloats("", turned.Shape, turned.Data))})
		square = p.Add("MatMul", []string{p.Constant(onnxfile.NewFloats("", matrix.Shape, matrix.Data)), square})
		for c, v := range deviation { // as augment multiplies here
			deviation[c], by = 1/v, "Mul"
		}
	} else {
		first := int64(p.size-p.plan.Crop) / 2
		last := first + int64(p.plan.Crop)
		square = p.Add("Slice", []string{square, p.Ints(first, first), p.Ints(last, last), p.Ints(2, 3)})
	}
	square = p.Add("Sub", []string{square, mean})
	if p.channelsFirst {
		p.AddNamed(name, by, []string{square, perChannel(deviation)})
		return
	}
	square = p.Add(by, []string{square, perChannel(deviation)})
	p.AddNamed(name, "Transpose", []string{square}, onnxfile.IntsOf("perm", 0, 2, 3, 1))
}

// square is imageset's Planes: photographs as squares [N,3,size,size] of whole numbers from 0 to 255, float64.
func (p *preparation) square() string {
	shape := p.Add("Shape", []string{Images})
	height, width := p.Add("Gather", []string{shape, p.Int(1)}), p.Add("Gather", []string{shape, p.Int(2)})
	photographs := Images
	var rows, columns string // [size,H], [size,W]
	switch p.fit {
	case imageset.Crop:
		side := p.Add("Min", []string{height, width})
		photographs = p.middle(photographs, height, width, side)
		rows = p.weights(side, p.number(float64(p.size)), "")
		columns = rows
	case imageset.Pad:
		rows, columns = p.padded(height, width)
	default:
		rows, columns = p.weights(height, p.number(float64(p.size)), ""), p.weights(width, p.number(float64(p.size)), "")
	}
	x := p.Add("Reshape", []string{p.double(photographs), p.Ints(0, 0, -1)}) // [N,H,W*3]
	x = p.Add("MatMul", []string{rows, x})
	x = p.Add("Reshape", []string{x, p.Ints(0, 0, -1, 3)})
	x = p.Add("Transpose", []string{x}, onnxfile.IntsOf("perm", 0, 3, 1, 2)) // [N,3,size,W]
	x = p.Add("MatMul", []string{x, p.Add("Transpose", []string{columns}, onnxfile.IntsOf("perm", 1, 0))})
	if p.fill != "" {
		x = p.Add("Add", []string{x, p.fill})
	}
	// The scaler gives 16 bits, of which the upper 8 are kept.
	x = p.Add("Add", []string{p.Add("Mul", []string{x, p.number(257)}), p.number(0.5)})
	x = p.Add("Clip", []string{x, p.number(0), p.number(65535)})
	return p.Add("Floor", []string{p.Add("Div", []string{x, p.number(256)})})
}

// middle cuts side x side pixels out of the middle.
func (p *preparation) middle(photographs, height, width, side string) string {
	var starts, ends []string
	for _, length := range []string{height, width} {
		start := p.Add("Div", []string{p.Add("Sub", []string{length, side}), p.Int(2)})
		starts = append(starts, p.Add("Unsqueeze", []string{start, p.Ints(0)}))
		ends = append(ends, p.Add("Unsqueeze", []string{p.Add("Add", []string{start, side}), p.Ints(0)}))
	}
	join := func(list []string) string { return p.Add("Concat", list, onnxfile.IntOf("axis", 0)) }
	return p.Add("Slice", []string{photographs, join(starts), join(ends), p.Ints(1, 2)})
}

// padded gives the weights where the whole photograph is kept, and sets fill.
func (p *preparation) padded(height, width string) (rows, columns string) {
	scale := p.Add("Div", []string{p.number(float64(p.size)), p.double(p.Add("Max", []string{height, width}))})
	var inside [2]string
	sides := [2]string{height, width}
	for i, length := range sides {
		half := p.Add("Add", []string{p.Add("Mul", []string{p.double(length), scale}), p.number(0.5)})
		to := p.Add("Max", []string{p.number(1), p.Add("Floor", []string{half})})
		free := p.Add("Sub", []string{p.number(float64(p.size)), to})
		offset := p.Add("Floor", []string{p.Add("Div", []string{free, p.number(2)})})
		place := p.Add("Sub", []string{p.places(), offset})
		before, within := p.double(p.Add("Less", []string{place, p.number(0)})), p.double(p.Add("Less", []string{place, to}))
		inside[i] = p.Add("Sub", []string{within, before}) // [size,1]
		sides[i] = p.weightsAt(place, length, to, inside[i])
	}
	across := p.Add("Transpose", []string{inside[1]}, onnxfile.IntsOf("perm", 1, 0))
	outside := p.Add("Sub", []string{p.number(1), p.Add("Mul", []string{inside[0], across})})
	p.fill = p.Add("Mul", []string{outside, p.number(128)})
	return sides[0], sides[1]
}

// weights is weightsAt of all places of the square.
func (p *preparation) weights(length, to, inside string) string {
	return p.weightsAt(p.places(), length, to, inside)
}

// weightsAt gives the weights [size,length] by which a line of length samples becomes one of to
// samples, of which place [size,1] tells the ones wanted: Catmull-Rom's kernel (1974) around the
// place in the line, as wide as the step where that is more than 1, each row divided by its sum.
// Where inside [size,1] is given, rows at which it is 0 are 0.
func (p *preparation) weightsAt(place, length, to, inside string) string {
	step := p.Add("Div", []string{p.double(length), to})
	centre := p.Add("Sub", []string{p.Add("Mul", []string{p.Add("Add", []string{place, p.number(0.5)}), step}), p.number(0.5)})
	samples := p.double(p.Add("Range", []string{p.Int(0), length, p.Int(1)}))
	narrow := p.Add("Div", []string{p.number(1), p.Add("Max", []string{step, p.number(1)})})
	t := p.Add("Mul", []string{p.Add("Abs", []string{p.Add("Sub", []string{centre, samples})}), narrow})
	// 1.5 t^3 - 2.5 t^2 + 1 below 1, -0.5 t^3 + 2.5 t^2 - 4 t + 2 below 2
	near := p.polynomial(t, 1.5, -2.5, 0, 1)
	far := p.polynomial(t, -0.5, 2.5, -4, 2)
	below := func(bound float64) string { return p.double(p.Add("Less", []string{t, p.number(bound)})) }
	one := below(1)
	w := p.Add("Add", []string{p.Add("Mul", []string{near, one}), p.Add("Mul", []string{far, p.Add("Sub", []string{below(2), one})})})
	if inside == "" {
		return p.Add("Div", []string{w, p.Add("ReduceSum", []string{w, p.Ints(1)})})
	}
	w = p.Add("Mul", []string{w, inside})
	total := p.Add("ReduceSum", []string{w, p.Ints(1)})
	outside := p.Add("Sub", []string{p.number(1), inside})
	return p.Add("Div", []string{w, p.Add("Add", []string{total, outside})})
}

// polynomial is by Horner's rule; coefficients from the highest power down.
func (p *preparation) polynomial(t string, coefficients ...float64) string {
	sum := p.number(coefficients[0])
	for _, c := range coefficients[1:] {
		if sum = p.Add("Mul", []string{sum, t}); c != 0 {
			sum = p.Add("Add", []string{sum, p.number(c)})
		}
	}
	return sum
}

// places are 0 to size-1, [size,1].
func (p *preparation) places() string {
	values := make([]float64, p.size)
	for i := range values {
		values[i] = float64(i)
	}
	return p.Constant(onnxfile.NewDoubles("", []int{p.size, 1}, values...))
}

func (p *preparation) number(v float64) string {
	return p.Constant(onnxfile.NewDoubles("", []int{}, v))
}

func (p *preparation) double(x string) string {
	return p.Add("Cast", []string{x}, onnxfile.IntOf("to", int64(onnxfile.Double)))
}
