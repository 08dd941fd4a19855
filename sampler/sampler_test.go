package sampler

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// made returns labels of classes with the given numbers of images, shuffled among each other, and the rows to use: all but every seventh.
func made(counts ...int) (labels []int32, rows []int) {
	for c, n := range counts {
		for range n {
			labels = append(labels, int32(10*c+3))
		}
	}
	rng := rand.New(rand.NewPCG(1, 1))
	rng.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	for i := range labels {
		if i%7 != 6 {
			rows = append(rows, i)
		}
	}
	return labels, rows
}

func all(t *testing.T) map[string]Sampler {
	t.Helper()
	labels, rows := made(9, 3, 14, 1, 30, 8, 5, 22, 6, 7)
	samplers := map[string]Sampler{}
	add := func(name string, s Sampler, err error) {
		if err != nil {
			t.Fatal(err)
		}
		samplers[name] = s
	}
	p, err := NewPxK(labels, rows, 4, 3, 7)
	add("PxK", p, err)
	n, err := NewNPair(labels, rows, 4, 7)
	add("NPair", n, err)
	c, err := NewClassBalanced(labels, rows, 16, 7)
	add("ClassBalanced", c, err)
	s, err := NewSequential(rows, 16)
	add("Sequential", s, err)
	return samplers
}

// A batch depends on the step alone, not on which batches were asked for before.
func TestPureFunctionOfStep(t *testing.T) {
	ahead, resumed := all(t), all(t)
	for name, s := range ahead {
		var batches [][]int
		for step := range 60 {
			batches = append(batches, s.Batch(step))
			if len(batches[step]) != s.Size() {
				t.Fatalf("%s: %d rows, size %d", name, len(batches[step]), s.Size())
			}
		}
		for _, step := range []int{37, 2, 59, 0, 38} {
			if got := resumed[name].Batch(step); !slices.Equal(got, batches[step]) {
				t.Errorf("%s: step %d: %v after resuming, %v before", name, step, got, batches[step])
			}
		}
	}
}

