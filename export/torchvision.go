package export

import (
	"fmt"
	"math"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/weights"
)

// Safetensors returns the weights of GoogLeNet under the names that they are published under:
// torchvision's for the batch norm form, Caffe's for the original. The head of z_I, with the batch
// norm before it folded in, stands in the place of the classifier, so that torchvision's googlenet
// with D classes and no auxiliary classifiers loads all, strictly, and gives z_I.
func Safetensors(m *dvml.Model) (*weights.File, error) {
	s, ok := m.Network().Backbone.(googlenet.Spec)
	if !ok {
		return nil, fmt.Errorf("%s is not a GoogLeNet, and its weights alone are not a model: export to .onnx", m.Network().Backbone)
	}
	if !m.Headless() && m.Config().Method.FeatureScale != "none" {
		return nil, fmt.Errorf("%s has method.feature_scale %s, which torchvision's network has no place for: export to .onnx", m.Path(), m.Config().Method.FeatureScale)
	}
	info, err := m.Info()
	if err != nil {
		return nil, err
	}
	network, err := s.ONNX(m.Config().TestPlan().Crop, func(path string) (weights.Tensor, error) { return variable(m, "/backbone/"+path) })
	if err != nil {
		return nil, err
	}
	meta, err := metadata(m, info)
	if err != nil {
		return nil, err
	}
	out := &weights.File{Tensors: map[string]weights.Tensor{}, Meta: meta}
	for _, t := range network.Graph.Initializers {
		values, err := t.Float32s()
		if err != nil {
			return nil, err
		}
		out.Tensors[t.Name] = weights.Tensor{Shape: t.Dims, Data: values}
		if module, ok := strings.CutSuffix(t.Name, ".running_var"); ok {
			out.Tensors[module+".num_batches_tracked"] = weights.Tensor{Shape: []int{}, Data: []float32{0}}
		}
	}
	if m.Headless() {
		return out, nil
	}
	w, b, err := invariantHead(m)
	if err != nil {
		return nil, err
	}
	if s.Form == googlenet.BN {
		out.Tensors["fc.weight"], out.Tensors["fc.bias"] = w, b
	} else {
		out.Tensors["fc_w"], out.Tensors["fc_b"] = w, b
	}
	return out, nil
}

// invariantHead returns the head of z_I as a linear layer of the features, [D,F] and [D].
func invariantHead(m *dvml.Model) (w, b weights.Tensor, err error) {
	if w, err = variable(m, "/heads/z_i/weights"); err != nil {
		return w, b, err
	}
	if b, err = variable(m, "/heads/z_i/biases"); err != nil {
		return w, b, err
	}
	w = w.Transpose(1, 0)
	if !m.Config().Method.FeatureNorm {
		return w, b, nil
	}
	factor, offset, err := featureNorm(m)
	if err != nil {
		return w, b, err
	}
	for d := range b.Data {
		row, sum := w.Data[d*len(factor):][:len(factor)], float64(b.Data[d])
		for f, v := range row {
			sum += float64(v) * offset[f]
			row[f] = float32(float64(v) * factor[f])
		}
		b.Data[d] = float32(sum)
	}
	return w, b, nil
}

// featureNorm returns the batch norm before the heads, by its running averages, as a factor and an
// offset of each feature.
func featureNorm(m *dvml.Model) (factor, offset []float64, err error) {
	var v [4][]float32
	for i, name := range []string{"scale", "offset", "mean", "variance"} {
		t, err := variable(m, "/heads/norm/"+name)
		if err != nil {
			return nil, nil, err
		}
		v[i] = t.Data
	}
	factor, offset = make([]float64, len(v[0])), make([]float64, len(v[0]))
	for i := range factor {
		factor[i] = float64(v[0][i]) / math.Sqrt(float64(v[3][i])+method.NormEpsilon)
		offset[i] = float64(v[1][i]) - float64(v[2][i])*factor[i]
	}
	return factor, offset, nil
}
