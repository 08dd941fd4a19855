// Package calibrate makes scores mean something: it fits, on held-out classes, the probability that two photographs show the same thing given the
// similarity (cosine) of their embeddings, and a threshold below which a query shows nothing that the gallery holds.
//
// # Probability
//
// A [Curve] is fitted to all pairs of held-out photographs, weighted so that half of them show the same thing. What it gives is then P(same) where
// both are equally likely before the photographs are seen; [Curve.Prior] turns it into P(same) under any other share of same pairs, by Bayes' rule.
// Two forms are fitted, a logistic one (Platt 1999) and an isotonic one (Zadrozny and Elkan 2002); the one with the lower log loss on classes that it was
// not fitted to is kept. Every figure in [Calibration] comes from the two halves of the classes: fitted on one, form and all, measured on the other. The
// curve itself is then fitted to all.
//
// # Known or not
//
// [Open] says, by the similarity of the nearest gallery photograph, whether the gallery holds the thing at all. Its threshold is where both errors are equal:
// a thing that is there is called new as often as one that is not is called known.
package calibrate

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dvml/dvml/evaluate"
)

// Calibration is what a checkpoint keeps.
type Calibration struct {
	Curve   Curve   `json:"curve"`
	Share   float64 `json:"share"`   // of all pairs of held-out photographs that show the same thing
	Images  int     `json:"images"`  // held-out photographs that it was fitted to
	Classes int     `json:"classes"` // of theirs

	LogLoss      float64 `json:"log_loss"`       // nats a pair, same and different weighted alike, on the other half of the classes
	Error        float64 `json:"error"`          // expected calibration error there, same and different weighted alike
	ErrorOfPairs float64 `json:"error_of_pairs"` // the same where Share of the pairs are the same, as among all; a half has twice as many
	Other        string  `json:"other"`          // the form that was not taken
	OtherLogLoss float64 `json:"other_log_loss"` // its log loss
	Reliability  []Bin   `json:"reliability"`    // same and different weighted alike; both halves together
	Open         Open    `json:"open"`
}

// Bin is a range of predicted probabilities.
type Bin struct {
	Predicted float64 `json:"predicted"` // mean
	Observed  float64 `json:"observed"`  // share of pairs that are the same
	Weight    float64 `json:"weight"`    // share of all pairs
}

// Open is the decision whether the gallery holds the thing that a query shows.
type Open struct {
	Threshold float64 `json:"threshold"`      // a nearest photograph at least this similar: known
	Missed    float64 `json:"missed"`         // share of queries whose thing is in the gallery that are called new
	False     float64 `json:"false"`          // share of queries whose thing is not in the gallery that are called known
	Gallery   int     `json:"gallery"`        // photographs in the galleries that this was measured with
	Things    int     `json:"gallery_things"` // classes in them
}

// ErrTooFew is wrapped by [Fit]'s error where the classes cannot be halved.
var ErrTooFew = errors.New("calibration needs at least four classes with two photographs each")

// Fit calibrates the embeddings emb [N, dim] of held-out photographs; seed deals the classes into halves.
func Fit(emb []float32, dim int, labels []int32, seed uint64) (*Calibration, error) {
	if len(labels) == 0 || len(emb) != dim*len(labels) {
		return nil, fmt.Errorf("calibration: %d numbers of %d a row and %d labels", len(emb), dim, len(labels))
	}
	halves, classes, err := halve(emb, dim, labels, seed)
	if err != nil {
		return nil, err
	}
	c := &Calibration{Images: len(labels), Classes: classes}
	whole, err := count(emb, dim, labels)
	if err != nil {
		return nil, err
	}
	c.Share = whole.share()
	var pairs [2]pairs
	for i, h := range halves {
		if pairs[i], err = count(h.emb, dim, h.labels); err != nil {
			return nil, err
		}
	}
	c.choose(pairs)
	c.Curve = fit(c.Curve.Form, whole)
	if err := c.measure(halves, dim, pairs, seed); err != nil {
		return nil, err
	}
	return c, c.open(emb, dim, labels, halves)
}

// choose takes the form with the lower log loss on the half that it was not fitted to.
func (c *Calibration) choose(p [2]pairs) {
	loss := map[string]float64{}
	for i := range p {
		for _, form := range forms {
			loss[form] += fit(form, p[i]).logLoss(p[1-i]) / 2
		}
	}
	c.Curve.Form, c.Other = forms[0], forms[1]
	if loss[forms[1]] < loss[forms[0]] {
		c.Curve.Form, c.Other = forms[1], forms[0]
	}
	c.OtherLogLoss = loss[c.Other]
}

