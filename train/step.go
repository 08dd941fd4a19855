package train

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
)

// Values lists the names of what a step's graph reports, losses first. For a part that the method does not have it is 0, and not logged.
var Values = []string{
	run.KL, run.Reconstruction, run.Synthetic, run.Invariant, run.Classifier, run.Total,
	run.Active, run.PositiveDist, run.NegativeDist, run.EmbeddingNorm, run.GradientNorm,
}

// losses is how many of Values are losses, which must be finite.
const losses = 6

// reports says whether the method has the part of that name.
func reports(m method.Method, name string) bool {
	switch name {
	case run.KL, run.Reconstruction, run.Synthetic:
		return m.Objective == "dvml"
	case run.Classifier:
		return m.Classifier
	}
	return true
}

// logged lists the names of what the log holds of a step.
func logged(m method.Method) []string {
	names := slices.DeleteFunc(slices.Clone(Values), func(name string) bool { return !reports(m, name) })
	return append(names, run.Spread, run.Idle)
}

// step is the compiled graph of the steps of one phase: embed a batch, losses on its embeddings, backward, update. With accumulate above 1 the update
// is a graph of its own, which ends the step; where the batch goes through the network in chunks, so is the network.
type step struct {
	model   *method.Model
	phase   method.Phase
	seed    uint64
	rows    int      // images of a batch
	klShare float32  // of the KL's weight, in the step that is taken
	network *network // nil: it is part of exec
	exec    *model.Exec
	end     *model.Exec // nil: exec ends the step
	sums    gathering   // of the gradients, where end is not nil
	trained []string    // paths of the weights that it trains, once the graph is built
	squares []float32   // of the last update: the sum of squares of the gradient of each of trained
}

// newStep prepares the graph of phase p: it is built and compiled at the first call. stage is the last frozen stage of the backbone, whose output is the
// graph's input; "": the input is images.
func newStep(backend compute.Backend, store *model.Store, m *method.Model, c *config.Config, p int, stage string) (*step, error) {
	rates, phase := c.RatesOf(p).List(), c.Phases[p].Phase
	held := patterns(c.Frozen)
	trains := func(path string) bool {
		group := groupOf(path)
		return rates[group] > 0 && (group != decoderGroup || phase.TrainDecoder) && !held.match(path)
	}
	s := &step{model: m, phase: phase, seed: c.Seed, rows: c.BatchOf(p).Size(), klShare: 1, sums: gathering{count: c.Accumulate}}
	gathers := c.Accumulate > 1
	if c.Chunks(p) && stage != backbone.Features {
		var err error
		if s.network, err = newNetwork(backend, store, m, stage, trains, &s.sums); err != nil {
			return nil, err
		}
		stage, gathers = backbone.Features, true
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, list []*Node) []*Node {
		in := inputsOf(m, phase, list)
		var wanted []*Node
		if s.network != nil {
			wanted = []*Node{in.X}
			if m.Method.WeightDecay > 0 { // it is part of the loss, of every weight in the graph
				for _, v := range s.network.weights {
					v.NodeValue(in.X.Graph())
				}
			}
		}
		x := m.FeaturesFrom(scope, in.X, stage, true)
		terms := m.TrainHeads(scope, forMethod(in, x), phase)
		vars, grads, slopes := gradients(scope, terms.Total, trains, wanted...)
		s.trained = nil
		for _, v := range vars {
			s.trained = append(s.trained, v.Path())
		}
		var norm *Node // of several batches only their mean gradient has one
		squares := ScalarZero(in.Table.Graph(), dtypes.Float32)
		if gathers {
			s.sums.add(scope, vars, grads, in.Table)
		} else {
			norm, squares = move(scope, c, vars, grads, in.Table, nil)
		}
		return append([]*Node{report(terms, in.Labels, norm), terms.Embedding.ZI, squares}, slopes...)
	})
	if err != nil {
		return nil, err
	}
	s.exec = exec.WithName("train")
	if gathers {
		s.end, err = model.NewExec(backend, store, func(scope *model.Scope, table *Node) (norm, squares *Node) {
			return move(scope, c, s.sums.vars, s.sums.mean(table.Graph(), scope.Store()), table, s.sums.statistics)
		})
		if err != nil {
			return nil, err
		}
		s.end.WithName("step")
	}
	return s, nil
}

