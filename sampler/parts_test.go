package sampler

import (
	"slices"
	"testing"
)

// Parts give each batch of the sampler below, whole and in order, as often as asked.
func TestPartsAreTheBatch(t *testing.T) {
	labels := make([]int32, 40)
	rows := make([]int, len(labels))
	for i := range rows {
		rows[i], labels[i] = i, int32(i%5)
	}
	whole, err := NewPxK(labels, rows, 5, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ chunk, times, count int }{{4, 2, 3}, {5, 1, 2}, {10, 2, 1}, {99, 3, 1}, {1, 1, 10}} {
		p, err := NewParts(whole, c.chunk, c.times)
		if err != nil {
			t.Fatal(err)
		}
		if p.Count() != c.count || p.Each() != c.count*c.times {
			t.Errorf("parts of %d: %d, and %d steps each", c.chunk, p.Count(), p.Each())
		}
		step := 0
		for b := range 4 {
			want := whole.Batch(b)
			for range c.times {
				var got []int
				for range p.Count() {
					if batch, from := p.Place(step); batch != b || from != len(got) {
						t.Errorf("step %d lies in batch %d from %d, want %d from %d", step, batch, from, b, len(got))
					}
					if !slices.Equal(p.Whole(step), want) {
						t.Errorf("step %d: another batch", step)
					}
					got = append(got, p.Batch(step)...)
					step++
				}
				if !slices.Equal(got, want) {
					t.Errorf("parts of %d of batch %d are %v, want %v", c.chunk, b, got, want)
				}
			}
		}
	}
	for _, bad := range [][2]int{{0, 1}, {1, 0}} {
		if _, err := NewParts(whole, bad[0], bad[1]); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
