package export

import (
	"math"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/weights/onnxfile"
)

// heads writes what package method makes of the features.
type heads struct {
	onnxfile.Composer
	model   *dvml.Model
	outputs []string
}

// write adds the heads over the features x [N,F]: Embedding and, when asked for, those of z_V.
func (h *heads) write(x string, variation bool) (err error) {
	z := x
	if !h.model.Headless() {
		if h.model.Config().Method.FeatureScale == "root" {
			x = h.root(x)
		}
		if h.model.Config().Method.FeatureNorm {
			if x, err = h.normalised(x); err != nil {
				return err
			}
		}
		if z, err = h.dense("z_i", x, h.Scope+"/z_i"); err != nil {
			return err
		}
	}
	h.outputs = []string{Embedding}
	square := h.Add("ReduceSum", []string{h.Add("Mul", []string{z, z}), h.Ints(1)})
	least := h.Constant(onnxfile.NewFloats("", []int{}, []float32{1e-12})) // a row of zeros stays
	length := h.Add("Max", []string{h.Add("Sqrt", []string{square}), least})
	h.AddNamed(Embedding, "Div", []string{z, length})
	if !variation {
		return nil
	}
	h.outputs = append(h.outputs, Mean, LogVariance)
	if _, err = h.dense("mu", x, Mean); err == nil {
		_, err = h.dense("logvar", x, LogVariance)
	}
	return err
}

// root is what package method does to features under feature_scale root.
func (h *heads) root(x string) string {
	number := func(v float64) string { return h.Constant(onnxfile.NewFloats("", []int{}, []float32{float32(v)})) }
	features := number(float64(h.model.Network().Backbone.Features()))
	unit := func(x string) string { // a mean square of 1
		sum := h.Add("ReduceSum", []string{h.Add("Mul", []string{x, x}), h.Ints(1)})
		mean := h.Add("Add", []string{h.Add("Div", []string{sum, features}), number(1e-12)})
		return h.Add("Div", []string{x, h.Add("Sqrt", []string{mean})})
	}
	x = unit(x)
	bent := h.Add("Sqrt", []string{h.Add("Add", []string{h.Add("Abs", []string{x}), number(method.RootBend)})})
	bent = h.Add("Sub", []string{bent, number(math.Sqrt(method.RootBend))})
	return unit(h.Add("Mul", []string{h.Add("Sign", []string{x}), bent}))
}

// dense is a fully connected layer.
func (h *heads) dense(head, x, output string) (string, error) {
	inputs := []string{x}
	for _, name := range []string{"weights", "biases"} {
		path := "heads/" + head + "/" + name
		t, err := variable(h.model, "/"+path)
		if err != nil {
			return "", err
		}
		inputs = append(inputs, h.Constant(onnxfile.NewFloats(path, t.Shape, t.Data)))
	}
	return h.AddNamed(output, "Gemm", inputs), nil
}

// normalised is the batch norm before the heads.
func (h *heads) normalised(x string) (string, error) {
	factor, offset, err := featureNorm(h.model)
	if err != nil {
		return "", err
	}
	constant := func(name string, values []float64) string {
		rounded := make([]float32, len(values))
		for i, v := range values {
			rounded[i] = float32(v)
		}
		return h.Constant(onnxfile.NewFloats("heads/norm/"+name, []int{len(values)}, rounded))
	}
	x = h.Add("Mul", []string{x, constant("factor", factor)})
	return h.Add("Add", []string{x, constant("offset", offset)}), nil
}
