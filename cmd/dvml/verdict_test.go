package main

import (
	"strings"
	"testing"
)

func TestVerdict(t *testing.T) {
	f := func(r, m float64) map[string]float64 { return map[string]float64{"R@1": r, "MAP@R": m} }
	for _, c := range []struct {
		model, features map[string]float64
		want            string
	}{
		{f(.759, .3), f(.457, .1), "better than the features that it began from: R@1 is 0.759, theirs 0.457."},
		{f(.46, .3), f(.457, .1), "no better than"},
		{f(.40, .3), f(.457, .1), "worse than"},
		{f(.917, .446), f(.930, .381), "better than the features that it began from: MAP@R is 0.446, theirs 0.381."},
		{f(.9, .3), nil, ""},
		{map[string]float64{"NMI": .5}, f(.4, .1), ""},
	} {
		got := verdict(c.model, c.features)
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%v against %v: %q, want %q", c.model, c.features, got, c.want)
		}
	}
}
