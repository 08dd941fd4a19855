package evaluate

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// brutePairs lists the similarities of all pairs: of one class, of two.
func brutePairs(x []float32, dim int, labels []int32, d Distance) (same, different []float64) {
	for i := range labels {
		for j := range i {
			var dot, a, b float64
			for k := range dim {
				u, v := float64(x[i*dim+k]), float64(x[j*dim+k])
				dot, a, b = dot+u*v, a+u*u, b+v*v
			}
			s := dot - a/2 - b/2
			if d == Cosine {
				s = dot / math.Sqrt(a*b)
			}
			if labels[i] == labels[j] {
				same = append(same, s)
			} else {
				different = append(different, s)
			}
		}
	}
	return same, different
}

func TestVerifyAgainstAllPairs(t *testing.T) {
	for seed, d := range []Distance{Cosine, Euclidean, Cosine} {
		x, labels := blobs(uint64(seed), 500, 6, 11, 0.6)
		v, err := Verify(x, 6, labels, VerifyOptions{PairOptions: PairOptions{Distance: d, Workers: 1 + seed}})
		if err != nil {
			t.Fatal(err)
		}
		same, different := brutePairs(x, 6, labels, d)
		if int(v.Genuine) != len(same) || int(v.Impostors) != len(different) || v.Sampled != 0 {
			t.Errorf("%d genuine pairs and %d impostors, sampled %d, want %d, %d and 0", v.Genuine, v.Impostors, v.Sampled, len(same), len(different))
		}
		slices.Sort(different)
		var auc float64
		for _, s := range same {
			at, _ := slices.BinarySearch(different, s)
			auc += float64(at)
		}
		auc /= float64(len(same)) * float64(len(different))
		if math.Abs(v.AUC-auc) > 1e-5 {
			t.Errorf("%v: AUC %.6f, want %.6f", d, v.AUC, auc)
		}
		rejected := func(threshold float64) float64 {
			n := 0
			for _, s := range same {
				if s < threshold {
					n++
				}
			}
			return float64(n) / float64(len(same))
		}
		for _, at := range v.FNMR {
			accepted := int(at.FMR * float64(len(different)))
			threshold := different[len(different)-accepted-1] // no higher one accepts as few
			if want := rejected(math.Nextafter(threshold, 10)); math.Abs(at.FNMR-want) > 2e-3 {
				t.Errorf("%v: FNMR at %g is %.5f, want %.5f", d, at.FMR, at.FNMR, want)
			}
		}
		fmr := 0
		for _, s := range different {
			if s >= v.Threshold {
				fmr++
			}
		}
		for name, rate := range map[string]float64{"FMR": float64(fmr) / float64(len(different)), "FNMR": rejected(v.Threshold)} {
			if math.Abs(rate-v.EER) > 2e-3 {
				t.Errorf("%v: %s %.5f at the threshold of the equal error rate %.5f", d, name, rate, v.EER)
			}
		}
	}
}