func TestRowsAreOfTheGivenOnes(t *testing.T) {
	_, rows := made(9, 3, 14, 1, 30, 8, 5, 22, 6, 7)
	for name, s := range all(t) {
		for step := range 50 {
			for _, r := range s.Batch(step) {
				if !slices.Contains(rows, r) {
					t.Fatalf("%s: row %d was not given", name, r)
				}
			}
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	labels, rows := made(20, 20, 20, 20, 20, 20)
	a, _ := NewPxK(labels, rows, 4, 4, 1)
	b, _ := NewPxK(labels, rows, 4, 4, 2)
	if slices.Equal(a.Batch(0), b.Batch(0)) {
		t.Error("two seeds, one batch")
	}
}

func TestPxK(t *testing.T) {
	labels, rows := made(10, 4, 13, 6, 21, 8, 2)
	const p, k = 3, 3
	s, err := NewPxK(labels, rows, p, k, 11)
	if err != nil {
		t.Fatal(err)
	}
	of := map[int32][]int{}
	for _, r := range rows {
		of[labels[r]] = append(of[labels[r]], r)
	}
	drawn, times := map[int32]int{}, map[int]int{}
	const steps = 3000
	for step := range steps {
		batch := s.Batch(step)
		seen := map[int32]bool{}
		for j := range p {
			label := labels[batch[j*k]]
			if seen[label] {
				t.Fatalf("step %d: class %d twice", step, label)
			}
			seen[label] = true
			drawn[label]++
			different := map[int]bool{}
			for _, r := range batch[j*k : (j+1)*k] {
				if labels[r] != label {
					t.Fatalf("step %d: row %d has label %d among %d", step, r, labels[r], label)
				}
				different[r] = true
				times[r]++
			}
			if want := min(k, len(of[label])); len(different) != want {
				t.Fatalf("step %d: %d different images of class %d, %d are possible", step, len(different), label, want)
			}
		}
	}
	for label, n := range drawn { // 7 classes, 6 a round of 2 steps
		if want := steps * p / 7; n < want*95/100 || n > want*105/100 {
			t.Errorf("class %d: %d times, about %d are right", label, n, want)
		}
		for _, r := range of[label] {
			want := float64(n*k) / float64(len(of[label]))
			if got := float64(times[r]); got < 0.8*want || got > 1.2*want {
				t.Errorf("row %d of class %d: %v times, about %.0f are right", r, label, got, want)
			}
		}
	}
}

// Within an epoch no class comes twice, and as many come as fit.
func TestClassesAreDrawnWithoutReplacement(t *testing.T) {
	labels, rows := made(5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5)
	s, err := NewPxK(labels, rows, 3, 1, 5) // 11 classes: 3 batches an epoch
	if err != nil {
		t.Fatal(err)
	}
	left := map[int32]bool{}
	for epoch := range 40 {
		seen := map[int32]bool{}
		for step := 3 * epoch; step < 3*epoch+3; step++ {
			for _, r := range s.Batch(step) {
				seen[labels[r]] = true
			}
		}
		if len(seen) != 9 {
			t.Fatalf("epoch %d: %d classes, 9 fit", epoch, len(seen))
		}
		for _, l := range labels {
			if !seen[l] {
				left[l] = true
			}
		}
	}
	if len(left) != 11 {
		t.Errorf("only %d classes ever sit out: the rest is favoured", len(left))
	}
}

func TestNPair(t *testing.T) {
	labels, rows := made(9, 3, 14, 1, 30, 8)
	s, err := NewNPair(labels, rows, 5, 3)
	if err != nil {
		t.Fatal(err)
	}
	for step := range 200 {
		batch := s.Batch(step)
		seen := map[int32]bool{}
		for j := range 5 {
			a, p := batch[j], batch[5+j]
			if a == p || labels[a] != labels[p] || seen[labels[a]] {
				t.Fatalf("step %d: pair %d is rows %d and %d of classes %d and %d", step, j, a, p, labels[a], labels[p])
			}
			seen[labels[a]] = true
		}
	}
}

func TestClassBalanced(t *testing.T) {
	labels, rows := made(200, 2, 30)
	s, err := NewClassBalanced(labels, rows, 30, 3)
	if err != nil {
		t.Fatal(err)
	}
	images := map[int]bool{}
	for step := range 100 {
		count := map[int32]int{}
		for _, r := range s.Batch(step) {
			count[labels[r]]++
			images[r] = true
		}
		for label, n := range count {
			if n != 10 {
				t.Fatalf("step %d: class %d %d times of 30", step, label, n)
			}
		}
	}
	if len(images) != len(rows) {
		t.Errorf("%d of %d images come", len(images), len(rows))
	}
}

func TestSequential(t *testing.T) {
	rows := []int{4, 2, 9, 7, 1, 8, 3}
	s, err := NewSequential(rows, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for step := range s.Steps() {
		got = append(got, s.Batch(step)[:s.Valid(step)]...)
	}
	if !slices.Equal(got, rows) || s.Steps() != 3 || s.Valid(2) != 1 || s.Valid(3) != 0 {
		t.Errorf("%v in %d steps, the last of %d", got, s.Steps(), s.Valid(2))
	}
	if last := s.Batch(2); !slices.Equal(last, []int{3, 3, 3}) {
		t.Errorf("the last batch is %v", last)
	}
}

func TestRefusals(t *testing.T) {
	labels, rows := made(4, 4, 1)
	fail := func(_ any, err error) error { return err }
	for want, err := range map[string]error{
		"the data has 3":        fail(NewPxK(labels, rows, 4, 2, 0)),
		"P x K = 0 x 2":         fail(NewPxK(labels, rows, 0, 2, 0)),
		"P x K = 2 x 0":         fail(NewPxK(labels, rows, 2, 0, 0)),
		"no rows":               fail(NewPxK(labels, nil, 1, 2, 0)),
		"row 9 lies outside":    fail(NewPxK(labels, []int{9}, 1, 2, 0)),
		"at least two images":   fail(NewNPair(labels, rows, 3, 0)),
		"has two images":        fail(NewNPair([]int32{1, 2, 3}, []int{0, 1, 2}, 2, 0)),
		"a batch of 0 rows":     fail(NewClassBalanced(labels, rows, 0, 0)),
		"a batch of -1 rows":    fail(NewSequential(rows, -1)),
		"no rows to go through": fail(NewSequential(nil, 3)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for name, s := range all(t) {
		rows, step := make([]int, s.Size()), 0
		if n := testing.AllocsPerRun(100, func() { s.Fill(rows, step); step++ }); n != 0 {
			t.Errorf("%s: %v allocations a batch", name, n)
		}
	}
}
