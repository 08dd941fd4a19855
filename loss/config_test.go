package loss

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/mine"
)

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		says string
	}{
		{Config{Name: "tripplet"}, `"tripplet" is not a loss; choose one of angular, arcface, circle`},
		{Config{Name: "triplet", Mining: "soft"}, `mining is "soft"; choose one of semi-hard, hard, all`},
		{Config{Name: "triplet", Distance: "manhattan"}, `"manhattan" is not a distance`},
		{Config{Name: "triplet", Temperature: new(1.)}, "option temperature is not read by this loss"},
		{Config{Name: "triplet", Miner: &mine.Config{Name: "soft"}}, `"soft" is not a miner; choose one of batch-hard`},
		{Config{Name: "triplet", Mining: "all", Miner: &mine.Config{Name: "hard"}}, "keep one"},
		{Config{Name: "triplet", PerClass: -1}, "per_class is -1"},
		{Config{Name: "n-pair", Regulariser: new(-1.)}, "regulariser is -1"},
		{Config{Name: "supcon", Temperature: new(0.)}, "temperature is 0; it must be above 0"},
		{Config{Name: "nt-xent", Temperature: new(-1.)}, "temperature is -1"},
		{Config{Name: "angular", Alpha: new(90.)}, "alpha is 90 degrees"},
		{Config{Name: "circle", Gamma: new(0.)}, "gamma is 0"},
		{Config{Name: "multi-similarity", Alpha: new(0.)}, "alpha is 0"},
		{Config{Name: "multi-similarity", Beta: new(0.)}, "beta is 0"},
		{Config{Name: "fastap", Bins: -2}, "bins is -2"},
		{Config{Name: "margin", LearnBeta: "always"}, `learn_beta is "always"`},
		{Config{Name: "margin", LearnBeta: "per-class"}, "num_classes must be given"},
		{Config{Name: "contrastive", Memory: &Memory{Size: 0}, Dim: 4}, "memory of size 0"},
		{Config{Name: "contrastive", Memory: &Memory{Size: 9}}, "dim must be given"},
		{Config{Name: "contrastive", Memory: &Memory{Size: 9}, Dim: 4, Miner: &mine.Config{Name: "hard"}}, "a memory takes no miner of triplets"},
		{Config{Name: "lifted-structure", Memory: &Memory{Size: 9}, Dim: 4}, "option memory is not read"},
		{Config{Name: "proxy-anchor"}, "num_classes is 0 and dim 0"},
		{Config{Name: "cosface", NumClasses: 3, Dim: 4, Scale: new(0.)}, "scale is 0"},
		{Config{Name: "arcface", NumClasses: 3, Dim: 4, Margin: new(180.)}, "margin is 180 degrees"},
		{Config{Name: "proxy-nca", NumClasses: 3, Dim: 4, Denominator: "some"}, `denominator is "some"`},
		{Config{Name: "triplet", Dim: 4, Prefixes: []int{2, 4}}, "prefixes are [2 4]; they rise from 1 and stay below the 4 dimensions"},
		{Config{Name: "triplet", Dim: 4, Prefixes: []int{2, 2}}, "prefixes are [2 2]"},
		{Config{Name: "triplet", Prefixes: []int{0}}, "prefixes are [0]"},
		{Config{Name: "potential-field", NumClasses: 3, Dim: 4, Centres: -1}, "centres is -1"},
		{Config{Name: "potential-field", NumClasses: 3, Dim: 4, Alpha: new(0.)}, "alpha is 0"},
		{Config{Name: "potential-field", NumClasses: 3, Dim: 4, Margin: new(-1.)}, "margin is -1"},
		{Config{Name: "soft-triple", NumClasses: 3, Dim: 4, Centres: -1}, "centres is -1"},
		{Config{Name: "soft-triple", NumClasses: 3, Dim: 4, Gamma: new(0.)}, "gamma is 0"},
		{Config{Name: "normalised-softmax", NumClasses: 3, Dim: 4, ProxyDeviation: new(0.)}, "proxy_deviation is 0"},
	} {
		l, err := New(test.cfg)
		if err == nil {
			t.Errorf("%+v: no error, %v", test.cfg, l)
		} else if !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %q does not say %q", test.cfg, err, test.says)
		}
	}
}

func TestConfigYAML(t *testing.T) {
	var cfg Config
	err := yaml.UnmarshalWithOptions([]byte(`
name: margin
normalise: true
beta: 1.2
learn_beta: per-class
miner: {name: distance-weighted, cutoff: 0.4}
`), &cfg, yaml.Strict())
	if err != nil {
		t.Fatal(err)
	}
	cfg.NumClasses, cfg.Dim = 10, 8
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if l.Name() != "margin" || !l.NeedsUniform() {
		t.Errorf("made %s, needs noise: %t", l.Name(), l.NeedsUniform())
	}
}
