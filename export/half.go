package export

import (
	"context"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes/float16"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/weights/onnxfile"
)

const (
	fewest  = 64    // values of a tensor that is worth halving
	largest = 65504 // number of float16
)

// halves reports whether values are kept as float16.
func halves(values []float32) bool {
	if len(values) < fewest {
		return false
	}
	for _, v := range values {
		if !(math.Abs(float64(v)) <= largest) {
			return false
		}
	}
	return true
}

// halve stores the initialisers of float32 from first on as float16, each with a Cast back in front
// of those that read it.
func halve(g *onnxfile.Graph, first int) {
	settings := map[string]bool{}
	for _, n := range g.Nodes {
		if n.Op == "Resize" { // whose scales have to be plain
			for _, name := range n.Inputs[1:] {
				settings[name] = true
			}
		}
	}
	var casts []*onnxfile.Node
	for i, t := range g.Initializers[first:] {
		values, err := t.Float32s()
		if err != nil || t.Type != onnxfile.Float || settings[t.Name] || !halves(values) {
			continue
		}
		half := onnxfile.NewHalves(t.Name+"/float16", t.Dims, values)
		g.Initializers[first+i] = half
		casts = append(casts, &onnxfile.Node{Name: t.Name, Op: "Cast", Inputs: []string{half.Name}, Outputs: []string{t.Name},
			Attributes: []*onnxfile.Attribute{onnxfile.IntOf("to", int64(onnxfile.Float))}})
	}
	g.Nodes = append(casts, g.Nodes...)
}

// HalfError measures what float16 does to embeddings: the largest distance between an embedding and
// the one with rounded weights, both of length 1, over drawn pictures.
func HalfError(ctx context.Context, m *dvml.Model) (float64, error) {
	const classes, each = 4, 4
	set, err := drawn.New(drawn.Options{Classes: classes, PerClass: each, Size: m.Size(), Seed: 1})
	if err != nil {
		return 0, err
	}
	plan, size := m.Config().TestPlan(), m.Size()
	input := 3 * plan.Crop * plan.Crop
	images := make([]float32, classes*each*input)
	for i := range classes * each {
		planes, err := imageset.Planes(set.Image(i/each, i%each), size, imageset.Stretch)
		if err != nil {
			return 0, err
		}
		plan.Apply(images[i*input:(i+1)*input], planes, size, nil)
	}
	rounded, err := roundedStore(m.Variables())
	if err != nil {
		return 0, err
	}
	backend, err := m.Engine()
	if err != nil {
		return 0, err
	}
	var rows [2][]float32
	for i, variables := range []*model.Store{m.Variables(), rounded} {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		e, err := embed.New(backend, variables, m.Network(), m.Kind(), classes*each)
		if err != nil {
			return 0, err
		}
		defer e.Close()
		if rows[i], err = e.Images(images, plan.Crop); err != nil {
			return 0, err
		}
		dvml.Normalise(rows[i], m.Dim())
	}
	worst := 0.0
	for i := range classes * each {
		sum := 0.0
		for j := i * m.Dim(); j < (i+1)*m.Dim(); j++ {
			d := float64(rows[0][j] - rows[1][j])
			sum += d * d
		}
		worst = max(worst, math.Sqrt(sum))
	}
	return worst, nil
}

// roundedStore is a copy of variables with the values that halve rounds rounded.
func roundedStore(variables *model.Store) (*model.Store, error) {
	out := model.NewStore()
	for v := range variables.IterVariables() {
		value, err := v.Value()
		if err != nil {
			return nil, err
		}
		if flat, err := tensors.CopyFlatData[float32](value); err == nil {
			if halves(flat) {
				for i, x := range flat {
					flat[i] = float16.FromFloat32(x).Float32()
				}
			}
			value = tensors.FromFlatDataAndDimensions(flat, value.Shape().Dimensions...)
		}
		if _, err := out.CreateVariable(v.Path(), value); err != nil {
			return nil, fmt.Errorf("%s: %w", v.Path(), err)
		}
	}
	return out, nil
}
