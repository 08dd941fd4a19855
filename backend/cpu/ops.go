package cpu

import (
	"cmp"
	"slices"

	"github.com/gomlx/compute"
)

// Operations that the planner makes of patterns and for its own use, numbered after the interface's.
const (
	opReLUGradient   compute.OpType = compute.OpTypeLast + 1 + iota // 0 where y <= 0, else dy
	opLimitGradient                                                 // 0 where y >= a constant, else dy
	opInputGradient                                                 // dx of a convolution, of dy and the kernel
	opKernelGradient                                                // dw of a convolution, of x and dy
	opPositions                                                     // of the maxima of pooling
	opMaxima                                                        // of a pooling of which the graph has the gradient alone
	opCopy                                                          // of a result that is a parameter, a constant or another result
)

var ownNames = map[compute.OpType]string{opReLUGradient: "ReLU gradient", opLimitGradient: "limit gradient", opInputGradient: "convolution by input", opKernelGradient: "convolution by kernel", opPositions: "positions", opMaxima: "maxima", opCopy: "copy"}

// kindName is the operation's name.
func kindName(k compute.OpType) string {
	if name, ok := ownNames[k]; ok {
		return name
	}
	return k.String()
}

// nativeOp says how an operation runs here.
type nativeOp struct {
	what string // in which forms, for the list of operations
	// plan holds what may take a node; each says whether it could. It is empty for element-wise operations, which groups take, and for those that
	// only give their operand's memory another shape.
	plan []func(*planner, *node) (bool, error)
}

// natives are the operations that run here, in some form at least.
var natives map[compute.OpType]nativeOp

func init() {
	plan := func(what string, plan ...func(*planner, *node) (bool, error)) nativeOp { return nativeOp{what, plan} }
	const reduced = "float32"
	natives = map[compute.OpType]nativeOp{
		compute.OpTypeConvGeneral:         plan("float32, images [N,H,W,C]: forward (strides, dilations, groups, padding), by input, by kernel", planConvolution),
		compute.OpTypeDotGeneral:          plan("float32, batch axes first, contracted axes together at an end", planProduct),
		compute.OpTypeReduceSum:           plan(reduced, planReduce),
		compute.OpTypeReduceMax:           plan(reduced, planReduce),
		compute.OpTypeReduceWindow:        plan("float32: maximum and sum over windows of images, sum over a window of the last axis", planMaxPool, planChannelSum, planSumPool),
		compute.OpTypeSelectAndScatterMax: plan("float32, windows of images", planMaxPoolGradient),
		compute.OpTypeFusedSoftmax:        plan("float32, over the last axis", planSoftmax),
		compute.OpTypeConcatenate:         plan("all types", planConcatenate),
		compute.OpTypeSlice:               plan("all types", planSlice),
		compute.OpTypePad:                 plan("all types, negative frames too", planPad),
		compute.OpTypeTranspose:           plan("all types", planTranspose),
		compute.OpTypeReverse:             plan("all types", planReverse),
		compute.OpTypeBroadcastInDim:      plan("float32, bool, in groups"),
		compute.OpTypeWhere:               plan("float32, in groups"),
		compute.OpTypeConvertDType:        plan("bool to float32, in groups"),
	}
	// The planner's own are made where they can be planned.
	natives[opInputGradient] = plan("", planInputGradient)
	natives[opKernelGradient] = plan("", planKernelGradient)
	for kind := range sameMemory {
		natives[kind] = plan("all types, no copy")
	}
	for kind := range unaries {
		natives[kind] = plan("float32, in groups")
	}
	for kind := range binaries {
		natives[kind] = plan("float32, in groups")
	}
	for kind := range compares {
		natives[kind] = plan("float32, in groups")
	}
	for kind := range logicals {
		natives[kind] = plan("bool, in groups")
	}
}

// Op says how the backend runs an operation of GoMLX's interface.
type Op struct {
	Name string
	// Native says what has a kernel here; "" where the operation always runs on the portable backend.
	Native string
}

// Ops lists the operations of static computations, by name. What Native does not cover (other types, layouts or ranks) runs on the portable backend,
// neighbouring operations as one computation; control flow, functions, dynamic and empty shapes run there with the computation around them.
func Ops() []Op {
	var list []Op
	for _, kind := range recorded {
		list = append(list, Op{kind.String(), natives[kind].what})
	}
	slices.SortFunc(list, func(a, b Op) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
