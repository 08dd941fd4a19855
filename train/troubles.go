package train

import (
	"fmt"
	"math"

	"github.com/dvml/dvml/run"
)

// troubles looks for what goes wrong in a run whose numbers are all finite: batches that teach nothing, and collapse.
type troubles struct {
	say         func(line string)
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

// batch looks for trouble in a batch by its values, those of its graph and its embeddings' spread. idle: no term was active, and the gradient was 0.
func (t *troubles) batch(values map[string]float64) (idle bool) {
	if idle = values[run.Invariant] == 0; idle {
		t.idle++
	} else {
		t.idle = 0
	}
	if values[run.Spread] < collapsed {
		t.alike++
	} else {
		t.alike = 0
	}
	if t.idle == inARow {
		t.say(fmt.Sprintf("none of the last %d batches had an active triplet or pair: the metric loss teaches nothing. %s", inARow, idleAdvice))
	}
	if t.alike == inARow {
		t.say(fmt.Sprintf("collapse: all embeddings of the last %d batches are alike (spread %.1e, healthy is 0.1 to 1). %s",
			inARow, values[run.Spread], collapseAdvice))
	}
	return idle
}

// evaluation looks for collapse by the spread of the held-out images' embeddings.
func (t *troubles) evaluation(spread float64) {
	if spread < collapsed {
		t.say(fmt.Sprintf("collapse: the embeddings of all held-out images are alike (spread %.1e, healthy is 0.1 to 1). %s", spread, collapseAdvice))
	}
}

const (
	idleAdvice = "Either it is satisfied: raise method.loss.margin, mine harder (method.loss.mining or miner) or stop here. " +
		"Or a batch holds no two images of one class: raise batch.per_class."
	collapseAdvice = "The model gives every image the same vector, so nothing can be found by it, and more steps seldom free it. " +
		"Begin again from pretrained weights (--backbone), with lower optimizer.rates and some optimizer.warmup; mine less hard (method.loss.mining: semi-hard)."
)
