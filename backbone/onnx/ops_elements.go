package onnx

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// gatherElements is GatherElements: each place of the result, which has the shape of the indices,
// takes the value of its own place but for one axis, where the index says.
func gatherElements(c *call) *value {
	x, index := c.input(0), c.input(1)
	axis := c.axis("axis", 0, x.rank())
	if index.rank() != x.rank() {
		panic(fmt.Errorf("indices of shape %v into shape %v", index.dims(), x.dims()))
	}
	for i, d := range index.dims() {
		if i != axis && d > x.dims()[i] {
			panic(fmt.Errorf("indices of shape %v into shape %v", index.dims(), x.dims()))
		}
	}
	if x.constant != nil && index.constant != nil {
		return constantValue(elementsOf(x.constant, index.constant, axis))
	}
	places := normalised(index.straight(c.g), x.dims()[axis])
	coordinates := make([]*Node, x.rank())
	for i := range coordinates {
		coordinates[i] = places
		if i != axis {
			coordinates[i] = Iota(c.g, places.Shape(), i)
		}
		coordinates[i] = InsertAxes(coordinates[i], -1)
	}
	return nodeValue(Gather(x.straight(c.g), Concatenate(coordinates, -1)))
}

func elementsOf(x, index *constant, axis int) *constant {
	strides, own := stridesOf(x.dims), stridesOf(index.dims)
	return x.pick(index.dims, func(i int) int {
		at := axisOf(int(index.ints[i]), x.dims[axis]) * strides[axis]
		for a, s := range own {
			if a != axis {
				at += i / s % index.dims[a] * strides[a]
			}
		}
		return at
	})
}
