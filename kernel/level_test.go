package kernel

import (
	"strings"
	"testing"
)

func TestChooseLevel(t *testing.T) {
	for _, c := range []struct {
		name      string
		had, want Level
		says      string // in the error; empty: none
	}{
		{"", AVX2, AVX2, ""},
		{"generic", AVX512, Generic, ""},
		{"avx2", AVX512, AVX2, ""},
		{"avx512", AVX512, AVX512, ""},
		{"avx512", AVX2, AVX2, "this processor has no avx512; its highest level is avx2"},
		{"sse", AVX2, AVX2, `"sse" is no instruction level; use generic, avx2 or avx512`},
	} {
		l, err := chooseLevel(c.name, c.had)
		if l != c.want || (err == nil) != (c.says == "") {
			t.Errorf("DVML_CPU=%q where there is %s: %s, %v", c.name, c.had, l, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("DVML_CPU=%q: the error %q does not say %q", c.name, err, c.says)
		}
	}
}
