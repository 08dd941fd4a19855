package loss

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"
)

// The loss with prefixes is the mean of the losses on the embeddings cut short, and its gradient the mean of theirs.
func TestPrefixesAreTheMeanOverLengths(t *testing.T) {
	r := newReference()
	for _, cfg := range []Config{{Name: "multi-similarity"}, {Name: "triplet"}, {Name: "proxy-anchor"}, {Name: "normalised-softmax"}, {Name: "contrastive", Memory: &Memory{Size: 20}}} {
		cfg.NumClasses, cfg.Dim, cfg.Seed = r.classes, len(r.x[0]), 3
		want := make([][]float64, len(r.x))
		for i := range want {
			want[i] = make([]float64, cfg.Dim)
		}
		value := 0.
		for _, dim := range []int{2, 4, cfg.Dim} {
			part, short := cfg, single(r.x)
			part.Dim = dim
			for i := range short {
				short[i] = short[i][:dim]
			}
			got := grade(t, part, short, r.labels, nil, nil)
			value += float64(got.loss) / 3
			for i := range short {
				for j, g := range got.gradient[i] {
					want[i][j] += float64(g) / 3
				}
			}
		}
		cfg.Prefixes = []int{2, 4}
		agree(t, grade(t, cfg, single(r.x), r.labels, nil, nil), value, want, 1e-5)
	}
}

// What a prefix learns is a variable of its own length, and the same one in each call of the loss.
func TestPrefixesLearnApart(t *testing.T) {
	r := newReference()
	l, err := New(Config{Name: "proxy-anchor", NumClasses: r.classes, Dim: 5, Prefixes: []int{2}})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	defer store.Finalize()
	first := gradeIn(t, l, store, single(r.x), r.labels, nil)
	if again := gradeIn(t, l, store, single(r.x), r.labels, nil); again.loss != first.loss || math.IsNaN(float64(first.loss)) {
		t.Errorf("the loss is %g, and %g with the same variables", first.loss, again.loss)
	}
	shapes := map[string]string{}
	for v := range store.IterVariables() {
		shapes[v.Path()] = v.Shape().String()
	}
	if len(shapes) != 2 || !strings.Contains(shapes["/loss/proxies"], "[6, 5]") || !strings.Contains(shapes["/loss/prefix_2/proxies"], "[6, 2]") {
		t.Errorf("variables: %v", shapes)
	}
}
