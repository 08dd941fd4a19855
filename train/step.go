package train

import (
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
)

// Values lists the names of what a step's graph reports, losses first. For a part that the method does not have it is 0, and not logged.
var Values = []string{run.KL, run.Reconstruction, run.Synthetic, run.Invariant, run.Classifier, run.Total, run.Active, run.PositiveDist, run.NegativeDist, run.EmbeddingNorm, run.GradientNorm}

// losses is how many of Values are losses, which must be finite.
const losses = 6

// reports says whether the method has the part of that name.
func reports(c *config.Config, name string) bool {
	switch name {
	case run.KL, run.Reconstruction, run.Synthetic:
		return c.Method.Objective == "dvml"
	case run.Classifier:
		return c.Method.Classifier
	}
	return true
}

// logged lists the names of what the log holds of a step.
func logged(c *config.Config) []string {
	names := slices.DeleteFunc(slices.Clone(Values), func(name string) bool { return !reports(c, name) })
	return append(names, run.Spread, run.Idle)
}

// step is the compiled graph of the steps of one phase. With accumulate above 1 it is a graph for a micro-batch and one that ends the step.
type step struct {
	exec *model.Exec
	end  *model.Exec // nil: exec ends the step
}

// newStep prepares the graph of phase p: it is built and compiled at the first call. With layers frozen, its input is what they give.
func newStep(backend compute.Backend, store *model.Store, m *method.Model, c *config.Config, p int, frozen bool) (*step, error) {
	rates, phase := c.RatesOf(p).List(), c.Phases[p].Phase
	held := patterns(c.Frozen)
	trains := func(path string) bool {
		group := groupOf(path)
		return rates[group] > 0 && (group != decoderGroup || phase.TrainDecoder) && !held.match(path)
	}
	gathered := gathering{count: c.Accumulate}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, in []*Node) []*Node {
		images, labels, eps, table := in[0], in[1], in[2], in[3]
		inputs := method.Inputs{Labels: labels, Eps: eps}
		rest := in[4:]
		if m.Method.Dropout > 0 {
			inputs.Drop, rest = rest[0], rest[1:]
		}
		if m.NeedsUniform() {
			inputs.Uniform = rest[0]
		}
		var terms method.Terms
		if frozen {
			terms = m.TrainFrom(scope, images, c.Freeze.Stage(), inputs, phase)
		} else {
			terms = m.Train(scope, images, inputs, phase)
		}
		vars, grads := gradients(scope, terms.Total, trains)
		var norm *Node // of several batches only their mean gradient has one
		if c.Accumulate > 1 {
			gathered.add(scope, vars, grads, table)
		} else {
			norm = update(c.Optimizer, scope, vars, grads, table)
			if c.EMA > 0 {
				average(scope, table, changedIn(scope, table.Graph()))
			}
		}
		return []*Node{report(terms, labels, norm), terms.Embedding.ZI}
	})
	if err != nil {
		return nil, err
	}
	s := &step{exec: exec.WithName("train")}
	if c.Accumulate > 1 {
		s.end, err = model.NewExec(backend, store, func(scope *model.Scope, table *Node) *Node {
			norm := update(c.Optimizer, scope, gathered.vars, gathered.mean(table.Graph()), table)
			if c.EMA > 0 {
				average(scope, table, append(changedIn(scope, table.Graph()), gathered.statistics...))
			}
			return norm
		})
		if err != nil {
			return nil, err
		}
		s.end.WithName("step")
	}
	return s, nil
}

// report gathers the step's scalars in the order of Values, [len(Values)].
func report(t method.Terms, labels, gradNorm *Node) *Node {
	g := t.Total.Graph()
	z := t.Embedding.ZI
	positive, negative := meanDistances(z, labels)
	norms := ReduceAllMean(Sqrt(MaxScalar(ReduceSum(Mul(z, z), 1), 1e-12)))
	parts := []*Node{t.KL, t.Reconstruction, t.Synthetic, t.Invariant, t.Classifier, t.Total, t.Active, positive, negative, norms, gradNorm}
	for i, p := range parts {
		if p == nil {
			p = ScalarZero(g, dtypes.Float32)
		}
		parts[i] = Reshape(p, 1)
	}
	return Concatenate(parts, 0)
}

