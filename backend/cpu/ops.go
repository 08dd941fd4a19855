package cpu

import (
	"maps"
	"slices"
)

// Op says how the backend runs an operation of GoMLX's interface.
type Op struct {
	Name string
	// Native says what has a kernel here; "" where the operation always runs on the portable backend.
	Native string
}

// Ops lists the operations of static computations, by name. What Native does not cover (other types, layouts or ranks) runs on the portable backend,
// one operation at a time; control flow, functions, dynamic and empty shapes run there with the computation around them.
func Ops() []Op {
	native := map[string]string{
		"ConvGeneral":         "float32, images [N,H,W,C]: forward (strides, dilations, groups, padding), by input, by kernel",
		"DotGeneral":          "float32, batch axes first, contracted axes together at an end",
		"ReduceSum":           "float32, over leading, trailing or middle axes",
		"ReduceMax":           "float32, over leading, trailing or middle axes",
		"ReduceWindow":        "float32: maximum and sum over windows of images, sum over a window of the last axis",
		"SelectAndScatterMax": "float32, windows of images",
		"Concatenate":         "all types", "Slice": "all types", "Pad": "all types, negative frames too",
		"Transpose": "all types", "Reverse": "all types", "Reshape": "all types, no copy", "Identity": "all types, no copy",
		"BroadcastInDim": "float32, bool", "Where": "float32", "ConvertDType": "bool to float32",
	}
	for name := range unaries {
		native[name] = "float32, in groups"
	}
	for name := range binaries {
		native[name] = "float32, in groups"
	}
	for name := range compares {
		native[name] = "float32, in groups"
	}
	for name := range logicals {
		native[name] = "bool, in groups"
	}
	for _, name := range recorded {
		if _, ok := native[name]; !ok {
			native[name] = ""
		}
	}
	var list []Op
	for _, name := range slices.Sorted(maps.Keys(native)) {
		list = append(list, Op{name, native[name]})
	}
	return list
}
