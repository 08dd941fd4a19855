package train

import (
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
)

// inputs are what the graph of a step takes: its nodes while it is built, shapes when it is compiled, tensors when it is called.
type inputs[T any] struct {
	X       T // images [B,H,W,3], or what the frozen layers gave, [B,h,w,C] or [B,F]
	Labels  T // training classes [B] int32
	Eps     T // normal noise [samples,B,D]; [1,1,1] where nothing needs it
	Table   T // steers the update, see steering; of a micro-batch a scalar, see gathering
	Drop    T // uniform noise [B,F], where the method drops features out
	Uniform T // uniform noise [B,B], where the loss samples
	KLShare T // scalar, where the phase's KL warms up
}

// list puts the inputs that m asks for in phase in the order of its graph's.
func (in inputs[T]) list(m *method.Model, phase method.Phase) []T {
	list := []T{in.X, in.Labels, in.Eps, in.Table}
	if phase.KLWarmup > 0 {
		list = append(list, in.KLShare)
	}
	if m.Method.Dropout > 0 {
		list = append(list, in.Drop)
	}
	if m.NeedsUniform() {
		list = append(list, in.Uniform)
	}
	return list
}

// inputsOf is list undone.
func inputsOf[T any](m *method.Model, phase method.Phase, list []T) inputs[T] {
	in := inputs[T]{X: list[0], Labels: list[1], Eps: list[2], Table: list[3]}
	list = list[4:]
	if phase.KLWarmup > 0 {
		in.KLShare, list = list[0], list[1:]
	}
	if m.Method.Dropout > 0 {
		in.Drop, list = list[0], list[1:]
	}
	if m.NeedsUniform() {
		in.Uniform = list[0]
	}
	return in
}

// forMethod are the inputs of the losses on features x [B,F].
func forMethod(in inputs[*graph.Node], x *graph.Node) method.Inputs {
	return method.Inputs{Features: x, Labels: in.Labels, Eps: in.Eps, Drop: in.Drop, Uniform: in.Uniform, KLShare: in.KLShare}
}

// inputShapes are the inputs' shapes in a phase, for batches of size images, each a row of x.
func inputShapes(m *method.Model, phase method.Phase, size int, x ...int) inputs[shapes.Shape] {
	of := func(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
	in := inputs[shapes.Shape]{
		X: of(append([]int{size}, x...)...), Labels: shapes.Make(dtypes.Int32, size), Eps: of(1, 1, 1),
		Table: of(len(config.Groups), columns), Drop: of(size, m.Backbone.Features()), Uniform: of(size, size), KLShare: of(),
	}
	if m.Method.NeedsEps() {
		samples := 1 // of the plain objective's noise
		if m.Method.Objective == "dvml" {
			samples = phase.Samples
		}
		in.Eps = of(samples, size, m.Method.Dim)
	}
	return in
}

// drawn are the inputs of batch number draw of a run: x with its labels, and the noises, which are a pure function of seed and number. The table
// is left to the step.
func drawn(m *method.Model, phase method.Phase, seed uint64, draw int, x *tensors.Tensor, labels []int32) inputs[*tensors.Tensor] {
	shape := inputShapes(m, phase, len(labels))
	in := inputs[*tensors.Tensor]{X: x, Labels: tensors.FromFlatDataAndDimensions(labels, len(labels))}
	values := make([]float32, shape.Eps.Size())
	if m.Method.NeedsEps() {
		fill(values, seed, draw, streamNoise, func(rng *rand.Rand) float32 { return float32(rng.NormFloat64()) })
	}
	in.Eps = tensors.FromFlatDataAndDimensions(values, shape.Eps.Dimensions...)
	if m.Method.Dropout > 0 {
		in.Drop = uniform(shape.Drop, seed, draw, streamDrop)
	}
	if m.NeedsUniform() {
		in.Uniform = uniform(shape.Uniform, seed, draw, streamUniform)
	}
	return in
}

// Streams of random numbers, one for each use, so that no two uses share one.
const (
	streamNoise = iota + 1
	streamUniform
	streamCrop
	streamDrop
)

// uniform is noise from [0,1).
func uniform(shape shapes.Shape, seed uint64, draw int, stream uint64) *tensors.Tensor {
	values := make([]float32, shape.Size())
	fill(values, seed, draw, stream, (*rand.Rand).Float32)
	return tensors.FromFlatDataAndDimensions(values, shape.Dimensions...)
}

func fill(values []float32, seed uint64, draw int, stream uint64, next func(*rand.Rand) float32) {
	rng := rand.New(rand.NewPCG(seed, uint64(draw)<<8|stream))
	for i := range values {
		values[i] = next(rng)
	}
}
