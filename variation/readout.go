package variation

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Readout is what a linear probe reads off vectors, see [Sample.Readout].
type Readout struct {
	// R2 of each target: 1 - sum (y - y_hat)^2 / sum (y - mean y)^2 over all vectors. 1: read exactly; 0, or a little below by chance: not at all.
	R2 []float64
	// Accuracy is the share of vectors whose class is read.
	Accuracy float64
}

// folds is how many parts the vectors are dealt into.
const folds = 5

// penalties are what the ridge is chosen from, in variances of a dimension.
var penalties = []float64{1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100}

// Readout measures how much of targets, [K][N], and of the class a linear probe reads off the vectors: ridge regression (Hoerl and Kennard 1970) on the
// dimensions at unit variance, a class being the largest of its indicators' predictions. Each vector is predicted by a probe that did not see it: the vectors
// are dealt under seed into five parts, and of the four that a probe learns from one chooses its penalty, for each target and for the classes together, by the
// squared error of a probe that learnt from the other three.
//
// The scale of a dimension does not matter to a probe: it reads a mean that hardly moves as well as one that moves much. What noise of a given size leaves of it
// shows on vectors that the noise was added to.
func (s Sample) Readout(targets [][]float64, seed uint64) (Readout, error) {
	if err := s.check(); err != nil {
		return Readout{}, err
	}
	n := len(s.Labels)
	if n < 2*folds {
		return Readout{}, fmt.Errorf("variation: %d vectors: a probe wants at least %d", n, 2*folds)
	}
	for k, t := range targets {
		switch {
		case len(t) != n:
			return Readout{}, fmt.Errorf("variation: target %d has %d values for %d vectors", k, len(t), n)
		case slices.ContainsFunc(t, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }):
			return Readout{}, fmt.Errorf("variation: target %d holds a value that is not finite", k)
		case slices.Min(t) == slices.Max(t):
			return Readout{}, fmt.Errorf("variation: target %d has one value for all vectors: there is nothing to read", k)
		}
	}
	labels, members := s.classes()
	y := mat.NewDense(n, len(targets)+len(labels), nil)
	for k, t := range targets {
		y.SetCol(k, t)
	}
	for c, m := range members {
		for _, i := range m {
			y.Set(i, len(targets)+c, 1)
		}
	}
	found, err := s.predict(y, len(targets), seed)
	if err != nil {
		return Readout{}, err
	}
	r := Readout{R2: make([]float64, len(targets))}
	for k, t := range targets {
		mean, rest, all := 0.0, 0.0, 0.0
		for _, v := range t {
			mean += v / float64(n)
		}
		for i, v := range t {
			rest += (v - found.At(i, k)) * (v - found.At(i, k))
			all += (v - mean) * (v - mean)
		}
		r.R2[k] = 1 - rest/all
	}
	for i, l := range s.Labels {
		row := found.RawRowView(i)[len(targets):]
		if labels[slices.Index(row, slices.Max(row))] == l {
			r.Accuracy += 1 / float64(n)
		}
	}
	return r, nil
}

// predict returns predictions of y [N,K]: its first alone columns each with a penalty of its own, the others with one penalty.
func (s Sample) predict(y *mat.Dense, alone int, seed uint64) (*mat.Dense, error) {
	n, width := y.Dims()
	parts := make([][]int, folds)
	for at, i := range rand.New(rand.NewPCG(seed, 0x9e0be)).Perm(n) {
		parts[at%folds] = append(parts[at%folds], i)
	}
	found := mat.NewDense(n, width, nil)
	for held, test := range parts {
		inner := (held + 1) % folds
		var learn []int
		for p, part := range parts {
			if p != held && p != inner {
				learn = append(learn, part...)
			}
		}
		chosen, err := s.penaltiesOf(y, alone, learn, parts[inner])
		if err != nil {
			return nil, err
		}
		probe := s.probe(y, append(learn, parts[inner]...))
		for _, penalty := range slices.Compact(slices.Sorted(slices.Values(chosen))) {
			predicted, err := probe.predict(s, test, penalty)
			if err != nil {
				return nil, err
			}
			for k, p := range chosen {
				if p == penalty {
					for row, i := range test {
						found.Set(i, k, predicted.At(row, k))
					}
				}
			}
		}
	}
	return found, nil
}

