package googlenet

import (
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/initial"
)

// Variables returns the variables of the network in the order of its layers: weights [kh,kw,Cin,Cout], all others [Cout].
func (s Spec) Variables() []backbone.Variable { return s.VariablesUntil(backbone.Features) }

// VariablesUntil returns the variables of the layers up to the named stage.
func (s Spec) VariablesUntil(stage string) []backbone.Variable {
	var all []backbone.Variable
	for _, l := range s.Layers() {
		if stageIndex(l.Stage) > stageIndex(stage) {
			continue
		}
		for _, name := range variableNames(l, s.Form) {
			all = append(all, backbone.Variable{Path: l.Name + "/" + name, Shape: l.variableShape(name), Trainable: trainable(name)})
		}
	}
	return all
}

func variableNames(l Layer, form string) []string {
	switch {
	case l.Op != OpConv:
		return nil
	case form == BN:
		return []string{"weights", "scale", "offset", "mean", "variance"}
	}
	return []string{"weights", "biases"}
}

func (l Layer) variableShape(name string) []int {
	if name == "weights" {
		return []int{l.Kernel, l.Kernel, l.In, l.Channels}
	}
	return []int{l.Channels}
}

func trainable(name string) bool { return name != "mean" && name != "variance" }

// layerVariables returns the variables of a convolution by name, made where they do not exist yet.
func layerVariables(scope *model.Scope, l Layer, form string) map[string]*model.Variable {
	seed := model.GetRootParamOr(scope.Store(), initial.SeedParam, uint64(0))
	variables := map[string]*model.Variable{}
	for _, name := range variableNames(l, form) {
		path := model.JoinPath(scope.Scope(), name)
		v := scope.Store().GetVariable(path)
		if v == nil {
			v = scope.VariableWithValue(name, l.firstValue(seed, path, name))
		}
		variables[name] = v.SetTrainable(trainable(name))
	}
	return variables
}

// firstValue draws weights from He's uniform distribution (He et al., ICCV 2015), which keeps the
// size of activations through ReLU; scale and variance start from one, all else from zero.
func (l Layer) firstValue(seed uint64, path, name string) *tensors.Tensor {
	shape := l.variableShape(name)
	switch name {
	case "weights":
		return initial.Uniform(seed, path, math.Sqrt(6/float64(l.Kernel*l.Kernel*l.In)), shape...)
	case "scale", "variance":
		return initial.Constant(1, shape...)
	}
	return initial.Constant(0, shape...)
}
