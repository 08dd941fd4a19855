package evaluate

import (
	"fmt"
	"slices"
)

// DefaultK are the K of Recall@K that the literature reports on Cars196.
var DefaultK = []int{1, 2, 4, 8, 16, 32}

// NoClusters as Options.Clusters leaves k-means out, and NMI and F1 at 0.
const NoClusters = -1

// Stages that Options.Progress is told of.
const (
	StageRetrieval = "retrieval" // of blocks of products
	StageClusters  = "clusters"  // of k-means++ centres, then of passes over the data; it may end early
)

// Options of [Evaluate]; the zero value is what the field reports.
type Options struct {
	K          []int    // K of Recall@K; nil: DefaultK
	Distance   Distance // Cosine: rows are L2-normalised first (your slice is left alone)
	Clusters   int      // of k-means; 0: as many as there are classes; NoClusters: none
	Seed       uint64   // of k-means and of the bootstrap
	Restarts   int      // of k-means, the one with the least inertia counts; 0: 1
	Iterations int      // passes of k-means over the data at most; 0: 100
	MiniBatch  int      // rows of a k-means step; 0: all
	Bootstrap  int      // resamples for Result.Intervals; 0: none
	ByClass    bool     // resample classes, not queries; see Bootstrap
	Confidence float64  // level of the intervals; 0: 0.95
	Workers    int      // 0: one a core. The values do not depend on it
	Progress   func(stage string, done, total int)
}

// Result of [Evaluate]; see the package comment for the definitions.
type Result struct {
	NMI, F1               float64
	MAPR, RPrecision, MRR float64
	MAP                   float64
	K                     []int
	Recall                []float64 // aligned with K
	Queries               int       // that the retrieval means are taken over; 0: nothing could be found, and the means are 0
	Lone                  int       // queries without a sample of their class to find, left out
	Clusters              int       // that k-means made; 0: none
	Inertia               float64   // of k-means: sum of squared distances to the centres
	Intervals             *Intervals
	Retrieval             Retrieval `json:"-"` // the queries' ranks, for [Retrieval.CMC] and [ByClass]
}

// Evaluate measures emb [N, dim], row-major, with one label a row: each row searches all others, and k-means clusters all.
func Evaluate(emb []float32, dim int, labels []int32, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	r, err := Retrieve(emb, dim, labels, o.retrieve())
	if err != nil {
		return Result{}, err
	}
	return o.result(r, emb, dim, labels)
}

// EvaluateGallery measures queries [Q, dim] against gallery [G, dim] (In-Shop's protocol). NMI and F1 are taken over both together.
func EvaluateGallery(queries []float32, queryLabels []int32, gallery []float32, galleryLabels []int32, dim int, o Options) (Result, error) {
	if err := o.check(); err != nil {
		return Result{}, err
	}
	r, err := RetrieveGallery(queries, queryLabels, gallery, galleryLabels, dim, o.retrieve())
	if err != nil {
		return Result{}, err
	}
	if o.Clusters == NoClusters {
		return o.result(r, nil, dim, nil)
	}
	return o.result(r, slices.Concat(queries, gallery), dim, slices.Concat(queryLabels, galleryLabels))
}

func (o *Options) check() error {
	if o.K == nil {
		o.K = DefaultK
	}
	if o.Clusters < NoClusters {
		return fmt.Errorf("evaluate: %d clusters: want a number, 0 for one a class or NoClusters", o.Clusters)
	}
	b := o.bootstrap()
	if err := b.check(); err != nil {
		return err
	}
	return checkK(o.K)
}

func (o Options) retrieve() RetrieveOptions {
	return RetrieveOptions{Distance: o.Distance, Workers: o.Workers, Progress: o.stage(StageRetrieval)}
}

func (o Options) bootstrap() Bootstrap {
	return Bootstrap{Resamples: o.Bootstrap, ByClass: o.ByClass, Confidence: o.Confidence, Seed: o.Seed, K: o.K}
}

func (o Options) stage(name string) func(done, total int) {
	if o.Progress == nil {
		return nil
	}
	return func(done, total int) { o.Progress(name, done, total) }
}

func (o Options) result(r Retrieval, emb []float32, dim int, labels []int32) (Result, error) {
	out := Result{MAPR: r.MAPR(), RPrecision: r.RPrecision(), MRR: r.MRR(), MAP: r.MAP(), K: slices.Clone(o.K), Queries: r.Ranked(), Lone: r.Lone}
	var err error
	if out.Recall, err = r.Recall(o.K); err != nil {
		return Result{}, err
	}
	out.Retrieval = r
	if o.Bootstrap > 0 && out.Queries > 0 {
		in, err := r.Intervals(o.bootstrap())
		if err != nil {
			return Result{}, err
		}
		out.Intervals = &in
	}
	if o.Clusters == NoClusters {
		return out, nil
	}
	k := o.Clusters
	if k == 0 {
		k = len(runs(slices.Clone(labels)))
	}
	x, err := ready("embeddings", emb, dim, nil, o.Distance)
	if err != nil {
		return Result{}, err
	}
	c, err := KMeans(x.x, dim, KMeansOptions{Clusters: k, Seed: o.Seed, Restarts: o.Restarts, Iterations: o.Iterations,
		MiniBatch: o.MiniBatch, Workers: o.Workers, Progress: o.stage(StageClusters)})
	if err != nil {
		return Result{}, err
	}
	out.Clusters, out.Inertia = len(c.Centres)/dim, c.Inertia
	if out.NMI, err = NMI(labels, c.Assignment); err != nil {
		return Result{}, err
	}
	pair, err := PairF1(labels, c.Assignment)
	out.F1 = pair.F1
	return out, err
}