// penaltiesOf are the penalties of the columns of y with which a probe that learns from the rows learn predicts the rows judge best.
func (s Sample) penaltiesOf(y *mat.Dense, alone int, learn, judge []int) ([]float64, error) {
	_, width := y.Dims()
	chosen, least := make([]float64, width), make([]float64, width)
	probe := s.probe(y, learn)
	for number, penalty := range penalties {
		predicted, err := probe.predict(s, judge, penalty)
		if err != nil {
			return nil, err
		}
		wrong := make([]float64, width)
		for row, i := range judge {
			for k := range width {
				d := predicted.At(row, k) - y.At(i, k)
				wrong[min(k, alone)] += d * d // of all classes in the first one's place
			}
		}
		for k := range width {
			if w := wrong[min(k, alone)]; number == 0 || w < least[k] {
				chosen[k], least[k] = penalty, w
			}
		}
	}
	return chosen, nil
}

// probe is ridge regression that has seen its vectors, at no penalty yet.
type probe struct {
	mean, scale []float64     // of the dimensions: vectors are (x - mean) * scale
	products    *mat.SymDense // [D,D], of the vectors, divided by their number
	target      *mat.Dense    // [D,K], of vectors and targets, likewise
	centre      []float64     // mean of the targets
}

func (s Sample) probe(y *mat.Dense, learn []int) probe {
	_, width := y.Dims()
	p := probe{mean: s.mean(learn), scale: s.variances(learn), centre: make([]float64, width)}
	for j, v := range p.scale {
		if p.scale[j] = 0; v > 0 { // a dimension that never moves says nothing
			p.scale[j] = 1 / math.Sqrt(v)
		}
	}
	x, t := p.vectors(s, learn), mat.NewDense(len(learn), width, nil)
	for _, i := range learn {
		for k, v := range y.RawRowView(i) {
			p.centre[k] += v / float64(len(learn))
		}
	}
	for row, i := range learn {
		for k, v := range y.RawRowView(i) {
			t.Set(row, k, v-p.centre[k])
		}
	}
	p.products, p.target = mat.NewSymDense(s.Dim, nil), mat.NewDense(s.Dim, width, nil)
	p.products.SymOuterK(1/float64(len(learn)), x.T())
	p.target.Mul(x.T(), t)
	p.target.Scale(1/float64(len(learn)), p.target)
	return p
}

// vectors are the rows of s of the given numbers as the probe sees them.
func (p probe) vectors(s Sample, rows []int) *mat.Dense {
	x := mat.NewDense(len(rows), s.Dim, nil)
	for row, i := range rows {
		for j, v := range s.row(i) {
			x.Set(row, j, (float64(v)-p.mean[j])*p.scale[j])
		}
	}
	return x
}

// predict returns what the probe with a penalty reads off the rows of s of the given numbers, [rows,K].
func (p probe) predict(s Sample, rows []int, penalty float64) (*mat.Dense, error) {
	a := mat.NewSymDense(s.Dim, nil)
	a.CopySym(p.products)
	for j := range s.Dim {
		a.SetSym(j, j, a.At(j, j)+penalty)
	}
	var cholesky mat.Cholesky
	var w, found mat.Dense
	if !cholesky.Factorize(a) {
		return nil, errors.New("variation: the probe's equations cannot be solved")
	}
	if err := cholesky.SolveTo(&w, p.target); err != nil {
		var condition mat.Condition
		if !errors.As(err, &condition) { // badly conditioned is what the penalty is for
			return nil, fmt.Errorf("variation: the probe's equations: %w", err)
		}
	}
	found.Mul(p.vectors(s, rows), &w)
	for row := range rows {
		for k, c := range p.centre {
			found.Set(row, k, found.At(row, k)+c)
		}
	}
	return &found, nil
}
