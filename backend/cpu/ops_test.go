package cpu

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// samples are computations that natives run without the portable backend, for the operations that the element-wise tests do not go through.
// Each is given x [2,5,6,4], w [3,3,4,8], m [4,3] and b [2,5,6,4], a condition.
var samples = map[compute.OpType]func(f compute.Function, x, w, m, b compute.Value) (compute.Value, error){
	compute.OpTypeConvGeneral: func(f compute.Function, x, w, _, _ compute.Value) (compute.Value, error) {
		axes := compute.ConvolveAxesConfig{InputChannels: 3, InputSpatial: []int{1, 2}, KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
			OutputChannels: 3, OutputSpatial: []int{1, 2}}
		return f.ConvGeneral(x, w, axes, nil, nil, nil, nil, 1, 1)
	},
	compute.OpTypeDotGeneral: func(f compute.Function, x, _, m, _ compute.Value) (compute.Value, error) {
		return f.DotGeneral(x, []int{3}, nil, m, []int{0}, nil, compute.DotGeneralConfig{})
	},
	compute.OpTypeReduceSum: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.ReduceSum(x, 1, 2) },
	compute.OpTypeReduceMax: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.ReduceMax(x, 3) },
	compute.OpTypeReduceWindow: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		return f.ReduceWindow(x, compute.ReduceOpMax, []int{1, 2, 2, 1}, nil, nil, nil, nil)
	},
	compute.OpTypeSelectAndScatterMax: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		y, err := f.ReduceWindow(x, compute.ReduceOpMax, []int{1, 2, 2, 1}, []int{1, 1, 1, 1}, nil, nil, nil)
		if err != nil {
			return nil, err
		}
		return f.SelectAndScatterMax(x, y, []int{1, 2, 2, 1}, []int{1, 1, 1, 1}, nil)
	},
	compute.OpTypeFusedSoftmax: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.FusedSoftmax(x, 3) },
	compute.OpTypeConcatenate: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		return f.Concatenate(2, x, x)
	},
	compute.OpTypeSlice: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		return f.Slice(x, []int{0, 1, 2, 3}, []int{1, 5, 6, 4}, []int{1, 2, 2, 1})
	},
	compute.OpTypePad: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		zero, err := f.Constant([]float32{0})
		if err != nil {
			return nil, err
		}
		return f.Pad(x, zero, compute.PadAxis{}, compute.PadAxis{Start: 1, End: 2})
	},
	compute.OpTypeTranspose: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
		return f.Transpose(x, 0, 3, 1, 2)
	},
	compute.OpTypeReverse:  func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.Reverse(x, 1) },
	compute.OpTypeReshape:  func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.Reshape(x, 60, 4) },
	compute.OpTypeIdentity: func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) { return f.Identity(x) },
	compute.OpTypeSchedulingBarrier: func(f compute.Function, x, w, _, _ compute.Value) (compute.Value, error) {
		return f.SchedulingBarrier(x, w)
	},
	compute.OpTypeBroadcastInDim: func(f compute.Function, _, _, m, _ compute.Value) (compute.Value, error) {
		return f.BroadcastInDim(m, shapes.Make(dtypes.Float32, 4, 7, 3), []int{0, 2})
	},
	compute.OpTypeWhere: func(f compute.Function, x, _, _, b compute.Value) (compute.Value, error) { return f.Where(b, x, x) },
	compute.OpTypeConvertDType: func(f compute.Function, _, _, _, b compute.Value) (compute.Value, error) {
		return f.ConvertDType(b, dtypes.Float32)
	},
	compute.OpTypeLogicalNot: func(f compute.Function, _, _, _, b compute.Value) (compute.Value, error) { return f.LogicalNot(b) },
	compute.OpTypeLogicalAnd: func(f compute.Function, _, _, _, b compute.Value) (compute.Value, error) { return f.LogicalAnd(b, b) },
	compute.OpTypeLogicalOr:  func(f compute.Function, _, _, _, b compute.Value) (compute.Value, error) { return f.LogicalOr(b, b) },
}

// TestNativesAreNative ties the list of operations to the planner: whatever it calls native runs here, and what it does not know is not in it.
func TestNativesAreNative(t *testing.T) {
	r := random(40)
	in := []tensor{normal(r, 2, 5, 6, 4), normal(r, 3, 3, 4, 8), normal(r, 4, 3), booleans(r, 2, 5, 6, 4)}
	for kind, n := range natives {
		if kind > compute.OpTypeLast { // the planner's own
			continue
		}
		if n.what == "" || !slices.Contains(recorded, kind) {
			t.Errorf("%s: in what forms it is native is not said, or it is not an operation of the interface", kind)
		}
		sample, ok := samples[kind]
		switch {
		case has(unaries, kind), kind == compute.OpTypeErf:
			sample = func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
				return call(f, kind.String(), x), nil
			}
		case has(binaries, kind), has(compares, kind):
			sample = func(f compute.Function, x, _, _, _ compute.Value) (compute.Value, error) {
				return call(f, kind.String(), x, x), nil
			}
		case !ok:
			t.Errorf("%s: no sample", kind)
			continue
		}
		t.Run(kind.String(), func(t *testing.T) {
			native(t, compare(t, 2e-5, in, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{must(sample(f, in[0], in[1], in[2], in[3]))}
			}))
		})
	}
	if len(Ops()) != len(recorded) {
		t.Errorf("%d operations are listed, %d recorded", len(Ops()), len(recorded))
	}
}

// argumentsRead are the arguments that the planner knows of the operations that it plans. A new version of the interface that adds one must teach the
// planner what it means, or have it decline.
var argumentsRead = map[arguments]string{
	&convGeneralArgs{}:         "axes strides paddings inputDilations kernelDilations channelGroupCount batchGroupCount",
	&dotGeneralArgs{}:          "lhsContractingAxes lhsBatchAxes rhsContractingAxes rhsBatchAxes config",
	&reduceSumArgs{}:           "axes",
	&reduceMaxArgs{}:           "axes",
	&reduceWindowArgs{}:        "reductionType windowDimensions strides inputDilations windowDilations paddings",
	&selectAndScatterMaxArgs{}: "windowDimensions windowStrides paddings",
	&fusedSoftmaxArgs{}:        "axis",
	&concatenateArgs{}:         "axis",
	&sliceArgs{}:               "starts limits strides",
	&padArgs{}:                 "axesConfig",
	&transposeArgs{}:           "permutation",
	&reverseArgs{}:             "axes",
	&reshapeArgs{}:             "dimensions",
	&broadcastInDimArgs{}:      "outputShape broadcastAxes",
	&convertDTypeArgs{}:        "dtype",
	&whereArgs{}:               "",
}

func TestThePlannerKnowsItsArguments(t *testing.T) {
	for args, want := range argumentsRead {
		s := reflect.TypeOf(args).Elem()
		var fields []string
		for i := range s.NumField() {
			fields = append(fields, s.Field(i).Name)
		}
		if got := strings.Join(fields, " "); got != want {
			t.Errorf("%s: has %q, the planner knows %q", s.Name(), got, want)
		}
	}
}
