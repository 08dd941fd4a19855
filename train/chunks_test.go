package train

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/loss"
	"github.com/dvml/dvml/mine"
	"github.com/dvml/dvml/run"
)

// twoBatches takes a step of two batches in phase p and returns what its graphs report of each, and the sums of gradients by path.
func twoBatches(t *testing.T, c *config.Config, p int) (values [][]float32, sums map[string][]float32) {
	t.Helper()
	c.Accumulate = 2
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	if c.Freeze.Stage() != "" {
		if err := tr.openCache(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s, batches, err := tr.open(p, tr.features)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	defer batches.close()
	table := steering(c, 0, make([]int, len(config.Groups)))
	for i := range 2 {
		v, b, err := s.take(batches, tr.data.numbers, i, i, table)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.whole) != c.Batch.Size() || len(b.zi) != c.Batch.Size()*c.Method.Dim {
			t.Fatalf("a batch of %d images with %d values of embeddings", len(b.whole), len(b.zi))
		}
		values = append(values, v)
	}
	sums = map[string][]float32{}
	for _, v := range s.sums.vars {
		sum, err := tensors.CopyFlatData[float32](tr.store.GetVariable(model.JoinPath(checkpoint.Scratch, "gradient", v.Path())).MustValue())
		if err != nil {
			t.Fatal(err)
		}
		sums[v.Path()] = sum
	}
	return values, sums
}

// relative is the norm of a-b over that of b.
func relative(a, b []float32) float64 {
	var off, size float64
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		off, size = off+d*d, size+float64(b[i])*float64(b[i])
	}
	return math.Sqrt(off / max(size, 1e-30))
}

// sameGradients checks that the settings' gradients, in chunks, are those of the whole batch.
func sameGradients(t *testing.T, of func() *config.Config, p int) {
	t.Helper()
	want, wantSums := twoBatches(t, of(), p)
	c := of()
	c.Chunk = 4 // of 6 images: the second chunk is smaller
	got, sums := twoBatches(t, c, p)
	active := slices.Index(Values, run.Active)
	for b := range want {
		if got[b][active] != want[b][active] {
			t.Errorf("batch %d: %g of the triplets or pairs are active, not %g: others were chosen", b, got[b][active], want[b][active])
		}
		for i, name := range Values {
			if d := math.Abs(float64(got[b][i] - want[b][i])); d > 1e-4*math.Abs(float64(want[b][i])) {
				t.Errorf("batch %d: %s is %g, not %g", b, name, got[b][i], want[b][i])
			}
		}
	}
	if paths := slices.Sorted(maps.Keys(wantSums)); !slices.Equal(slices.Sorted(maps.Keys(sums)), paths) {
		t.Fatalf("gradients of %v, want those of %v", slices.Sorted(maps.Keys(sums)), paths)
	}
	// One norm over all weights of a group, since the gradient of a single bias may be next to nothing.
	var a, b []float32
	seen := 0
	for path, w := range wantSums {
		a, b = append(a, sums[path]...), append(b, w...)
		if strings.HasPrefix(path, "/backbone/") {
			seen++
		}
	}
	if r := relative(a, b); r > 1e-4 {
		t.Errorf("the gradients differ by %.2g of their norm", r)
	}
	if seen == 0 {
		t.Error("the network has no gradient")
	}
}

// chunkable is tiny with a network without batch norm, whose features are large enough to learn from.
func chunkable(t *testing.T, data string) *config.Config {
	c := tiny(t, data)
	c.Backbone.Form, c.Method.Classifier = "original", false
	return c
}

// Every loss and miner, under DVML in its second phase, where the gradients of all parts reach the network.
func TestChunksHaveTheGradientsOfTheBatch(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	losses := map[string]loss.Config{
		"memory":     {Name: "contrastive", Memory: &loss.Memory{Size: 8}},
		"all":        {Name: "triplet", Mining: "all"},
		"learned":    {Name: "margin", LearnBeta: "per-class"},
		"batch-hard": {Name: "triplet", Mining: "hard"},
	}
	for _, name := range loss.Names() {
		losses[name] = loss.Config{Name: name}
	}
	for _, name := range mine.Names() {
		losses["margin, "+name] = loss.Config{Name: "margin", Miner: &mine.Config{Name: name}}
	}
	for name, l := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameGradients(t, func() *config.Config {
				c := chunkable(t, data)
				c.Method.Loss, c.Freeze.Until = l, "inception_5a" // a small graph is compiled fast
				return c
			}, 1)
		})
	}
}

