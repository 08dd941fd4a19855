package method

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// The weights of the losses are read by name and as the list of old settings; what is written is read as the same.
func TestLambdaIsReadByNameAndAsAList(t *testing.T) {
	want := Lambda{KL: 1, Reconstruction: 2, Synthetic: 0.5, Invariant: 3}
	for _, text := range []string{"lambda: [1, 2, 0.5, 3]", "lambda: {kl: 1, reconstruction: 2, synthetic: 0.5, invariant: 3}", "lambda:\n  invariant: 3\n  kl: 1\n  synthetic: 5e-1\n  reconstruction: 2\n"} {
		var p Phase
		if err := yaml.UnmarshalWithOptions([]byte(text), &p, yaml.Strict()); err != nil || p.Lambda != want {
			t.Errorf("%s: %+v, %v", text, p.Lambda, err)
		}
		written, err := yaml.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var again Phase
		if err := yaml.UnmarshalWithOptions(written, &again, yaml.Strict()); err != nil || again != p {
			t.Errorf("%s is read as %+v: %v", written, again, err)
		}
	}
	var p Phase
	if err := yaml.Unmarshal([]byte("lambda: {invariant: 2}"), &p); err != nil || p.Lambda != (Lambda{Invariant: 2}) {
		t.Errorf("one weight: %+v, %v", p.Lambda, err)
	}
	for text, part := range map[string]string{
		"lambda: [1, 2, 3]":        "four weights",
		"lambda: {invarient: 1}":   "invarient",
		"lambda: {invariant: off}": "invariant",
		"lambda: 3":                "lambda",
	} {
		if err := yaml.UnmarshalWithOptions([]byte(text), &p, yaml.Strict()); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
