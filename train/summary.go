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

	"github.com/dvml/dvml/internal/plural"
)

// fewClasses is how many training classes the smallest sets had on which training helped (docs/training.md, Small sets).
const fewClasses = 6

// Summary says, before the first step, what will be trained and what to expect of it.
func (t *Trainer) Summary() string {
	c := t.Config
	network := t.Model.Backbone
	var s strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&s, "%-10s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("run", "%s", t.Folder)
	line("data", "%s: %s of %s to train on, %s held out", c.Data, plural.Of(len(t.data.train), "image"), plural.Of(t.data.classes, "class"), plural.Of(len(t.data.test), "image"))
	if t.data.folded {
		line("fold", "%d of %d: held out are training classes; the data's held-out classes are not looked at", c.Fold.Held, c.Fold.Of)
	}
	if c.All {
		line("all", "every class is trained on: nothing is held out, the run measures nothing, and its last state is the best; what the model is worth with new classes was to be measured before, by a run without --all")
	}
	if t.data.classes < fewClasses {
		line("note", "%s to train on are few: training seldom helps on others then; a few dozen are what it learns from", plural.Of(t.data.classes, "class"))
	}
	line("backbone", "%s, %d px, %.1f M parameters, first weights %s", network, c.Image.Crop, float64(network.Parameters())/1e6, orDrawn(c.Backbone.Weights))
	line("method", "%s around %s, D = %d", c.Method.Objective, c.Method.Loss.Name, c.Method.Dim)
	line("batch", "%s", t.batchesInWords())
	taken := ""
	if n := t.info.Step; n == c.Steps() {
		taken = ", all taken"
	} else if n > 0 {
		taken = fmt.Sprintf(", %d taken", n)
	}
	line("steps", "%d in %s%s", c.Steps(), plural.Of(len(c.Phases), "phase"), taken)
	line("memory", "about %s", size(t.memory()))
	line("engine", "%s", t.backend.Description())
	t.foresee()
	if parts := t.pace.left(t.info.Step); len(parts) > 0 && len(t.pace.guess) > 0 {
		line("time", "%s (%s a step at first; evaluations not counted)", LeftInWords(parts, func(d time.Duration) string { return about(d, time.Second) }),
			about(t.pace.of(spans(c, t.info.Step)[0].kind), time.Millisecond))
	}
	return s.String()
}

// batchesInWords lists the phases' batches, those alike once.
func (t *Trainer) batchesInWords() string {
	c := t.Config
	var parts []string
	for p := range c.Phases {
		b := c.BatchOf(p)
		if p > 0 && b == c.BatchOf(p-1) {
			continue
		}
		text := fmt.Sprintf("%s, %s %d x %d", plural.Of(b.Size(), "image"), b.Sampler, b.Classes, b.Size()/b.Classes)
		if p > 0 {
			text = fmt.Sprintf("from phase %d on %s", p+1, text)
		}
		parts = append(parts, text)
	}
	if c.Chunked() {
		parts = append(parts, fmt.Sprintf("%d images at a time through the network", c.Chunk))
	}
	if c.Accumulate > 1 {
		parts = append(parts, fmt.Sprintf("%d batches a step", c.Accumulate))
	}
	return strings.Join(parts, "; ")
}

// about is d as a person would say it, rounded to unit.
func about(d, unit time.Duration) string {
	if d < unit {
		return "less than " + unit.String()
	}
	return "about " + d.Round(unit).String()
}

// size is a number of bytes as a person would say it.
func size(bytes float64) string {
	if bytes < 1e9 {
		return fmt.Sprintf("%.0f MB", max(bytes/1e6, 1))
	}
	return fmt.Sprintf("%.1f GB", bytes/1e9)
}

func orDrawn(weights string) string {
	if weights == "" {
		return "drawn from the seed"
	}
	return weights
}

// memory is what the run is expected to need, in bytes: activations and their gradients, weights with their gradients and moments.
func (t *Trainer) memory() float64 {
	c, steps := t.Config, 0
	images := float64(c.Evaluate.Batch) / 8 // an evaluation holds about a quarter of its activations at a time, and no gradients
	for p, phase := range c.Phases {
		if steps += phase.Steps; !c.Freeze.FrozenWhole(steps - 1) {
			images = max(images, float64(c.BatchOf(p).Size()))
		}
	}
	activations := float64(t.Model.Backbone.Activations(c.Image.Crop)) * images
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
