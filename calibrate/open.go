package calibrate

import (
	"math"
	"slices"

	"github.com/dvml/dvml/evaluate"
)

// open fits the threshold to all rows, and measures it, fitted on each half of the classes, on the other.
func (c *Calibration) open(emb []float32, dim int, labels []int32, halves [2]half) error {
	own, foreign, err := evaluate.NearestOfBoth(emb, dim, labels, evaluate.RetrieveOptions{})
	if err != nil {
		return err
	}
	var thresholds [2]float64
	var sides [2][2][]float32
	for i, h := range halves {
		if sides[i][0], sides[i][1], err = evaluate.NearestOfBoth(h.emb, dim, h.labels, evaluate.RetrieveOptions{}); err != nil {
			return err
		}
		thresholds[i], _, _ = balance(sides[i][0], sides[i][1])
	}
	threshold, _, _ := balance(own, foreign)
	c.Open = Open{Threshold: threshold, Gallery: len(halves[1].labels), Things: distinct(halves[1].labels)}
	for i := range halves {
		missed, wrong := rates(sides[i][0], sides[i][1], thresholds[1-i])
		c.Open.Missed += missed / 2
		c.Open.False += wrong / 2
	}
	return nil
}

func distinct(labels []int32) int {
	sorted := slices.Clone(labels)
	slices.Sort(sorted)
	return len(slices.Compact(sorted))
}

// known is how similar the nearest row of all is, for queries whose thing is there; NaN for those alone of their class, which have none.
func known(own, foreign float32) float64 {
	if math.IsInf(float64(own), -1) {
		return math.NaN()
	}
	return float64(max(own, foreign))
}

// rates are the shares of queries whose thing is there that fall below the threshold, and of those whose thing is not that do not.
func rates(own, foreign []float32, threshold float64) (missed, wrong float64) {
	there := 0
	for i := range own {
		if k := known(own[i], foreign[i]); !math.IsNaN(k) {
			there++
			if k < threshold {
				missed++
			}
		}
		if float64(foreign[i]) >= threshold {
			wrong++
		}
	}
	return missed / float64(max(there, 1)), wrong / float64(max(len(own), 1))
}

// balance finds the threshold at which both rates are as equal as can be.
func balance(own, foreign []float32) (threshold, missed, wrong float64) {
	candidates := make([]float64, 0, 2*len(own))
	for i := range own {
		if k := known(own[i], foreign[i]); !math.IsNaN(k) {
			candidates = append(candidates, k)
		}
		candidates = append(candidates, float64(foreign[i]))
	}
	slices.Sort(candidates)
	low, high := 0, len(candidates)-1
	for low < high { // missed grows with the threshold, wrong falls
		middle := (low + high) / 2
		if missed, wrong = rates(own, foreign, candidates[middle]); missed >= wrong {
			high = middle
		} else {
			low = middle + 1
		}
	}
	threshold = candidates[low]
	missed, wrong = rates(own, foreign, threshold)
	return threshold, missed, wrong
}
