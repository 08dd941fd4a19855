package main

import (
	"slices"
	"testing"
)

func TestStatesAreNamedByTheirRuns(t *testing.T) {
	for _, c := range []struct{ paths, want []string }{
		{[]string{"runs/a/best.safetensors"}, []string{"a"}},
		{[]string{"runs/a/best.safetensors", "runs/b/checkpoints/step-000100.safetensors"}, []string{"a", "b"}},
		{[]string{"runs/a/best.safetensors", "runs/a/checkpoints/step-000100.safetensors"}, []string{"a, best", "a, step-000100"}},
		{[]string{"x/a/best.safetensors", "y/a/best.safetensors"}, []string{"a, best", "y/a/best.safetensors"}},
	} {
		if got := namesOf(c.paths); !slices.Equal(got, c.want) {
			t.Errorf("%v: %q, want %q", c.paths, got, c.want)
		}
	}
}