// The parts of the method, and what stands between the images and the network.
func TestChunksUnderEveryMethod(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	for name, c := range map[string]struct {
		phase int
		set   func(c *config.Config)
	}{
		"first phase":    {0, func(c *config.Config) { c.Method.Classifier = true }},
		"several draws":  {1, func(c *config.Config) { c.Phases[1].Samples = 3 }},
		"plain":          {1, func(c *config.Config) { c.Method.Objective = "plain" }},
		"noise":          {1, func(c *config.Config) { c.Method.Objective, c.Method.Noise = "plain", 0.3 }},
		"dropout":        {1, func(c *config.Config) { c.Method.Dropout = 0.4 }},
		"room in z_V":    {1, func(c *config.Config) { c.Method.FreeBits, c.Phases[1].KLWarmup = 0.3, 0.5 }},
		"weight decay":   {1, func(c *config.Config) { c.Method.WeightDecay = 0.1 }},
		"decoder's norm": {1, func(c *config.Config) { c.Method.Decoder.Activation = "relu_norm" }},
		"frozen norm": {1, func(c *config.Config) {
			c.Backbone.Form, c.Backbone.FreezeStatistics, c.Method.FeatureNorm = "bn", true, false
		}},
		"above a stage":   {1, func(c *config.Config) { c.Freeze.Until = "inception_4a" }},
		"crops of a maps": {1, func(c *config.Config) { c.Freeze.Until, c.Freeze.Crops = "inception_4a", 3 }},
		"some frozen":     {1, func(c *config.Config) { c.Frozen = []string{"backbone/conv*", "heads/mu"} }},
		"balanced":        {1, func(c *config.Config) { c.Batch.Sampler = "balanced" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameGradients(t, func() *config.Config {
				settings := chunkable(t, data)
				c.set(settings)
				return settings
			}, c.phase)
		})
	}
}

// In float64 chunks give the batch's gradient of a function of all pairs of features to ten digits.
func TestChunksAreExact(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	backend, err := engine.New("go")
	if err != nil {
		t.Fatal(err)
	}
	tr := begin(t, chunkable(t, data), filepath.Join(t.TempDir(), "run"), &recorder{})
	m := tr.Model
	const rows, side = 5, 32
	images := make([]float64, rows*side*side*3)
	for i := range images {
		images[i] = math.Sin(float64(i)*0.7) + float64(i%(side*side*3))/3000
	}
	// In double precision: the network's weights as drawn, and what their gradients are summed in.
	drawn := model.NewStore()
	if err := drawBackbone(backend, drawn, m, side); err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	for v := range drawn.IterVariables() {
		values, err := tensors.CopyFlatData[float32](v.MustValue())
		if err != nil {
			t.Fatal(err)
		}
		double := make([]float64, len(values))
		for i, x := range values {
			double[i] = float64(x)
		}
		dims := v.Shape().Dimensions
		w := store.VariableWithValue(v.Path(), tensors.FromFlatDataAndDimensions(double, dims...))
		w.SetTrainable(v.Trainable)
		store.VariableWithValue(model.JoinPath(checkpoint.Scratch, "gradient", v.Path()), tensors.FromFlatDataAndDimensions(make([]float64, len(double)), dims...)).SetTrainable(false)
	}
	trains := func(string) bool { return true }
	pairs := func(x *Node) *Node {
		return ReduceAllSum(Log(AddScalar(Exp(MatMul(x, Transpose(x, 0, 1))), 1)))
	}
	var paths []string
	whole, err := model.NewExec(backend, store, func(scope *model.Scope, x *Node) []*Node {
		vars, grads, _ := gradients(scope, pairs(m.Features(scope, x, true)), trains)
		paths = nil
		for _, v := range vars {
			paths = append(paths, v.Path())
		}
		return grads
	})
	if err != nil {
		t.Fatal(err)
	}
	want, err := whole.Call(tensors.FromFlatDataAndDimensions(images, rows, side, side, 3))
	if err != nil {
		t.Fatal(err)
	}
	var sums gathering
	n, err := newNetwork(backend, store, m, "", trains, &sums)
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	each := side * side * 3
	chunk := func(from, to int) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(images[from*each:to*each], to-from, side, side, 3)
	}
	chunks := [][2]int{{0, 2}, {2, 4}, {4, 5}}
	var x []float64
	for _, c := range chunks {
		out, err := n.forward.Call1(chunk(c[0], c[1]))
		if err != nil {
			t.Fatal(err)
		}
		part, err := tensors.CopyFlatData[float64](out)
		if err != nil {
			t.Fatal(err)
		}
		x = append(x, part...)
	}
	f := m.Backbone.Features()
	slope, err := NewExec(backend, func(x *Node) *Node { return Gradient(pairs(x), x)[0] })
	if err != nil {
		t.Fatal(err)
	}
	out, err := slope.Call1(tensors.FromFlatDataAndDimensions(x, rows, f))
	if err != nil {
		t.Fatal(err)
	}
	slopes, err := tensors.CopyFlatData[float64](out)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range chunks {
		keep := tensors.FromScalar(float64(min(i, 1)))
		if _, err := n.backward.Call(chunk(c[0], c[1]), tensors.FromFlatDataAndDimensions(slopes[c[0]*f:c[1]*f], c[1]-c[0], f), keep); err != nil {
			t.Fatal(err)
		}
	}
	var off, size float64
	for i, path := range paths {
		w, err := tensors.CopyFlatData[float64](want[i])
		if err != nil {
			t.Fatal(err)
		}
		got, err := tensors.CopyFlatData[float64](store.GetVariable(model.JoinPath(checkpoint.Scratch, "gradient", path)).MustValue())
		if err != nil {
			t.Fatal(err)
		}
		for j := range w {
			off, size = off+(got[j]-w[j])*(got[j]-w[j]), size+w[j]*w[j]
		}
	}
	if r := math.Sqrt(off / size); !(r < 1e-10) {
		t.Errorf("the gradients differ by %.2g of their norm", r)
	}
	if size == 0 {
		t.Error("the gradient is 0")
	}
}

