package cpu

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/kernel"
)

// trainingStep is a small training step with one step of each native kind: convolution, ReLU, pooling, a product, all gradients, and the update of both weights.
func trainingStep(f compute.Function, in []compute.Value) []compute.Value {
	x, w, v := in[0], in[1], in[2] // [4,9,9,8], [3,3,8,16], [256,10]
	c := func(x float32) compute.Value { return must(f.Constant([]float32{x})) }
	g := geometry{layout: forwardLayout, batch: 4, in: 8, out: 16, size: [2]int{9, 9}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{1, 1}, {1, 1}}}
	a, _, _ := g.axes()
	y := must(f.ConvGeneral(x, w, a, nil, g.pads, nil, nil, 1, 1))
	under := must(f.LessOrEqual(y, c(0)))
	r := must(f.Where(under, c(0), y))
	window, strides := []int{1, 3, 3, 1}, []int{1, 2, 2, 1}
	pooled := must(f.ReduceWindow(r, compute.ReduceOpMax, window, strides, nil, nil, nil)) // [4,4,4,16]
	flat := must(f.Reshape(pooled, 4, 256))
	scores := must(f.DotGeneral(flat, []int{1}, nil, v, []int{0}, nil, compute.DotGeneralConfig{}))
	top := must(f.Reshape(must(f.ReduceMax(scores, 1)), 4, 1))
	e := must(f.Exp(must(f.Sub(scores, top))))
	p := must(f.Div(e, must(f.Reshape(must(f.ReduceSum(e, 1)), 4, 1))))
	dv := must(f.DotGeneral(flat, []int{0}, nil, p, []int{0}, nil, compute.DotGeneralConfig{}))
	dflat := must(f.DotGeneral(p, []int{1}, nil, v, []int{1}, nil, compute.DotGeneralConfig{}))
	dr := must(f.SelectAndScatterMax(r, must(f.Reshape(dflat, 4, 4, 4, 16)), window, strides, make([][2]int, 4)))
	dy := must(f.Where(under, c(0), dr))
	back := a
	back.KernelInputChannels, back.KernelOutputChannels = 3, 2
	dx := must(f.ConvGeneral(dy, must(f.Reverse(w, 0, 1)), back, nil, g.pads, nil, nil, 1, 1))
	g.layout = kernelLayout
	swapped, _, _ := g.axes()
	dw := must(f.ConvGeneral(x, dy, swapped, nil, g.pads, nil, nil, 1, 1))
	both := must(f.Concatenate(3, x, dx))
	return []compute.Value{must(f.Sub(w, must(f.Mul(dw, c(0.01))))), must(f.Sub(v, must(f.Mul(dv, c(0.01))))), must(f.ReduceSum(must(f.Mul(both, both)))), must(f.ReduceSum(dy, 0, 1, 2))}
}

func stepInputs(seed uint64) []tensor {
	r := random(seed)
	return []tensor{normal(r, 4, 9, 9, 8), normal(r, 3, 3, 8, 16), normal(r, 256, 10)}
}

func TestTrainingStep(t *testing.T) {
	e := compare(t, 1e-4, stepInputs(1), trainingStep)
	native(t, e, "convolution", "convolution by input", "convolution by kernel", "max pool", "max pool gradient", "product", "Concatenate", "ReduceMax")
	compare(t, 1e-4, stepInputs(1), trainingStep, false, true, true)
}

// sameBits fails unless both are equal to the bit.
func sameBits(t *testing.T, got, want []tensor) {
	t.Helper()
	for i := range want {
		if !slices.Equal(got[i].flat.([]float32), want[i].flat.([]float32)) {
			t.Fatalf("result %d has other bits", i)
		}
	}
}

// TestRepeats gives the same bits again: from one executable, from one compiled anew, and on another backend.
func TestRepeats(t *testing.T) {
	in := stepInputs(2)
	e := must(build(tested(), in, trainingStep))
	want := must(execute(tested(), e, in, nil))
	for range 20 {
		sameBits(t, must(execute(tested(), e, in, nil)), want)
	}
	sameBits(t, must(execute(tested(), e, in, []bool{false, true, true})), want)
	other := must(New(""))
	defer other.Finalize()
	sameBits(t, must(execute(other, must(build(other, in, trainingStep)), in, nil)), want)
}

