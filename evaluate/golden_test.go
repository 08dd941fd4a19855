package evaluate_test

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/internal/shared"
)

// TestGolden holds every metric against pytorch-metric-learning and scikit-learn.
func TestGolden(t *testing.T) {
	raw, err := os.ReadFile(shared.Path(t, "golden/metric_learning.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Metrics struct {
			Embeddings [][]float32
			Labels     []int32
			Clusters   []int32
			NMI        float64            `json:"nmi_arithmetic"`
			F1         float64            `json:"pair_f1"`
			Precision  float64            `json:"pair_precision"`
			Recall     float64            `json:"pair_recall"`
			RecallAtK  map[string]float64 `json:"recall_at_k"`
			PML        map[string]float64 `json:"pml"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	m := file.Metrics
	dim := len(m.Embeddings[0])
	var emb []float32
	for _, row := range m.Embeddings {
		emb = append(emb, row...)
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	nmi, err := evaluate.NMI(m.Labels, m.Clusters)
	if err != nil {
		t.Fatal(err)
	}
	near("NMI", nmi, m.NMI)
	pair, err := evaluate.PairF1(m.Labels, m.Clusters)
	if err != nil {
		t.Fatal(err)
	}
	near("pair F1", pair.F1, m.F1)
	near("pair precision", pair.Precision, m.Precision)
	near("pair recall", pair.Recall, m.Recall)

	depth := 0 // the file's MAP is cut at the most positives any query has (pytorch-metric-learning's k="max_bin_count")
	for _, l := range m.Labels {
		positives := -1
		for _, o := range m.Labels {
			if o == l {
				positives++
			}
		}
		depth = max(depth, positives)
	}
	r, err := evaluate.Retrieve(emb, dim, m.Labels, evaluate.RetrieveOptions{Distance: evaluate.Euclidean, Depth: depth})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range m.RecallAtK {
		k, err := strconv.Atoi(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Recall([]int{k})
		if err != nil {
			t.Fatal(err)
		}
		near("Recall@"+name, got[0], want)
	}
	near("MAP", r.MAP(), m.PML["mean_average_precision"])
	near("MAP@R", r.MAPR(), m.PML["mean_average_precision_at_r"])
	near("MRR", r.MRR(), m.PML["mean_reciprocal_rank"])
	near("R-precision", r.RPrecision(), m.PML["r_precision"])
}
