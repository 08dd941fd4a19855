package train

import (
	"fmt"
	"math"

	"github.com/dvml/dvml/run"
)

// signs are what goes wrong in a run without a number that is no number: batches that teach nothing, and collapse.
type signs struct {
	idle, alike int // batches in a row without an active term, and with embeddings all alike
}

const (
	inARow    = 10   // batches of trouble before the user is told
	collapsed = 1e-4 // spread below which embeddings are alike: unit vectors 0.01 apart, which no neighbour is found by
)

// spread is how far the embeddings z, rows of dim values scaled to length 1, lie from their mean: the mean squared distance, which is 0 where all
// are alike and near 1 where they point anywhere. Zero vectors count as alike.
func spread(z []float32, dim int) float64 {
	n := len(z) / dim
	mean, squares := make([]float64, dim), 0.0
	unit := make([]float64, len(z))
	for i := range n {
		row := z[i*dim : (i+1)*dim]
		norm := 0.0
		for _, v := range row {
			norm += float64(v) * float64(v)
		}
		norm = math.Sqrt(norm)
		for j, v := range row {
			if norm > 1e-12 {
				unit[i*dim+j] = float64(v) / norm
			}
			mean[j] += unit[i*dim+j] / float64(n)
		}
	}
	for i, u := range unit {
		d := u - mean[i%dim]
		squares += d * d
	}
	return squares / float64(max(n, 1))
}

// heed looks for signs of trouble in a batch by its values, those of its graph and its embeddings' spread.
func (t *Trainer) heed(values map[string]float64) {
	s := &t.signs
	if values[run.Invariant] == 0 { // then no term was active, and the gradient is 0
		t.info.Idle++
		s.idle++
	} else {
		s.idle = 0
	}
	if values[run.Spread] < collapsed {
		s.alike++
	} else {
		s.alike = 0
	}
	if s.idle == inARow {
		t.watch.Say(fmt.Sprintf("none of the last %d batches had an active triplet or pair: the metric loss teaches nothing. %s", inARow, idleAdvice))
	}
	if s.alike == inARow {
		t.watch.Say(fmt.Sprintf("collapse: all embeddings of the last %d batches are alike (spread %.1e, healthy is 0.1 to 1). %s", inARow, values[run.Spread], collapseAdvice))
	}
}

const (
	idleAdvice = "Either it is satisfied: raise method.loss.margin, mine harder (method.loss.mining or miner) or stop here. " +
		"Or a batch holds no two images of one class: raise batch.per_class."
	collapseAdvice = "The model gives every image the same vector, so nothing can be found by it, and more steps seldom free it. " +
		"Begin again from pretrained weights (--backbone), with lower optimizer.rates and some optimizer.warmup; mine less hard (method.loss.mining: semi-hard)."
)

// sayIdle sums up the batches without an active term, where there were any.
func (t *Trainer) sayIdle() {
	if t.info.Idle > 0 {
		t.watch.Say(fmt.Sprintf("%d of %d batches had no active triplets or pairs: the metric loss and its gradient were 0", t.info.Idle, t.info.Step*t.Config.Accumulate))
	}
}

// heedEvaluation looks for collapse in the embeddings of the held-out images, whose spread it returns.
func (t *Trainer) heedEvaluation(z []float32) float64 {
	s := spread(z, t.Config.Method.Dim)
	if s < collapsed && t.info.Step > 0 {
		t.watch.Say(fmt.Sprintf("collapse: the embeddings of all held-out images are alike (spread %.1e, healthy is 0.1 to 1). %s", s, collapseAdvice))
	}
	return s
}
