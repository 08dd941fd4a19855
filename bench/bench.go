// Package bench measures the speed of this machine's engine on the networks and layers that metric learning trains: what `dvml bench` prints.
//
// Two networks: "caffe", the original GoogLeNet with biases and local response normalisation under DVML's losses, and "bn", the batch norm form
// under the sum of its features. For each: a whole training step (forward, losses, backward, Adam), embedding a batch, and the latency of one image.
// "layers" are single convolutions, in GFLOP/s, forward and forward with both gradients; "matmul" is a product of two matrices of 2048 x
// 2048. Any other part is the path of a network's file, measured as "bn" is. Each figure is the best of several runs, the first left out.
package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/resident"
	"github.com/dvml/dvml/loss"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/train"
)

// Options say what is measured.
type Options struct {
	Batch  int // images of a step
	Size   int // side of an image in pixels
	Repeat int // runs of which the best counts
	Only   []string
	Say    func(what string) // told before each part; nil: nobody
}

// Parts lists what Options.Only may name, beside files of networks.
var Parts = []string{"caffe", "bn", "layers", "matmul"}

// Network holds the figures of one network.
type Network struct {
	Train    float64 `json:"train_img_s"`
	Embed    float64 `json:"embed_img_s"`
	EmbedOne float64 `json:"embed_one_ms"`
}

// Result holds all figures; parts that were not asked for are nil.
type Result struct {
	Engine  string                `json:"engine"`
	Threads int                   `json:"threads"`
	Batch   int                   `json:"batch"`
	Size    int                   `json:"size"`
	Caffe   *Network              `json:"caffe,omitempty"`
	BN      *Network              `json:"bn,omitempty"`
	Files   map[string]*Network   `json:"networks,omitempty"` // by the file's name without its ending
	Layers  map[string][2]float64 `json:"layers,omitempty"`
	Matmul  float64               `json:"matmul,omitempty"`     // GFLOP/s of a product of two square matrices, MatmulSide on a side
	MaxRSS  int                   `json:"max_rss_mb,omitempty"` // peak memory of the process
}

// Layer is one of the convolutions that are measured: side, channels in and out, side of the kernel; stride 1, same size out.
type Layer struct{ HW, In, Out, K int }

// Name is the layer's key in Result.Layers.
func (l Layer) Name() string {
	return fmt.Sprintf("%dx%d %dx%d %d->%d", l.K, l.K, l.HW, l.HW, l.In, l.Out)
}

// Layers are GoogLeNet's heaviest, of each kind one.
var Layers = []Layer{{56, 64, 192, 3}, {28, 128, 192, 3}, {28, 96, 128, 3}, {14, 512, 160, 1}, {14, 112, 224, 3}, {7, 192, 384, 3}, {28, 32, 96, 5}}

// Run measures on backend.
func Run(backend compute.Backend, o Options) (*Result, error) {
	r := &Result{Engine: backend.Description(), Threads: runtime.GOMAXPROCS(0), Batch: o.Batch, Size: o.Size}
	for _, part := range o.Only {
		if o.Say != nil {
			o.Say(part)
		}
		var err error
		switch part {
		case "caffe":
			r.Caffe, err = measured{spec(googlenet.Original), model.NewStore, o.Size, true}.run(backend, o)
		case "bn":
			r.BN, err = measured{spec(googlenet.BN), model.NewStore, o.Size, false}.run(backend, o)
		case "layers":
			r.Layers, err = layers(backend, o)
		case "matmul":
			r.Matmul, err = matmul(backend, o)
		default:
			err = r.file(backend, o, part)
		}
		if err != nil {
			return nil, fmt.Errorf("bench: %s: %w", part, err)
		}
	}
	r.MaxRSS = int(resident.Peak() >> 20)
	return r, nil
}

// best returns the shortest of n runs of f after a first one.
func best(n int, f func() error) (float64, error) {
	shortest := time.Duration(1 << 62)
	for i := range n + 1 {
		began := time.Now()
		if err := f(); err != nil {
			return 0, err
		}
		if i > 0 {
			shortest = min(shortest, time.Since(began))
		}
	}
	return shortest.Seconds(), nil
}

// measured is a network whose figures are taken.
type measured struct {
	backbone  backbone.Backbone
	variables func() *model.Store // before the first step
	size      int                 // side of its images
	objective bool                // train by DVML's objective; else by the features' sum
}

// spec is a form of GoogLeNet at full width.
func spec(form string) googlenet.Spec { return googlenet.Spec{Form: form, Width: 1} }