func TestVerifyExtremes(t *testing.T) {
	apart := []float32{1, 0, 1, 0, 0, 1, 0, 1}
	labels := []int32{3, 3, 8, 8}
	v, err := Verify(apart, 2, labels, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v.AUC != 1 || v.EER != 0 || v.FNMR[2].FNMR != 0 {
		t.Errorf("classes apart: %+v", v)
	}
	alike := []float32{1, 0, 1, 0, 1, 0, 1, 0}
	if v, err = Verify(alike, 2, labels, VerifyOptions{}); err != nil {
		t.Fatal(err)
	}
	if v.AUC != 0.5 || v.EER != 0.5 || v.FNMR[0].FNMR != 1 {
		t.Errorf("all rows alike: %+v", v)
	}
	for _, none := range [][]int32{{1, 2, 3, 4}, {1, 1, 1, 1}} {
		if _, err := Verify(alike, 2, none, VerifyOptions{}); err != ErrNoPairs {
			t.Errorf("labels %v: error %v", none, err)
		}
	}
}

// The figures of a sample lie about as far from those of all pairs as their standard errors say.
func TestVerifySample(t *testing.T) {
	x, labels := blobs(9, 2000, 8, 40, 0.7)
	all, err := Verify(x, 8, labels, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	far := 0
	for seed := range uint64(8) {
		o := VerifyOptions{PairOptions: PairOptions{Most: 400 * 2000, Seed: seed, Steps: 1 << 14}}
		v, err := Verify(x, 8, labels, o)
		if err != nil {
			t.Fatal(err)
		}
		if v.Sampled != 400 || v.Errors == nil {
			t.Fatalf("%d queries sampled, errors %v", v.Sampled, v.Errors)
		}
		o.Workers = 1
		if again, _ := Verify(x, 8, labels, o); !reflect.DeepEqual(again, v) {
			t.Error("another number of workers gives other figures")
		}
		if math.Abs(v.AUC-all.AUC) > 2*v.Errors.AUC {
			far++
		}
		if math.Abs(v.EER-all.EER) > 2*v.Errors.EER {
			far++
		}
	}
	if far > 4 {
		t.Errorf("%d of 16 figures are more than two standard errors off", far)
	}
}

func TestVerifyGallery(t *testing.T) {
	x, labels := blobs(5, 300, 5, 7, 0.8)
	v, err := VerifyGallery(x[:100*5], labels[:100], x[100*5:], labels[100:], 5, VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var genuine uint64
	for _, a := range labels[:100] {
		for _, b := range labels[100:] {
			if a == b {
				genuine++
			}
		}
	}
	if v.Genuine != genuine || v.Genuine+v.Impostors != 100*200 {
		t.Errorf("%d genuine pairs and %d impostors, want %d of 20000", v.Genuine, v.Impostors, genuine)
	}
}

// The intervals from counts by class agree with those of drawing classes and weighing each pair by the product of its classes' weights.
func TestVerifyIntervals(t *testing.T) {
	const classes, n, dim, resamples = 30, 600, 4, 400
	x, labels := blobs(12, n, dim, classes, 0.8)
	v, err := Verify(x, dim, labels, VerifyOptions{Resamples: resamples, PairOptions: PairOptions{Seed: 4}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPairing(x, labels, nil, nil, dim, PairOptions{Steps: 4000})
	if err != nil {
		t.Fatal(err)
	}
	type pair struct{ a, b, bin int32 }
	var all []pair
	p.each(p.drawn, 1, make([]scratch, 1), func(_, i, first int, row []float32) {
		for j, s := range row {
			all = append(all, pair{p.q.labels[i], p.q.labels[first+j], int32(p.bin(s))})
		}
	}, nil)
	var aucs, eers, fnmrs []float64
	for r := range uint64(resamples) {
		rng := rand.New(rand.NewPCG(99, r))
		var weight [classes]float64
		for range classes {
			weight[rng.IntN(classes)]++
		}
		same, different := make([]float64, 4001), make([]float64, 4001)
		for _, q := range all {
			if q.a == q.b {
				same[q.bin] += weight[q.a]
			} else {
				different[q.bin] += weight[q.a] * weight[q.b]
			}
		}
		w := walk(same, different, []float64{1e-2})
		aucs, eers, fnmrs = append(aucs, w.auc), append(eers, w.eer), append(fnmrs, w.fnmr[0])
	}
	for _, c := range []struct {
		name   string
		got    Interval
		values []float64
	}{{"AUC", v.Intervals.AUC, aucs}, {"EER", v.Intervals.EER, eers}, {"FNMR at 1e-2", v.Intervals.FNMR[0], fnmrs}} {
		slices.Sort(c.values)
		low, high := quantile(c.values, 0.025), quantile(c.values, 0.975)
		width := high - low
		t.Logf("%s: %.4f to %.4f, by pairs %.4f to %.4f", c.name, c.got.Low, c.got.High, low, high)
		if math.Abs(c.got.Low-low) > 0.3*width || math.Abs(c.got.High-high) > 0.3*width {
			t.Errorf("%s: %.4f to %.4f, want about %.4f to %.4f", c.name, c.got.Low, c.got.High, low, high)
		}
	}
}

func TestCMCAndByClass(t *testing.T) {
	x, labels := blobs(3, 400, 6, 9, 0.5)
	labels[7] = 77 // alone
	r, err := Retrieve(x, 6, labels, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	curve := r.CMC(40)
	for k := 1; k <= 40; k++ {
		recall, err := r.Recall([]int{k})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(curve[k-1]-recall[0]) > 1e-12 {
			t.Errorf("CMC at %d is %v, Recall@%d %v", k, curve[k-1], k, recall[0])
		}
	}
	classes, err := ByClass(r, x, 6, labels, nil, 5, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	queries, recall := 0, 0.0
	for i, c := range classes {
		queries += c.Queries
		recall += c.Recall1 * float64(c.Queries)
		if i > 0 && c.Recall1 < classes[i-1].Recall1 {
			t.Errorf("class %d with R@1 %v stands after one with %v", c.Class, c.Recall1, classes[i-1].Recall1)
		}
		want := map[int32]float64{}
		of := 0
		for q, l := range labels {
			if l != c.Class {
				continue
			}
			h, err := Search(x[q*6:(q+1)*6], x, 6, 6, RetrieveOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range h.Index {
				if int(j) != q {
					of++
					want[labels[j]]++
				}
			}
		}
		delete(want, c.Class)
		for _, f := range c.Confused {
			if math.Abs(f.Share-want[f.Class]/float64(of)) > 1e-12 {
				t.Errorf("class %d is confused with %d at %v, want %v", c.Class, f.Class, f.Share, want[f.Class]/float64(of))
			}
		}
	}
	if len(classes) != 10 || queries != 399 || math.Abs(recall/399-curve[0]) > 1e-12 {
		t.Errorf("%d classes, %d queries, R@1 %v, want 10, 399, %v", len(classes), queries, recall/399, curve[0])
	}
}