// move adds to the graph that ends a step the update of vars by their gradients, and the move of the running averages: of what this graph changes and
// of changed, what earlier graphs of the step did. It returns the norm of the gradients, and the sum of squares of each, [len(vars)].
func move(scope *model.Scope, c *config.Config, vars []*model.Variable, grads []*Node, table *Node, changed []*model.Variable) (norm, squares *Node) {
	norm, squares = update(c.Optimizer, scope, vars, grads, table)
	if c.EMA > 0 {
		average(scope, table, append(changedIn(scope, table.Graph()), changed...))
	}
	return norm, squares
}

// report gathers the step's scalars in the order of Values, [len(Values)].
func report(t method.Terms, labels, gradNorm *Node) *Node {
	g := t.Total.Graph()
	z := t.Embedding.ZI
	positive, negative := meanDistances(z, labels)
	norms := ReduceAllMean(Sqrt(MaxScalar(ReduceSum(Mul(z, z), 1), 1e-12)))
	parts := []*Node{
		t.KL, t.Reconstruction, t.Synthetic, t.Invariant, t.Classifier, t.Total,
		t.Active, positive, negative, norms, gradNorm,
	}
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

// take takes batch number draw of a run, the next of batches, through the graphs: of several in a step number (from 0) of them. numbers are the training classes
// of images. It returns what the losses' graph reports, in the order of Values, and the batch, which is not released.
func (s *step) take(batches batches, numbers func(index []int) []int32, draw, number int, table []float32) (values []float32, b shown, err error) {
	if s.network == nil {
		if b.batch, err = batches.next(); err != nil {
			return nil, b, err
		}
		values, b.zi, _, err = s.batch(drawn(s.model, s.phase, s.seed, draw, b.input, numbers(b.whole)), table, number)
		return values, b, err
	}
	if b.features, b.batch, err = s.network.features(batches, s.rows); err != nil {
		return nil, b, err
	}
	x := tensors.FromFlatDataAndDimensions(b.features, s.rows, len(b.features)/s.rows)
	values, zi, slopes, err := s.batch(drawn(s.model, s.phase, s.seed, draw, x, numbers(b.whole)), table, number)
	if b.zi = zi; err != nil {
		return nil, b, err
	}
	return values, b, s.network.gradients(batches, s.rows, slopes, number > 0 || s.model.Method.WeightDecay > 0)
}

// batch sends a batch through the graph, of several in a step number (from 0) of them. It returns what the graph reports, in the order of Values, the
// embeddings z_I [B,D] and, of a step in chunks, the gradient with respect to the features [B,F].
func (s *step) batch(in inputs[*tensors.Tensor], table []float32, number int) (values, zi, slopes []float32, err error) {
	in.Table = tensors.FromFlatDataAndDimensions(table, len(config.Groups), columns)
	if s.end != nil {
		in.Table = tensors.FromScalar(float32(min(number, 1)))
	}
	in.KLShare = tensors.FromScalar(s.klShare)
	var args []any
	for _, t := range in.list(s.model, s.phase) {
		args = append(args, t)
	}
	out, err := s.exec.Call(args...)
	if err != nil {
		return nil, nil, nil, err
	}
	if values, err = tensors.CopyFlatData[float32](out[0]); err != nil {
		return nil, nil, nil, err
	}
	if zi, err = tensors.CopyFlatData[float32](out[1]); err != nil {
		return nil, nil, nil, err
	}
	if s.squares, err = tensors.CopyFlatData[float32](out[2]); err == nil && len(out) > 3 {
		slopes, err = tensors.CopyFlatData[float32](out[3])
	}
	return values, zi, slopes, err
}

// finish ends a step of several batches and returns the norm of their mean gradient.
func (s *step) finish(table []float32) (norm float32, err error) {
	out, err := s.end.Call(tensors.FromFlatDataAndDimensions(table, len(config.Groups), columns))
	if err != nil {
		return 0, err
	}
	s.trained = nil
	for _, v := range s.sums.vars {
		s.trained = append(s.trained, v.Path())
	}
	s.squares, err = tensors.CopyFlatData[float32](out[1])
	return tensors.ToScalar[float32](out[0]), err
}

// close frees the compiled graphs and their memory.
func (s *step) close() {
	if s.network != nil {
		s.network.close()
	}
	s.exec.Finalize()
	if s.end != nil {
		s.end.Finalize()
	}
}
