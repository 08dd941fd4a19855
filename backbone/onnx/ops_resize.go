package onnx

import (
	"fmt"
	"math"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// resampling is how one axis gets another size.
type resampling struct {
	mode, coordinates, nearest string
	cubic                      float64 // the coefficient a of the cubic filter
	excludeOutside, antialias  bool
}

// resize is Resize. Every axis is resampled on its own: nearest by picking places, linear and cubic by a product with a matrix [out, in].
func resize(c *call) *value {
	x := c.input(0)
	r := resampling{
		mode:        c.choice("mode", "nearest", "linear", "cubic"),
		coordinates: c.choice("coordinate_transformation_mode", "half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric"),
		nearest:     c.choice("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
		cubic:       c.float("cubic_coeff_a", -0.75), excludeOutside: c.flag("exclude_outside", 0), antialias: c.flag("antialias", 0),
	}
	c.ignore("extrapolation_value") // of tf_crop_and_resize, which is refused
	c.choice("keep_aspect_ratio_policy", "stretch")
	scalesAt, sizesAt := 2, 3
	if c.opset < 11 {
		r.coordinates, r.nearest, scalesAt, sizesAt = "asymmetric", "floor", 1, 9
	}
	axes := c.ints("axes")
	if axes == nil {
		axes = identity(x.rank())
	}
	axes = axesOf(axes, x.rank())
	if c.has(sizesAt) && c.known(sizesAt).size() > 0 {
		for i, size := range c.known(sizesAt).integers() {
			a := axes[i]
			x = c.resampled(x, a, size, float64(size)/float64(x.dims()[a]), r)
		}
		return x
	}
	scales := c.known(scalesAt)
	if scales.size() != len(axes) {
		panic(fmt.Errorf("%d scales for %d axes", scales.size(), len(axes)))
	}
	for i, a := range axes {
		x = c.resampled(x, a, int(math.Floor(float64(x.dims()[a])*scales.at(i))), scales.at(i), r)
	}
	return x
}

// upsample is Resize's forerunner.
func upsample(c *call) *value {
	x := c.input(0)
	r := resampling{mode: c.choice("mode", "nearest", "linear", "bilinear"), coordinates: "asymmetric", nearest: "floor"}
	var scales []float64
	if c.opset < 9 {
		if a := c.attributes["scales"]; a != nil {
			delete(c.attributes, "scales")
			for _, v := range a.Floats {
				scales = append(scales, float64(v))
			}
		}
	} else {
		scales = c.known(1).floats
	}
	if len(scales) != x.rank() {
		panic(fmt.Errorf("%d scales for %d axes", len(scales), x.rank()))
	}
	for a, s := range scales {
		x = c.resampled(x, a, int(math.Floor(float64(x.dims()[a])*s)), s, r)
	}
	return x
}

// resampled gives an axis the size out.
func (b *builder) resampled(x *value, axis, out int, scale float64, r resampling) *value {
	in := x.dims()[axis]
	if out < 1 || out > maxConstant || !(scale > 0) {
		panic(fmt.Errorf("axis %d of size %d is resized to %d", axis, in, out))
	}
	if out == in && scale == 1 {
		return x
	}
	if r.mode == "nearest" {
		places := make([]int, out)
		for i := range places {
			places[i] = min(max(r.round(r.source(i, in, out, scale)), 0), in-1)
		}
		return b.taken(x, axis, places)
	}
	matrix := newConstant(isFloat, []int{out, in})
	for i := range out {
		r.weights(matrix.floats[i*in:(i+1)*in], r.source(i, in, out, scale), scale)
	}
	if x.constant != nil {
		x = nodeValue(x.constant.node(b.g))
	}
	at := x.perm[axis]
	n := DotGeneral(x.node, []int{at}, nil, matrix.node(b.g), []int{1}, nil) // the axis is last now
	perm := slices.Clone(x.perm)
	for a, p := range perm {
		if p > at {
			perm[a]--
		}
	}
	perm[axis] = len(perm) - 1
	b.count(volume(n.Shape().Dimensions) * in)
	return permuted(n, perm)
}

// source is the coordinate of the input that place i of the result stands at.
func (r resampling) source(i, in, out int, scale float64) float64 {
	x := float64(i)
	switch r.coordinates {
	case "align_corners":
		if out == 1 {
			return 0
		}
		return x * float64(in-1) / (scale*float64(in) - 1)
	case "asymmetric":
		return x / scale
	case "pytorch_half_pixel":
		if out == 1 {
			return -0.5
		}
	case "half_pixel_symmetric":
		adjust := float64(out) / (scale * float64(in))
		return float64(in)/2*(1-adjust) + (x+0.5)/scale - 0.5
	}
	return (x+0.5)/scale - 0.5
}

func (r resampling) round(x float64) int {
	switch r.nearest {
	case "round_prefer_ceil":
		return int(math.Floor(x + 0.5))
	case "floor":
		return int(math.Floor(x))
	case "ceil":
		return int(math.Ceil(x))
	}
	return int(math.Ceil(x - 0.5))
}

// weights sets the weights of the places of one row by the filter around x; places beyond the edge count for the edge, or not at all.
func (r resampling) weights(row []float64, x, scale float64) {
	narrow, reach := 1.0, 1.0
	if r.antialias {
		narrow = math.Min(scale, 1)
	}
	if r.mode == "cubic" {
		reach = 2
	}
	sum := 0.0
	for k := int(math.Floor(x - reach/narrow)); k <= int(math.Ceil(x+reach/narrow)); k++ {
		w := r.filter((float64(k) - x) * narrow)
		if outside := k < 0 || k >= len(row); outside && r.excludeOutside {
			continue
		}
		row[min(max(k, 0), len(row)-1)] += w
		sum += w
	}
	for i := range row {
		row[i] = float64(float32(row[i] / sum))
	}
}

// filter is the triangle, or Keys' cubic (1981).
func (r resampling) filter(x float64) float64 {
	x, a := math.Abs(x), r.cubic
	switch {
	case r.mode != "cubic":
		return math.Max(1-x, 0)
	case x <= 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return a * (((x-5)*x+8)*x - 4)
	}
	return 0
}
