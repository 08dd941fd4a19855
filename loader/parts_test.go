package loader

import (
	"slices"
	"testing"

	"github.com/dvml/dvml/sampler"
)

// The parts of a batch, each time they come, are the bits of the whole batch.
func TestPartsHaveTheBatchsBits(t *testing.T) {
	m := made{n: 60, size: 12}
	whole := start(t, m, pxk(t, m), 2, 2, 1)
	for _, chunk := range []int{5, 12} {
		parts, err := sampler.NewParts(pxk(t, m), chunk, 2)
		if err != nil {
			t.Fatal(err)
		}
		cut := start(t, m, parts, 2*parts.Each(), 3, 2)
		for range 2 {
			want, err := whole.Next()
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				var images []float32
				var labels []int32
				for range parts.Count() {
					b, err := cut.Next()
					if err != nil {
						t.Fatal(err)
					}
					images, labels = append(images, b.Images...), append(labels, b.Labels...)
					cut.Release(b)
				}
				if !slices.Equal(images, want.Images) || !slices.Equal(labels, want.Labels) {
					t.Errorf("parts of %d of step %d differ from the batch", chunk, want.Step)
				}
			}
		}
		whole = start(t, m, pxk(t, m), 2, 2, 1)
	}
}
