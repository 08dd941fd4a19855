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

// normalised is batch norm by the running averages, as a factor and an offset.
func (h *heads) normalised(x string) (string, error) {
	var v [4][]float32
	for i, name := range []string{"scale", "offset", "mean", "variance"} {
		t, err := variable(h.model, "/heads/norm/"+name)
		if err != nil {
			return "", err
		}
		v[i] = t.Data
	}
	factor, offset := make([]float32, len(v[0])), make([]float32, len(v[0]))
	for i := range factor {
		a := float64(v[0][i]) / math.Sqrt(float64(v[3][i])+method.NormEpsilon)
		factor[i], offset[i] = float32(a), float32(float64(v[1][i])-float64(v[2][i])*a)
	}
	dims := []int{len(factor)}
	x = h.Add("Mul", []string{x, h.Constant(onnxfile.NewFloats("heads/norm/factor", dims, factor))})
	return h.Add("Add", []string{x, h.Constant(onnxfile.NewFloats("heads/norm/offset", dims, offset))}), nil
}