// measure takes the figures on each half of the curve of the other, whose form was chosen by halves of that other alone.
func (c *Calibration) measure(halves [2]half, dim int, p [2]pairs, seed uint64) error {
	var all bins
	for i, h := range halves {
		form := c.Curve.Form
		if quarters, _, err := halve(h.emb, dim, h.labels, seed+1); err == nil {
			var q [2]pairs
			for j := range q {
				var err error
				if q[j], err = count(quarters[j].emb, dim, quarters[j].labels); err != nil {
					return err
				}
			}
			var inner Calibration
			inner.choose(q)
			form = inner.Curve.Form
		}
		curve, other := fit(form, p[i]), p[1-i]
		c.LogLoss += curve.logLoss(other) / 2
		var even, natural bins // of this half alone: errors of two halves may cancel
		even.add(curve, other, 0.5)
		natural.add(curve, other, c.Share)
		c.Error += even.error() / 2
		c.ErrorOfPairs += natural.error() / 2
		all.add(curve, other, 0.5)
	}
	c.Reliability = all.list()
	return nil
}

// half is some of the classes.
type half struct {
	emb    []float32
	labels []int32
}

// halve deals the classes with two rows and more out at random, and the others with the first half.
func halve(emb []float32, dim int, labels []int32, seed uint64) (halves [2]half, classes int, err error) {
	size := map[int32]int{}
	for _, l := range labels {
		size[l]++
	}
	var several []int32
	for l, n := range size {
		if n > 1 {
			several = append(several, l)
		}
	}
	if len(several) < 4 {
		return halves, 0, fmt.Errorf("%w: here are %d", ErrTooFew, len(several))
	}
	slices.Sort(several)
	rng := rand.New(rand.NewPCG(seed, 31))
	rng.Shuffle(len(several), func(a, b int) { several[a], several[b] = several[b], several[a] })
	second := map[int32]bool{}
	for _, l := range several[:len(several)/2] {
		second[l] = true
	}
	for i, l := range labels {
		h := &halves[0]
		if second[l] {
			h = &halves[1]
		}
		h.emb = append(h.emb, emb[i*dim:(i+1)*dim]...)
		h.labels = append(h.labels, l)
	}
	return halves, len(size), nil
}

// pairs are counts of pairs by similarity.
type pairs struct {
	evaluate.Pairs
	same, different float64
}

// steps of similarity between -1 and 1.
const steps = 1 << 12

func count(emb []float32, dim int, labels []int32) (pairs, error) {
	counted, err := evaluate.CountPairs(emb, dim, labels, evaluate.PairOptions{Steps: steps, Most: 1 << 28})
	if err != nil {
		return pairs{}, err
	}
	p := pairs{Pairs: counted}
	for i := range counted.Same {
		p.same += float64(counted.Same[i])
		p.different += float64(counted.Different[i])
	}
	if p.same == 0 || p.different == 0 {
		return pairs{}, fmt.Errorf("%w: there are no pairs to fit to", ErrTooFew)
	}
	return p, nil
}

func (p pairs) share() float64 { return p.same / (p.same + p.different) }

// each visits the bins that hold pairs, with their weights where both kinds weigh a half.
func (p pairs) each(use func(similarity, same, different float64)) {
	for b := range p.Same {
		if p.Same[b]+p.Different[b] > 0 {
			use(p.Similarity(b), float64(p.Same[b])/p.same/2, float64(p.Different[b])/p.different/2)
		}
	}
}

// logLoss of a curve, in nats.
func (c Curve) logLoss(p pairs) (loss float64) {
	p.each(func(s, same, different float64) {
		q := c.At(s)
		loss -= same*math.Log(q) + different*math.Log(1-q)
	})
	return loss
}

// bins gather predictions and outcomes in 20 ranges of probability.
type bins [20]struct{ predicted, same, weight float64 }

// add takes pairs of which share are the same.
func (b *bins) add(c Curve, p pairs, share float64) {
	p.each(func(s, same, different float64) {
		same, different = 2*share*same, 2*(1-share)*different
		q := c.Prior(s, share)
		bin := &b[min(int(q*float64(len(b))), len(b)-1)]
		bin.predicted += q * (same + different)
		bin.same += same
		bin.weight += same + different
	})
}

// error is the expected calibration error (Naeini et al. 2015): the mean difference of predicted and observed share.
func (b *bins) error() (e float64) {
	total := 0.0
	for _, bin := range b {
		e += math.Abs(bin.predicted - bin.same)
		total += bin.weight
	}
	return e / total
}

func (b *bins) list() (out []Bin) {
	total := 0.0
	for _, bin := range b {
		total += bin.weight
	}
	for _, bin := range b {
		if bin.weight > 0 {
			out = append(out, Bin{bin.predicted / bin.weight, bin.same / bin.weight, bin.weight / total})
		}
	}
	return out
}
