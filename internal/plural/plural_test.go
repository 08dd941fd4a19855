package plural

import "testing"

func TestOf(t *testing.T) {
	for want, c := range map[string]struct {
		n    int
		word string
	}{"1 class": {1, "class"}, "0 classes": {0, "class"}, "2 batches": {2, "batch"}, "1 image": {1, "image"}, "10 images": {10, "image"}} {
		if got := Of(c.n, c.word); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
