package config

import (
	"strings"
	"testing"
)

// A list of fixed length with too few or too many items is an error that names it, in a file and in --set.
func TestListsHaveTheirLengths(t *testing.T) {
	for _, c := range []struct{ text, set, want string }{
		{"image: {normalisation: {mean: [1, 2]}}", "image.normalisation.mean=[1, 2]", "image.normalisation.mean is [1 2]; it takes a list [...] of 3 items, each a number"},
		{"image: {normalisation: {std: [1, 2, 3, 4]}}", "image.normalisation={std: [1, 2, 3, 4]}", "image.normalisation.std is [1 2 3 4]; it takes"},
		{"phases: [{steps: 1}, {lambda: [1, 1, 1, 1, 1]}]", "phases=[{steps: 1}, {lambda: [1, 1, 1, 1, 1]}]", "phases[1].lambda is [1 1 1 1 1]; it takes a list [...] of 4"},
		{"image: {normalisation: {mean: []}}", "image.normalisation.mean=[]", "image.normalisation.mean is []; it takes"},
	} {
		if _, err := Parse([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		}
		cfg, err := base()
		if err != nil {
			t.Fatal(err)
		}
		if err := cfg.Set(c.set); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("--set %s: %v", c.set, err)
		}
	}
}
