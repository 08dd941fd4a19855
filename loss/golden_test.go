package loss

import (
	"testing"

	"github.com/gomlx/gomlx/ml/model"
)

// goldens maps the entries of the golden file to the configurations that stand for them here.
var goldens = map[string]Config{
	"triplet_semihard_squared_margin1":                {Name: "triplet"},
	"triplet_batch_hard_margin0.3":                    {Name: "triplet", Mining: "hard", Distance: "euclidean", Margin: new(0.3)},
	"triplet_all_margin0.2_mean_over_positive_losses": {Name: "triplet", Mining: "all", Distance: "euclidean", Margin: new(0.2)},
	"pml_triplet_margin0.05":                          {Name: "triplet", Mining: "all", Distance: "euclidean", Normalise: new(true), Margin: new(0.05)},
	"npair_reg0":                                      {Name: "n-pair", Regulariser: new(0.)},
	"npair_reg0.02":                                   {Name: "n-pair"},
	"pml_npairs":                                      {Name: "n-pair", Normalise: new(true)},
}

func TestGolden(t *testing.T) {
	g := readGolden(t)
	for name, cfg := range goldens {
		t.Run(name, func(t *testing.T) {
			want, there := g.Losses[name]
			if !there {
				t.Fatalf("the golden file has no entry %q", name)
			}
			for _, cfg.PerClass = range []int{0, 4} {
				got := grade(t, cfg, g.Embeddings, g.Labels, nil, func(s *model.Scope) {})
				agree(t, got, want.Value, want.Gradient, 1e-4)
			}
		})
	}
}
