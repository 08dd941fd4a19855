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
	"pml_contrastive_pos0_neg1":                       {Name: "contrastive"},
	"pml_lifted_structure":                            {Name: "lifted-structure"},
	"pml_generalized_lifted":                          {Name: "generalised-lifted"},
	"pml_angular40":                                   {Name: "angular", RawNegatives: true},
	"pml_multi_similarity":                            {Name: "multi-similarity"},
	"pml_circle":                                      {Name: "circle"},
	"pml_supcon":                                      {Name: "supcon"},
	"pml_ntxent":                                      {Name: "nt-xent"},
	"pml_margin":                                      {Name: "margin"},
	"pml_fastap":                                      {Name: "fastap"},
	"pml_signal_to_noise":                             {Name: "signal-to-noise"},
	"pml_proxy_nca_scale1":                            {Name: "proxy-nca", Denominator: "all"},
	"pml_proxy_anchor":                                {Name: "proxy-anchor"},
	"pml_arcface":                                     {Name: "arcface"},
	"pml_cosface":                                     {Name: "cosface"},
	"pml_normalized_softmax":                          {Name: "normalised-softmax"},
	"pml_npairs":                                      {Name: "n-pair", Normalise: new(true)},
}

func TestGolden(t *testing.T) {
	g := readGolden(t)
	for name := range g.Losses {
		if _, covered := goldens[name]; !covered {
			t.Errorf("no configuration stands for the golden entry %q", name)
		}
	}
	for name, cfg := range goldens {
		t.Run(name, func(t *testing.T) {
			want, there := g.Losses[name]
			if !there {
				t.Fatalf("the golden file has no entry %q", name)
			}
			cfg.NumClasses, cfg.Dim = len(g.Proxies), len(g.Proxies[0])
			for _, cfg.PerClass = range []int{0, 4} {
				got := grade(t, cfg, g.Embeddings, g.Labels, nil, func(s *model.Scope) { s.VariableWithValue("proxies", g.Proxies) })
				agree(t, got, want.Value, want.Gradient, 1e-4)
			}
		})
	}
}