// A chunk as large as the batch is the plain step, bit for bit, and a run in chunks goes on exactly.
func TestChunkOfTheBatchIsThePlainStep(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	of := func(chunk int) map[string][]float32 {
		c := chunkable(t, data)
		c.Chunk = chunk
		values := map[string][]float32{}
		for name, tensor := range finish(t, begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})) {
			values[name] = tensor.Data
		}
		return values
	}
	plain, whole := of(0), of(6)
	for name, want := range plain {
		if !slices.Equal(whole[name], want) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestRunInChunksGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config {
		c := emaConfig(t, data)
		c.Chunk, c.ChunkNorm, c.Accumulate = 4, config.PerChunk, 2
		return c
	}, 2, 4)
}

// Statistics of batch norm move once for each chunk, though it goes through the network twice.
func TestStatisticsMoveOnce(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	after := func(rate float64) map[string][]float32 {
		c := tiny(t, data)
		c.Chunk, c.ChunkNorm = 3, config.PerChunk
		for i := range c.Phases {
			c.Phases[i].Steps = 1
		}
		c.Phases, c.Evaluate.First = c.Phases[:1], false
		c.Optimizer.Rates.Backbone = rate
		values := map[string][]float32{}
		for name, tensor := range finish(t, begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})) {
			if strings.HasPrefix(name, "backbone/") && isStatistic(name) {
				values[name] = tensor.Data
			}
		}
		return values
	}
	once, trained := after(0), after(1e-3) // at rate 0 nothing goes through the network a second time
	if len(once) == 0 {
		t.Fatal("no statistics")
	}
	for name, want := range once {
		if !slices.Equal(trained[name], want) {
			t.Errorf("%s differs", name)
		}
	}
}

func TestChunksOfBatchNormAreRefused(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Chunk = 4
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	_, err = New(c, run.Folder(filepath.Join(t.TempDir(), "run")), b, &recorder{})
	for _, want := range []string{"chunk is 4", "conv1_7x7_s2", "backbone.freeze_statistics", "chunk_norm"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not say %s", err, want)
		}
	}
	for _, set := range []func(c *config.Config){
		func(c *config.Config) { c.Freeze.Part = "backbone" },
		func(c *config.Config) { c.Chunk = 6 },
		func(c *config.Config) { c.ChunkNorm = config.PerChunk },
		func(c *config.Config) { c.Backbone.FreezeStatistics = true },
	} {
		c := tiny(t, data)
		c.Chunk = 4
		set(c)
		begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	}
}
