package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	cases := []struct {
		name   string
		emb    []float32
		dim    int
		labels []int32
		o      Options
		want   string
	}{
		{"no rows", nil, 2, nil, Options{}, "no rows"},
		{"one row", []float32{1, 2}, 2, []int32{0}, Options{}, "single embedding"},
		{"dimension", []float32{1, 2}, 0, []int32{0}, Options{}, "dimension 0"},
		{"ragged", []float32{1, 2, 3}, 2, []int32{0}, Options{}, "no whole rows"},
		{"labels", []float32{1, 2, 3, 4}, 2, []int32{0}, Options{}, "1 labels for 2 rows"},
		{"NaN", []float32{1, 2, 3, nan}, 2, []int32{0, 0}, Options{}, "row 1, column 1 is NaN"},
		{"infinite", []float32{1, inf, 3, 4}, 2, []int32{0, 0}, Options{}, "row 0, column 1 is +Inf"},
		{"K", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{K: []int{1, 0}}, "K must be at least 1"},
		{"clusters", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Clusters: 3}, "3 clusters of 2 rows"},
		{"negative clusters", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Clusters: -2}, "-2 clusters"},
		{"restarts", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Restarts: -1}, "negative"},
		{"distance", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Distance: 7}, "unknown distance Distance(7)"},
		{"long rows", []float32{1e20, 2, 3, 4}, 2, []int32{0, 0}, Options{Distance: Euclidean}, "row 0 has length"},
		{"confidence", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Bootstrap: 10, Confidence: 95}, "confidence 95"},
		{"resamples", []float32{1, 2, 3, 4}, 2, []int32{0, 0}, Options{Bootstrap: -1}, "-1 resamples"},
	}
	for _, c := range cases {
		if _, err := Evaluate(c.emb, c.dim, c.labels, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if r, err := Evaluate([]float32{1, 2, 3, 4}, 2, []int32{0, 1}, Options{Bootstrap: 5}); err != nil || r.Queries != 0 || r.Intervals != nil || r.Retrieval.CMC(1) != nil {
		t.Errorf("nothing to find: %+v, error %v, want no queries, intervals or curve", r, err)
	}
	if _, err := RetrieveGallery([]float32{1, 2}, []int32{0}, []float32{1, 2, 3}, []int32{0}, 2, RetrieveOptions{}); err == nil || !strings.Contains(err.Error(), "gallery") {
		t.Errorf("a ragged gallery: error %v", err)
	}
	if _, err := NMI([]int32{1}, nil); err == nil {
		t.Error("NMI of labellings of different lengths: no error")
	}
	if _, err := Search(nil, []float32{1, 2}, 1, 0, RetrieveOptions{}); err == nil {
		t.Error("0 neighbours: no error")
	}
}

func TestOddSets(t *testing.T) {
	// Rows 0 and 1 are a class, 2 is alone; K goes beyond the gallery.
	r, err := Evaluate([]float32{1, 0, 1, 0.1, 1, 0.05}, 2, []int32{5, 5, 9}, Options{K: []int{1, 2, 100}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Lone != 1 || r.Queries != 2 || !slices.Equal(r.Recall, []float64{0, 1, 1}) || r.MRR != 0.5 || r.Clusters != 2 {
		t.Errorf("%+v", r)
	}
	// Nobody has a positive: means are 0, not NaN.
	r, err = Evaluate([]float32{1, 0, 0, 1}, 2, []int32{1, 2}, Options{})
	if err != nil || r.MAPR != 0 || r.Recall[0] != 0 || r.Queries != 0 || r.NMI != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	// Collapse: all rows alike, or all zero.
	for _, v := range []float32{0, 0.3} {
		r, err = Evaluate(slices.Repeat([]float32{v}, 40), 4, []int32{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}, Options{})
		if err != nil || r.Recall[0] != 0 || r.MAPR != 0 || r.Clusters != 1 || r.NMI != 0 {
			t.Errorf("collapsed: %+v, %v", r, err)
		}
	}
	// A class of the queries that the gallery lacks.
	g, err := EvaluateGallery([]float32{1, 0, 0, 1}, []int32{3, 4}, []float32{1, 0.1, 0, -1}, []int32{3, 7}, 2, Options{K: []int{1}, Clusters: NoClusters})
	if err != nil || g.Lone != 1 || g.Recall[0] != 1 || g.Clusters != 0 {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestEvaluateKeepsItsInputAndRepeats(t *testing.T) {
	x, labels := blobs(3, 900, 6, 30, 1)
	before := slices.Clone(x)
	var first Result
	for workers := 1; workers <= 3; workers++ {
		stages := map[string]int{}
		r, err := Evaluate(x, 6, labels, Options{Seed: 2, Workers: workers, Progress: func(stage string, done, total int) {
			if done < 1 || done > total {
				t.Errorf("%s: %d of %d", stage, done, total)
			}
			stages[stage]++
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x, before) {
			t.Fatal("the embeddings were changed")
		}
		if stages[StageRetrieval] == 0 || stages[StageClusters] == 0 {
			t.Errorf("progress heard of %v", stages)
		}
		if workers == 1 {
			first = r
		}
		if r.NMI != first.NMI || r.F1 != first.F1 || r.MAP != first.MAP || r.MAPR != first.MAPR || !slices.Equal(r.Recall, first.Recall) {
			t.Errorf("%d workers: %+v, one: %+v", workers, r, first)
		}
	}
	if first.Recall[0] < 0.2 || first.Recall[0] > 0.99 {
		t.Errorf("Recall@1 %v: the made rows test nothing", first.Recall[0])
	}
}

// TestBootstrapCovers: 95 % intervals of Recall@1 of independent queries hold the true rate about as often.
func TestBootstrapCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	const p, runs = 0.7, 200
	covered := 0
	for seed := range uint64(runs) {
		r := Retrieval{Queries: make([]Query, 150), Labels: make([]int32, 150)}
		for i := range r.Queries {
			r.Queries[i] = Query{Positives: 1, First: 2}
			if rng.Float64() < p {
				r.Queries[i].First = 1
			}
		}
		in, err := r.Intervals(Bootstrap{Resamples: 300, Seed: seed, K: []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		if in.Recall[0].Low <= p && p <= in.Recall[0].High {
			covered++
		}
	}
	if share := float64(covered) / runs; share < 0.89 || share > 0.99 {
		t.Errorf("intervals hold the true value in %.3f of the runs, want about 0.95", share)
	}
}

// TestBootstrapByClass: where queries of a class succeed together, drawing classes gives the wider interval, and both hold the mean.
func TestBootstrapByClass(t *testing.T) {
	r := Retrieval{Queries: make([]Query, 400), Labels: make([]int32, 400)}
	for i := range r.Queries {
		class := i / 20
		r.Labels[i] = int32(class)
		r.Queries[i] = Query{Positives: 19, First: 1 + 9*(class%3/2)}
	}
	recall, err := r.Recall([]int{1})
	if err != nil {
		t.Fatal(err)
	}
	var width [2]float64
	for i, byClass := range []bool{false, true} {
		in, err := r.Intervals(Bootstrap{Resamples: 500, ByClass: byClass, K: []int{1}})
		if err != nil {
			t.Fatal(err)
		}
		if in.Recall[0].Low > recall[0] || in.Recall[0].High < recall[0] {
			t.Errorf("by class %v: interval %v lacks the mean %v", byClass, in.Recall[0], recall[0])
		}
		width[i] = in.Recall[0].High - in.Recall[0].Low
	}
	if width[1] < 2*width[0] {
		t.Errorf("intervals of width %.3f by query, %.3f by class: want the latter far wider", width[0], width[1])
	}
}
