package config

import (
	"strings"
	"testing"
)

// Each setting that is out of its range is named, with what it should be.
func TestValidateNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"ema=1", "ema is 1; it is"},
		{"accumulate=0", "accumulate is 0; it is how many batches"},
		{`frozen=["heads/*", ""]`, "frozen holds an empty pattern"},
		{"stop.patience=-1", "stop.patience is -1"},
		{"stop={metric: R@3, patience: 2}", `stop.metric is "R@3"; it is one of NMI, F1,`},
		{"stop={patience: 2, min_delta: -1}", "stop.min_delta is -1"},
		{"ema=-0.1", "ema is -0.1; it is"},
	} {
		cfg, err := Preset("cars-best")
		if err != nil {
			t.Fatal(err)
		}
		cfg.Data = "x.h5"
		if err := cfg.Set(c.set); err != nil {
			t.Fatal(err)
		}
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.set, err)
		}
	}
}
