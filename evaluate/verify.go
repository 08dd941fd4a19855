package evaluate

import (
	"errors"
	"math"
	"slices"
)

// DefaultFMR are the false match rates at which [Verify] gives the false non-match rate.
var DefaultFMR = []float64{1e-2, 1e-3, 1e-4}

// VerifyOptions are the choices of [Verify].
type VerifyOptions struct {
	PairOptions
	FMR        []float64 // nil: DefaultFMR
	Resamples  int       // of classes, for Verification.Intervals; 0: none
	Confidence float64   // level of the intervals; 0: 0.95
}

// Verification says how well a threshold on the similarity tells pairs of one class (genuine) from pairs of two (impostors), over all pairs.
type Verification struct {
	AUC       float64       // area under the ROC curve: the chance that a genuine pair is more similar than an impostor; ties count half
	EER       float64       // equal error rate: where false match rate and false non-match rate are equal, linear between thresholds
	Threshold float64       // similarity at the equal error rate
	FNMR      []FNMRAt      // at the false match rates asked for
	Genuine   uint64        // pairs
	Impostors uint64        // pairs
	Sampled   int           // queries whose pairs were counted, where not all were; 0: all pairs
	Errors    *VerifyErrors // standard errors of the sampling, where Sampled is not 0
	Intervals *VerifyIntervals
	ROC       []ROCPoint `json:"-"` // the curve, thinned
}

// FNMRAt is the false non-match rate where at most the share FMR of impostor pairs is accepted.
type FNMRAt struct {
	FMR       float64
	FNMR      float64
	Threshold float64 // pairs at least this similar are accepted; above every similarity that can be where even the most similar impostors are too many
}

// ROCPoint is one threshold's pair of error rates.
type ROCPoint struct{ FMR, FNMR float64 }

// VerifyErrors are standard errors, from the scatter of twenty parts of the sample.
type VerifyErrors struct {
	AUC, EER float64
	FNMR     []float64
}

// Verify takes the figures of face verification (ISO/IEC 19795-1) over all pairs of rows of emb [N, dim]. It counts pairs in steps of 2^-17 of
// similarity, so that its memory is that of the rows and a few megabytes a worker whatever their number; within a step all pairs count as equally similar. Where
// there are more than PairOptions.Most pairs, it takes those of some queries with all rows, and says how far that may be off.
func Verify(emb []float32, dim int, labels []int32, o VerifyOptions) (Verification, error) {
	return verify(emb, labels, nil, nil, dim, o)
}

// VerifyGallery is [Verify] over the pairs of queries [Q, dim] and gallery rows [G, dim].
func VerifyGallery(queries []float32, queryLabels []int32, gallery []float32, galleryLabels []int32, dim int, o VerifyOptions) (Verification, error) {
	if gallery == nil {
		gallery = []float32{}
	}
	return verify(queries, queryLabels, gallery, galleryLabels, dim, o)
}

// ErrNoPairs is returned by [Verify] where there are no two rows of one class, or none of two classes.
var ErrNoPairs = errors.New("verification needs two rows of one class and two of different classes")

func verify(queries []float32, queryLabels []int32, gallery []float32, galleryLabels []int32, dim int, o VerifyOptions) (Verification, error) {
	if o.FMR == nil {
		o.FMR = DefaultFMR
	}
	b := Bootstrap{Resamples: o.Resamples, Confidence: o.Confidence, Seed: o.Seed}
	if err := b.check(); err != nil {
		return Verification{}, err
	}
	o.Confidence = b.Confidence
	p, err := newPairing(queries, queryLabels, gallery, galleryLabels, dim, o.PairOptions)
	if err != nil {
		return Verification{}, err
	}
	if !p.sampled() {
		counted := p.count(p.drawn, nil)
		v, err := counted.verification(o.FMR)
		if err == nil && o.Resamples > 0 {
			v.Intervals, err = p.intervals(counted, o)
		}
		return v, err
	}
	return p.verifySample(o)
}

