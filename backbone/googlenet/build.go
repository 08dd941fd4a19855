package googlenet

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
)

// Build adds the network to the graph of images [B,H,W,3], normalised as the weights want it, and returns the features [B,F]. In training,
// batch norm uses the batch's statistics and updates its running averages (unless [Spec.FreezeStatistics]).
//
// Like all graph builders it panics on a setting or a shape that it cannot build; GoMLX's executors turn that into an error.
func (s Spec) Build(scope *model.Scope, images *Node, training bool) *Node {
	return s.build(scope, images, training, 0, len(stages)-1)
}

// BuildUntil is [Spec.Build] that stops after the named stage and returns what it gives: [B,h,w,C], or the features after "pool".
func (s Spec) BuildUntil(scope *model.Scope, images *Node, training bool, stage string) *Node {
	return s.build(scope, images, training, 0, stageIndex(stage))
}

// BuildFrom goes on where [Spec.BuildUntil] stopped: x is what the named stage gave; the result is the features [B,F].
func (s Spec) BuildFrom(scope *model.Scope, x *Node, training bool, stage string) *Node {
	return s.build(scope, x, training, stageIndex(stage)+1, len(stages)-1)
}

// stageIndex is the place of a stage. One that the network does not have is a mistake of the
// caller, who checks names with [backbone.CheckCut].
func stageIndex(stage string) int {
	if err := backbone.CheckCut(Spec{}, stage); err != nil {
		panic(err)
	}
	return slices.Index(stages, stage)
}

// build adds the stages first..last, x being what the stage before first gives.
func (s Spec) build(scope *model.Scope, x *Node, training bool, first, last int) *Node {
	if err := s.Validate(); err != nil {
		panic(fmt.Errorf("backbone: %w", err))
	}
	if first == 0 {
		checkImages(x.Shape().Dimensions)
	}
	outputs, given := map[string]*Node{}, x // by layer; what the last layer gave
	for _, l := range s.Layers() {
		if at := stageIndex(l.Stage); at < first || at > last {
			continue
		}
		inputs := make([]*Node, len(l.Inputs))
		for i, name := range l.Inputs {
			inputs[i] = x // what an earlier stage gave
			if out, ok := outputs[name]; ok {
				inputs[i] = out
			}
		}
		given = s.layer(scope, l, inputs, training)
		outputs[l.Name] = given
	}
	return given
}

// checkImages panics on a shape that is not a batch of images.
func checkImages(dims []int) {
	if len(dims) != 4 || dims[1] < MinSize || dims[2] < MinSize || dims[3] != 3 {
		panic(fmt.Errorf("backbone: images of shape %v; they are [batch, height, width, 3], height and width at least %d", dims, MinSize))
	}
}

func (s Spec) layer(scope *model.Scope, l Layer, inputs []*Node, training bool) *Node {
	x := inputs[0]
	switch l.Op {
	case OpConv:
		return relu(s.convolve(scope.At("%s", l.Name), l, x, training))
	case OpMaxPool:
		return maxPool(l, x)
	case OpLRN:
		return localResponseNorm(x)
	case OpConcat:
		return Concatenate(inputs, -1)
	default:
		return ReduceMean(x, 1, 2)
	}
}
