package loss

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("soft-triple", "centres scale gamma margin regulariser proxy_deviation", newSoftTriple)
}

// softTriple gives each class K centres w_ck, and a sample the class similarity of its nearest ones (all scaled to length 1):
//
//	S_ic = sum_k softmax_k(x_i.w_ck / gamma) x_i.w_ck
//	L    = mean_i -log( exp(lambda (S_iy - delta)) / (exp(lambda (S_iy - delta)) + sum_{c != y} exp(lambda S_ic)) )
//	       + tau / (C K (K-1)) sum_c sum_{s < t} |w_cs - w_ct|
//
// The last term merges centres that a class does not need.
//
// Options: centres K (10), scale lambda (20), gamma (0.1), margin delta (0.01), regulariser tau (0.2), proxy_deviation (1). Row c K + k of "proxies" is
// w_ck. Active: the share of samples whose own class, after the margin, is not the most similar.
//
// Qian, Shang, Sun, Hu, Li, Jin, "SoftTriple Loss: Deep Metric Learning Without Triplet Sampling", ICCV 2019.
type softTriple struct {
	classes, centres          int
	scale, gamma, margin, tau float64
	proxies                   proxies
}

func newSoftTriple(c Config) (Loss, error) {
	l := softTriple{
		classes: c.NumClasses, centres: c.Centres,
		scale: or(c.Scale, 20), gamma: or(c.Gamma, 0.1), margin: or(c.Margin, 0.01), tau: or(c.Regulariser, 0.2),
	}
	if l.centres == 0 {
		l.centres = 10
	}
	if l.centres < 0 {
		return nil, fmt.Errorf("centres is %d; it must be above 0", l.centres)
	}
	if err := positive("scale", l.scale); err != nil {
		return nil, err
	}
	if err := positive("gamma", l.gamma); err != nil {
		return nil, err
	}
	var err error
	l.proxies, err = newProxies(c, l.centres, 1)
	return l, err
}

func (softTriple) Name() string       { return "soft-triple" }
func (softTriple) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l softTriple) Graph(scope *model.Scope, b Batch) Value {
	w := l.proxies.open(scope, b.Embeddings.Graph()) // [C K,D]
	x := distance.Normalise(b.Embeddings)
	batch := b.Labels.Shape().Dimensions[0]
	s := Reshape(distance.Dots(x, w), batch, l.classes, l.centres) // [B,C,K]
	near := MulScalar(s, 1/l.gamma)
	near = Exp(Sub(near, StopGradient(ReduceAndKeep(near, ReduceMax, -1))))
	near = Div(near, ReduceAndKeep(near, ReduceSum, -1))
	similarity := ReduceSum(Mul(near, s), -1) // [B,C]

	own := oneHot(b.Labels, l.classes)
	v := crossEntropy(MulScalar(Sub(similarity, MulScalar(own, l.margin)), l.scale), own, nil)
	if l.centres > 1 && l.tau != 0 {
		v.Loss = Add(v.Loss, MulScalar(l.spread(w), l.tau))
	}
	return v
}

// spread is 1/(C K (K-1)) sum_c sum_{s < t} |w_cs - w_ct|.
func (l softTriple) spread(w *Node) *Node {
	k := l.centres
	centres := Reshape(w, l.classes, k, l.proxies.dim)
	dots := DotGeneral(centres, []int{2}, []int{0}, centres, []int{2}, []int{0}) // [C,K,K]
	square := shapes.Make(dtypes.Float32, l.classes, k, k)
	upper := LessThan(Iota(w.Graph(), square, 1), Iota(w.Graph(), square, 2))
	apart := relu(MulScalar(OneMinus(dots), 2)) // |w_cs - w_ct|^2
	return DivScalar(ReduceAllSum(keep(upper, distance.SafeSqrt(apart))), float64(l.classes*k*(k-1)))
}