// meanDistances are the mean Euclidean distances of embeddings z [B,D] of the same class and of different classes.
func meanDistances(z, labels *Node) (positive, negative *Node) {
	g, b := z.Graph(), z.Shape().Dimensions[0]
	squares := ReduceSum(Mul(z, z), 1)
	d2 := Sub(Add(ExpandAxes(squares, 1), ExpandAxes(squares, 0)), MulScalar(MatMul(z, Transpose(z, 0, 1)), 2))
	d := Sqrt(MaxScalar(d2, 1e-12))
	same := ConvertDType(Equal(ExpandAxes(labels, 1), ExpandAxes(labels, 0)), dtypes.Float32)
	others := Sub(OnesLike(same), ConvertDType(Diagonal(g, b), dtypes.Float32))
	positives, negatives := Mul(same, others), Sub(OnesLike(same), same)
	mean := func(mask *Node) *Node {
		return Div(ReduceAllSum(Mul(d, mask)), MaxScalar(ReduceAllSum(mask), 1))
	}
	return mean(positives), mean(negatives)
}

// batch sends a batch through the graph; of several in a step, number (from 0) of them. Those of the noises that the method asks for stand in the
// order of the graph's inputs.
func (s *step) batch(input *tensors.Tensor, labels []int32, eps *tensors.Tensor, table []float32, number int, uniforms ...*tensors.Tensor) (values, zi []float32, err error) {
	steer := tensors.FromFlatDataAndDimensions(table, len(config.Groups), columns)
	if s.end != nil {
		steer = tensors.FromScalar(float32(min(number, 1)))
	}
	args := []any{input, tensors.FromFlatDataAndDimensions(labels, len(labels)), eps, steer}
	for _, u := range uniforms {
		args = append(args, u)
	}
	out, err := s.exec.Call(args...)
	if err != nil {
		return nil, nil, err
	}
	if values, err = tensors.CopyFlatData[float32](out[0]); err != nil {
		return nil, nil, err
	}
	zi, err = tensors.CopyFlatData[float32](out[1])
	return values, zi, err
}

// finish ends a step of several batches and returns the norm of their mean gradient.
func (s *step) finish(table []float32) (norm float32, err error) {
	out, err := s.end.Call1(tensors.FromFlatDataAndDimensions(table, len(config.Groups), columns))
	if err != nil {
		return 0, err
	}
	return tensors.ToScalar[float32](out), nil
}

// close frees the compiled graphs and their memory.
func (s *step) close() {
	s.exec.Finalize()
	if s.end != nil {
		s.end.Finalize()
	}
}

// Streams of random numbers, one for each use, so that no two uses share one.
const (
	streamNoise = iota + 1
	streamUniform
	streamCrop
	streamDrop
)

// noise is eps [T,B,D] of the step: normal, a pure function of seed and step.
func noise(seed uint64, step int, dims ...int) *tensors.Tensor {
	rng := rand.New(rand.NewPCG(seed, uint64(step)<<8|streamNoise))
	values := make([]float32, product(dims))
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// uniform is noise from [0,1) of the step: of stream streamUniform, [B,B], for losses that sample; of streamDrop, [B,F], for dropout.
func uniform(seed uint64, step int, stream uint64, rows, columns int) *tensors.Tensor {
	rng := rand.New(rand.NewPCG(seed, uint64(step)<<8|stream))
	values := make([]float32, rows*columns)
	for i := range values {
		values[i] = rng.Float32()
	}
	return tensors.FromFlatDataAndDimensions(values, rows, columns)
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