// verifySample counts the drawn queries in twenty parts, whose scatter tells how far the whole may be off.
func (p *pairing) verifySample(o VerifyOptions) (Verification, error) {
	const most = 20
	parts := min(most, len(p.drawn))
	var total Pairs
	var each []Verification
	for part := range parts {
		some := p.drawn[part*len(p.drawn)/parts : (part+1)*len(p.drawn)/parts]
		counted := p.count(some, func(done, jobs int) {
			if o.Progress != nil {
				o.Progress(part*jobs+done, parts*jobs)
			}
		})
		if v, err := counted.verification(o.FMR); err == nil {
			each = append(each, v)
		}
		if part == 0 {
			total = counted
		} else {
			total.add(counted)
		}
	}
	v, err := total.verification(o.FMR)
	if err != nil {
		return Verification{}, err
	}
	v.Sampled = len(p.drawn)
	v.Errors = standardErrors(each)
	if o.Resamples > 0 {
		v.Intervals, err = p.intervals(total, o)
	}
	return v, err
}

// standardErrors of the mean of equal parts; nil where there are fewer than two.
func standardErrors(parts []Verification) *VerifyErrors {
	if len(parts) < 2 {
		return nil
	}
	of := func(value func(v Verification) float64) float64 {
		var sum, squares float64
		for _, v := range parts {
			sum += value(v)
		}
		mean := sum / float64(len(parts))
		for _, v := range parts {
			squares += (value(v) - mean) * (value(v) - mean)
		}
		return math.Sqrt(squares / float64(len(parts)-1) / float64(len(parts)))
	}
	e := &VerifyErrors{AUC: of(func(v Verification) float64 { return v.AUC }), EER: of(func(v Verification) float64 { return v.EER })}
	for i := range parts[0].FNMR {
		e.FNMR = append(e.FNMR, of(func(v Verification) float64 { return v.FNMR[i].FNMR }))
	}
	return e
}

// verification walks the thresholds from the most similar pairs down.
func (p Pairs) verification(rates []float64) (Verification, error) {
	genuine, impostors := p.totals()
	if genuine == 0 || impostors == 0 {
		return Verification{}, ErrNoPairs
	}
	v := Verification{Genuine: genuine, Impostors: impostors}
	weigh := func(counts []uint64) []float64 {
		out := make([]float64, len(counts))
		for i, n := range counts {
			out[i] = float64(n)
		}
		return out
	}
	c := walk(weigh(p.Same), weigh(p.Different), rates)
	v.AUC, v.EER, v.Threshold, v.ROC = c.auc, c.eer, p.Similarity(c.eerBin), c.roc
	for i, rate := range rates {
		v.FNMR = append(v.FNMR, FNMRAt{FMR: rate, FNMR: c.fnmr[i], Threshold: p.Similarity(c.at[i])})
	}
	return v, nil
}

// walked are the figures of weighted pairs in bins of ascending similarity.
type walked struct {
	auc, eer float64
	eerBin   int
	fnmr     []float64
	at       []int // the lowest bin that is accepted at each rate
	roc      []ROCPoint
}

func walk(same, different []float64, rates []float64) walked {
	var genuine, impostors float64
	for i := range same {
		genuine += same[i]
		impostors += different[i]
	}
	w := walked{fnmr: slices.Repeat([]float64{1}, len(rates)), at: slices.Repeat([]int{len(same)}, len(rates)), eer: math.NaN()}
	var accepted, matched float64 // impostors and genuine pairs at or above the threshold
	before := ROCPoint{0, 1}
	w.roc = append(w.roc, before)
	for b := len(same) - 1; b >= 0; b-- {
		if same[b] == 0 && different[b] == 0 {
			continue
		}
		w.auc += different[b] * (matched + same[b]/2)
		accepted += different[b]
		matched += same[b]
		now := ROCPoint{accepted / impostors, 1 - matched/genuine}
		if math.IsNaN(w.eer) && now.FMR >= now.FNMR {
			// Linear between the two thresholds: both errors meet where FMR - FNMR crosses zero.
			gap, was := now.FMR-now.FNMR, before.FNMR-before.FMR
			share := 1.0
			if gap+was > 0 {
				share = was / (gap + was)
			}
			w.eer, w.eerBin = before.FMR+share*(now.FMR-before.FMR), b
		}
		for i, rate := range rates {
			if now.FMR <= rate {
				w.fnmr[i], w.at[i] = now.FNMR, b
			}
		}
		if last := w.roc[len(w.roc)-1]; now.FMR-last.FMR > 2e-3 || last.FNMR-now.FNMR > 2e-3 || now.FMR < 1e-2 && now.FMR > 1.05*last.FMR {
			w.roc = append(w.roc, now)
		}
		before = now
	}
	w.auc /= genuine * impostors
	w.roc = append(w.roc, ROCPoint{1, 0})
	return w
}
