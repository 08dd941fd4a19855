package train

import (
	"context"
	"fmt"
	"math"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/embed"
)

// GoodFeatures is the R@1 of untrained features above which it tells states apart no longer: on
// photographs at .930 it fell to .917 while the heads trained and NMI, F1 and MAP@R rose, and only
// end to end it rose too.
const GoodFeatures = .9

// nearCopy is the cosine of two photographs' features above which they are all but the same
// picture, and manyCopies the share of photographs with such a neighbour that is worth a word.
const (
	nearCopy   = .98
	manyCopies = .1
)

// baseline measures the backbone's features, where they are cached for the heads to train on: what
// training has to improve on.
func (t *Trainer) baseline(ctx context.Context) error {
	if t.info.Step > 0 || !t.Config.Freeze.FrozenWhole(0) {
		return nil
	}
	dim := t.Model.Backbone.Features()
	rows, metrics, err := t.eval.features(ctx, t.features, dim)
	if err != nil {
		return err
	}
	t.info.Features = metrics
	t.watch.Features(metrics)
	if metrics["R@1"] <= GoodFeatures {
		return nil
	}
	t.watch.Say(fmt.Sprintf("features   your features are already this good: R@1 %.3f, MAP@R %.3f without any training", metrics["R@1"], metrics["MAP@R"]))
	if by := t.JudgedBy(); by != t.Config.Evaluate.Best {
		t.watch.Say(fmt.Sprintf("features   %s has little left to gain: the best state is chosen by %s", t.Config.Evaluate.Best, by))
	}
	if share := copies(rows, dim); share > manyCopies {
		t.watch.Say(fmt.Sprintf("features   %.0f%% of the held-out photographs have a near copy among them (cosine of their features above %g), which R@1 counts as found: "+
			"the figures are better than on photographs of another occasion", 100*share, nearCopy))
	}
	return nil
}

// copies is the share of rows [N,dim] that have another nearly along them, of a sample of the rows
// where there are many.
func copies(rows []float32, dim int) float64 {
	n := len(rows) / dim
	const products = 4e8 // multiplications in all
	asked := min(n, max(20, int(products/float64(len(rows)))))
	norms := make([]float64, n)
	for i := range norms {
		norms[i] = math.Sqrt(dot(rows[i*dim:(i+1)*dim], rows[i*dim:(i+1)*dim]))
	}
	found := 0
	for k := range asked {
		i := k * n / asked
		for j := range n {
			if j != i && dot(rows[i*dim:(i+1)*dim], rows[j*dim:(j+1)*dim]) > nearCopy*norms[i]*norms[j] {
				found++
				break
			}
		}
	}
	return float64(found) / float64(max(asked, 1))
}

func dot(a, b []float32) float64 {
	var sum [4]float32 // chains of their own: one alone would wait for itself
	for len(a) >= 4 && len(b) >= 4 {
		for l := range sum {
			sum[l] += a[l] * b[l]
		}
		a, b = a[4:], b[4:]
	}
	for l := range min(len(a), len(b)) {
		sum[l] += a[l] * b[l]
	}
	return float64(sum[0]+sum[1]) + float64(sum[2]+sum[3])
}

// Features are the held-out metrics of the untrained backbone's features: as the run began with
// measuring them or, where the state before the first step is the best one, as they are measured
// now. nil: they are not known.
func (t *Trainer) Features(ctx context.Context) (map[string]float64, error) {
	if t.info.Features != nil || t.info.BestStep != 0 || t.Config.All {
		return t.info.Features, nil
	}
	store, _, err := checkpoint.Load(t.Folder.Best())
	if err != nil {
		return nil, err
	}
	e, err := embed.New(t.backend, store, t.Model, embed.Features, t.Config.Evaluate.Batch)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	rows, err := e.Rows(ctx, t.data.reader, t.data.test, t.Config.TestPlan(), t.watch.Embedding)
	if err != nil {
		return nil, fmt.Errorf("the features: %w", err)
	}
	return t.eval.measure(rows, e.Dim())
}