// TestConcurrentDonations executes two computations from several goroutines, one of them on donated inputs, while others are compiled.
func TestConcurrentDonations(t *testing.T) {
	b := tested()
	type job struct {
		e    compute.Executable
		in   []tensor
		want []tensor
	}
	var jobs []job
	for seed := range uint64(3) {
		in := stepInputs(seed)
		jobs = append(jobs, job{must(build(b, in, trainingStep)), in, must(execute(b, must(build(b, in, trainingStep)), in, nil))})
	}
	for i := range jobs {
		jobs[i].e = jobs[min(i, 1)].e // two share one executable
	}
	var wg sync.WaitGroup
	errs := make(chan error, 100)
	for worker := range 6 {
		wg.Go(func() {
			for round := range 8 {
				j := jobs[(worker+round)%len(jobs)]
				if round == 5 {
					j.e = must(build(b, j.in, trainingStep))
				}
				got, err := execute(b, j.e, j.in, []bool{false, worker%2 == 0, worker%2 == 0})
				if err != nil {
					errs <- err
					return
				}
				for i := range j.want {
					if !slices.Equal(got[i].flat.([]float32), j.want[i].flat.([]float32)) {
						errs <- fmt.Errorf("worker %d, round %d: result %d has other bits", worker, round, i)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// TestOneWorker agrees with several, up to the order of sums.
func TestOneWorker(t *testing.T) {
	in := stepInputs(3)
	want := must(execute(tested(), must(build(tested(), in, trainingStep)), in, nil))
	for _, workers := range []int{1, 3} {
		pool := kernel.NewPool(workers)
		defer pool.Close()
		b := must(New("")).(*Backend)
		defer b.Finalize()
		b.pool = pool
		got := must(execute(b, must(build(b, in, trainingStep)), in, nil))
		sameBits(t, must(execute(b, must(build(b, in, trainingStep)), in, nil)), got)
		for i := range want {
			if err := agree(got[i], want[i], 1e-4); err != nil {
				t.Errorf("%d workers, result %d: %v", workers, i, err)
			}
		}
	}
}

// Allocations of one execution in a steady state: a buffer for each result, whose memory finalised ones have left, and the list of results. Steps
// allocate nothing. One more is let pass, for a collection that takes what waits.
const perResult, perExecution = 1, 2

// TestAllocations bounds what an execution allocates: it grows with the number of results alone.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	if kernel.Active() == kernel.Generic {
		t.Skip("the plain Go kernels allocate")
	}
	b := tested()
	in := stepInputs(4)
	e := must(build(b, in, trainingStep))
	var buffers []compute.Buffer
	for _, x := range in {
		buffers = append(buffers, must(b.BufferFromFlatData(0, x.flat, x.shape)))
	}
	results := len(e.Outputs())
	run := func() {
		for _, o := range must(e.Execute(buffers, nil, 0)) {
			if err := o.Finalize(); err != nil {
				t.Fatal(err)
			}
		}
	}
	run()
	n := testing.AllocsPerRun(50, run)
	t.Logf("%g allocations for %d steps and %d results", n, len(e.(*executable).steps), results)
	if most := perExecution + perResult*results; n > float64(most) {
		t.Errorf("%g allocations, want at most %d for %d results", n, most, results)
	}
}

// TestResultsMemory computes a large result again and again: the memory of a finalised one serves the next, that of one which is still held does not.
func TestResultsMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what pools hold")
	}
	b := tested()
	in := []tensor{normal(random(5), 1<<20)}
	e := must(build(b, in, func(f compute.Function, x []compute.Value) []compute.Value {
		return []compute.Value{must(f.Add(x[0], x[0]))}
	}))
	buffers := []compute.Buffer{must(b.BufferFromFlatData(0, in[0].flat, in[0].shape))}
	run := func() compute.Buffer { return must(e.Execute(buffers, nil, 0))[0] }
	values := func(b compute.Buffer) []float32 { return must(b.Data()).([]float32) }
	held := run()
	first := values(held)
	next := run()
	if &values(next)[0] == &first[0] {
		t.Fatal("two results that are held share memory")
	}
	if err := next.Finalize(); err != nil {
		t.Fatal(err)
	}
	if next.Finalize() == nil {
		t.Error("a result can be finalised twice")
	}
	if _, err := next.Data(); err == nil {
		t.Error("a finalised result gives values")
	}
	if _, err := e.Execute([]compute.Buffer{next}, nil, 0); err == nil {
		t.Error("a finalised result can be computed with")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 20 {
		if err := run().Finalize(); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 2*4<<20 { // a collection may take what waits, once
		t.Errorf("20 executions of a 4 MiB result took %d bytes of new memory", n)
	}
	for i, x := range in[0].flat.([]float32) {
		if first[i] != 2*x {
			t.Fatalf("a held result's element %d became %g, was %g", i, first[i], 2*x)
		}
	}
}

func TestProfileCountsSteps(t *testing.T) {
	in := stepInputs(5)
	e := must(build(tested(), in, trainingStep))
	StartProfile()
	must(execute(tested(), e, in, nil))
	kinds := map[string]int{}
	for _, s := range StopProfile() {
		kinds[s.Kind] = s.Steps
	}
	if kinds["convolution by kernel"] != 1 || kinds["max pool"] != 1 || kinds["element-wise group"] == 0 {
		t.Errorf("steps by kind: %v", kinds)
	}
	if StopProfile() != nil {
		t.Error("a profile that was not started has shares")
	}
}