func (m measured) run(backend compute.Backend, o Options) (*Network, error) {
	variables := m.variables()
	images := noise(o.Batch, m.size, m.size, 3)
	step, free, err := trainingStep(backend, variables, m.backbone, o, m.objective)
	if err != nil {
		return nil, err
	}
	seconds, err := best(o.Repeat, func() error { return step(images) })
	if err != nil {
		return nil, err
	}
	free()
	r := &Network{Train: float64(o.Batch) / seconds}
	exec, err := model.NewExec(backend, variables, func(scope *model.Scope, x *Node) *Node { return m.backbone.Build(scope.At("backbone"), x, false) })
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	if seconds, err = best(o.Repeat, func() error { return call(exec, images) }); err != nil {
		return nil, err
	}
	r.Embed = float64(o.Batch) / seconds
	one := noise(1, m.size, m.size, 3)
	if seconds, err = best(2*o.Repeat, func() error { return call(exec, one) }); err != nil {
		return nil, err
	}
	r.EmbedOne = 1e3 * seconds
	return r, nil
}

func call(exec *model.Exec, x *tensors.Tensor) error {
	out, err := exec.Call1(x)
	if err != nil {
		return err
	}
	return out.FinalizeAll()
}

// trainingStep returns one step of Adam: of DVML's objective, or of the features' sum.
func trainingStep(backend compute.Backend, variables *model.Store, b backbone.Backbone, o Options, objective bool) (run func(images *tensors.Tensor) error, free func(), err error) {
	c, err := config.Preset("report-3")
	if err != nil {
		return nil, nil, err
	}
	c.Method.FeatureNorm, c.Method.Classifier, c.Method.Loss = false, false, loss.Config{Name: "triplet", PerClass: 2}
	c.Optimizer.Rates = config.Rates{Backbone: 1e-5, Heads: 1e-5, Decoder: 1e-5}
	m, err := method.NewModel(b, c.Method, max(2, o.Batch/2), 1)
	if err != nil {
		return nil, nil, err
	}
	labels := make([]int32, o.Batch)
	for i := range labels {
		labels[i] = int32(i / 2)
	}
	return train.BenchmarkStep(backend, variables, m, c, labels, objective)
}

func layers(backend compute.Backend, o Options) (map[string][2]float64, error) {
	r := map[string][2]float64{}
	for _, l := range Layers {
		x, w := noise(o.Batch, l.HW, l.HW, l.In), noise(l.K, l.K, l.In, l.Out)
		dy := noise(o.Batch, l.HW, l.HW, l.Out)
		gflop := 2 * float64(o.Batch*l.HW*l.HW*l.In*l.Out*l.K*l.K) / 1e9
		forward, err := NewExec(backend, func(x, w *Node) *Node { return Convolve(x, w).PadSame().Done() })
		if err != nil {
			return nil, err
		}
		back, err := NewExec(backend, func(x, w, dy *Node) []*Node {
			y := Convolve(x, w).PadSame().Done()
			return append(Gradient(ReduceAllSum(Mul(y, dy)), x, w), y)
		})
		if err != nil {
			return nil, err
		}
		run := func(e *Exec, args ...any) (float64, error) {
			return best(o.Repeat, func() error {
				out, err := e.Call(args...)
				for _, t := range out {
					if err := t.FinalizeAll(); err != nil {
						return err
					}
				}
				return err
			})
		}
		one, err := run(forward, x, w)
		if err != nil {
			return nil, err
		}
		all, err := run(back, x, w, dy)
		if err != nil {
			return nil, err
		}
		forward.Finalize()
		back.Finalize()
		r[l.Name()] = [2]float64{gflop / one, 3 * gflop / all}
	}
	return r, nil
}

// MatmulSide is the side of the matrices of the product that is measured.
const MatmulSide = 2048

func matmul(backend compute.Backend, o Options) (float64, error) {
	a, b := noise(MatmulSide, MatmulSide), noise(MatmulSide, MatmulSide)
	exec, err := NewExec(backend, func(a, b *Node) *Node { return MatMul(a, b) })
	if err != nil {
		return 0, err
	}
	defer exec.Finalize()
	seconds, err := best(o.Repeat, func() error {
		out, err := exec.Call(a, b)
		for _, t := range out {
			if err := t.FinalizeAll(); err != nil {
				return err
			}
		}
		return err
	})
	return 2 * MatmulSide * MatmulSide * MatmulSide / 1e9 / seconds, err
}

// noise is a tensor of normal values.
func noise(dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}
