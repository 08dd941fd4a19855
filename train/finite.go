package train

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/run"
)

// finite reports whether v is a number that can be computed with: neither NaN nor an infinity.
func finite(v float32) bool { return v-v == 0 }

// notFinite is the error of a step in which value, called name, is not finite. It names the first
// tensor to blame, in the order in which a step computes them: what came in, a weight, the
// embeddings, a loss, the gradient of a weight.
func (t *Trainer) notFinite(s *step, name string, value float32, b shown) error {
	what := fmt.Sprintf("%s is %g", name, value)
	switch first := t.culprit(s, name, b); {
	case first != "":
		what += ": the first tensor that is not finite is " + first
	case name != run.GradientNorm:
		what += ", the first value of the step that is not finite: the weights and z_i are"
	default: // each is finite, and the sum of their squares is not
		what += ": the gradients are too large"
	}
	return fmt.Errorf("%s; %s; the batch's images are %v", what, t.stoppedAt(), b.whole)
}

// stoppedAt says what is left where a run stops for a value that is not finite, and what to do.
func (t *Trainer) stoppedAt() string {
	good := "there is no earlier state"
	if t.saved >= 0 {
		good = "the last good state is " + t.Folder.Checkpoint(t.saved)
	}
	return "stopped; " + good + "; lower the learning rates or set optimizer.clip_norm"
}

// culprit is the first tensor of the step s of batch b, in which the value called name is not
// finite, that is not; "" where it is that value itself.
func (t *Trainer) culprit(s *step, name string, b shown) string {
	rows := func(values []float32, index []int) (bad []int) {
		each := len(values) / len(index)
		for i, n := range index {
			if slices.ContainsFunc(values[i*each:(i+1)*each], func(v float32) bool { return !finite(v) }) {
				bad = append(bad, n)
			}
		}
		return bad
	}
	if x, err := tensors.CopyFlatData[float32](b.input); err == nil {
		if bad := rows(x, b.index); len(bad) > 0 {
			return fmt.Sprintf("the network's input, of images %v", bad)
		}
	}
	gradients := map[string]float32{} // sums of squares by the paths of weights
	if len(s.squares) == len(s.trained) {
		for i, path := range s.trained {
			gradients[path] = s.squares[i]
		}
	}
	// A weight whose gradient is not finite, and batch norm's statistics, were finite until this step changed them.
	if path := notFiniteWeight(t.store, func(path string) bool { return finite(gradients[path]) && !isStatistic(path) }); path != "" {
		return path
	}
	if bad := rows(b.features, b.whole); len(bad) > 0 {
		return fmt.Sprintf("the network's features, of images %v", bad)
	}
	if bad := rows(b.zi, b.whole); len(bad) > 0 {
		return fmt.Sprintf("z_i, of images %v", bad)
	}
	if name != run.GradientNorm || len(gradients) == 0 {
		return ""
	}
	paths := slices.SortedFunc(slices.Values(s.trained), backwards(t.Model.Backbone))
	if at := slices.IndexFunc(paths, func(path string) bool { return !finite(gradients[path]) }); at >= 0 {
		return "the gradient of " + strings.TrimPrefix(paths[at], "/")
	}
	return ""
}

// notFiniteWeight is the path of the first weight or batch norm's statistic, of those that asked
// picks, that is not finite; "": all are.
func notFiniteWeight(store *model.Store, asked func(path string) bool) string {
	var bad []string
	for v := range store.IterVariables() {
		if groupOf(v.Path()) < 0 || !asked(v.Path()) {
			continue
		}
		value, err := v.Value()
		if err != nil {
			continue
		}
		if values, err := tensors.CopyFlatData[float32](value); err == nil && slices.ContainsFunc(values, func(v float32) bool { return !finite(v) }) {
			bad = append(bad, strings.TrimPrefix(v.Path(), "/"))
		}
	}
	if len(bad) == 0 {
		return ""
	}
	return slices.Min(bad)
}

// backwards orders paths of weights as their gradients are computed: from the loss down to the backbone's first layer.
func backwards(network backbone.Backbone) func(a, b string) int {
	layer := map[string]int{}
	for i, v := range network.Variables() {
		layer["/backbone/"+v.Path] = i
	}
	return func(a, b string) int {
		return cmp.Or(cmp.Compare(groupOf(b), groupOf(a)), cmp.Compare(layer[b], layer[a]), strings.Compare(b, a))
	}
}
