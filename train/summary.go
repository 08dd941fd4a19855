package train

import (
	"fmt"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// Summary says, before the first step, what will be trained and what to expect of it.
func (t *Trainer) Summary() string {
	c := t.Config
	spec := t.Model.Backbone
	b := c.Batch.Size()
	var s strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&s, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("run", "%s", t.Folder)
	line("data", "%s: %d images of %d classes to train, %d images held out", c.Data, len(t.data.train), t.data.classes, len(t.data.test))
	line("backbone", "GoogLeNet, %s form, width %g, %d px, %.1f M parameters, first weights %s", spec.Form, spec.Width, c.Image.Crop, float64(spec.Parameters())/1e6, orDrawn(c.Backbone.Weights))
	line("method", "%s around %s, D = %d", c.Method.Objective, c.Method.Loss.Name, c.Method.Dim)
	several := ""
	if c.Accumulate > 1 {
		several = fmt.Sprintf(", %d batches a step", c.Accumulate)
	}
	line("batch", "%d images, %s %d x %d%s", b, c.Batch.Sampler, c.Batch.Classes, b/c.Batch.Classes, several)
	line("steps", "%d in %d phase(s), %d taken", c.Steps(), len(c.Phases), t.info.Step)
	line("memory", "about %.1f GB", t.memory()/1e9)
	if rate, err := convolutionRate(t.backend); err == nil {
		first, left := t.expected(rate)
		line("time", "about %s on backend %s (%s a step at first, evaluations apart)", left.Round(time.Second), t.backend.Name(), first.Round(time.Millisecond))
	}
	return s.String()
}

// expected is how long the next step and all that are left will take, evaluations and caches apart, at rate floating point operations a second.
func (t *Trainer) expected(rate float64) (first, left time.Duration) {
	c, spec, m := t.Config, t.Model.Backbone, t.Config.Method
	f := float64(spec.Features())
	whole := float64(spec.FLOPs(c.Image.Crop))
	heads := 2 * f * float64(m.Dim)
	if m.Objective == "dvml" {
		heads = 2 * (3*f*float64(m.Dim) + float64(m.Decoder.Hidden)*(float64(m.Dim)+f))
	}
	for n := t.info.Step; n < c.Steps(); n++ {
		flops := whole
		if c.Freeze.frozen(n) {
			flops -= float64(spec.FLOPsUntil(c.Freeze.Stage(), c.Image.Crop))
		}
		// A step is a forward pass and two gradients; what is not convolution takes about as long again.
		batch := float64(c.batchOf(c.PhaseAt(n)).Size() * c.Accumulate)
		step := time.Duration(2 * 3 * (flops + heads) * batch / rate * float64(time.Second))
		if n == t.info.Step {
			first = step
		}
		left += step
	}
	return first, left
}

func orDrawn(weights string) string {
	if weights == "" {
		return "drawn from the seed"
	}
	return weights
}

// memory is what a step is expected to need, in bytes: activations and their gradients, weights with their gradients and moments.
func (t *Trainer) memory() float64 {
	activations := float64(t.Model.Backbone.Activations(t.Config.Image.Crop)) * float64(t.Config.Batch.Size())
	return 4 * (2*activations + 4*float64(t.Model.Backbone.Parameters()))
}

// convolutionRate is how many floating point operations a second the backend does in a middling convolution.
func convolutionRate(backend compute.Backend) (float64, error) {
	const n, hw, in, out = 4, 28, 64, 96
	exec, err := NewExec(backend, func(x, w *Node) *Node {
		return ReduceAllSum(Convolve(x, w).PadSame().Done())
	})
	if err != nil {
		return 0, err
	}
	defer exec.Finalize()
	x := tensors.FromShape(shapes.Make(dtypes.Float32, n, hw, hw, in))
	w := tensors.FromShape(shapes.Make(dtypes.Float32, 3, 3, in, out))
	best := time.Duration(1 << 62)
	for range 3 {
		began := time.Now()
		if _, err := exec.Call(x, w); err != nil {
			return 0, err
		}
		best = min(best, time.Since(began))
	}
	return 2 * n * hw * hw * in * out * 9 / best.Seconds(), nil
}
