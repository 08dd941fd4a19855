package method

import "github.com/dvml/dvml/backbone"

// Nodes describes the heads, generator, decoder, losses and classifier of a training step for a diagram of the model, over the given number of features.
// The node that it calls "features" is the backbone's output; of weight decay, which reads every weight, no inputs are drawn.
func (m Method) Nodes(features, classes int) []backbone.GraphNode {
	d := diagram{}
	wide, scalar := []int{-1, features}, []int{}
	e := d.heads(m, wide)
	d.add("loss/"+Invariant, m.Loss.Name, scalar, e)
	total := []string{"loss/" + Invariant}
	if m.Objective == "dvml" {
		d.variational(m, wide)
		total = append(total, "loss/"+KL, "loss/"+Reconstruction, "loss/"+Synthetic)
	}
	if m.Classifier {
		d.add("classifier/logits", "Dense", []int{-1, classes}, "features")
		d.add("loss/"+Classifier, "CrossEntropy", scalar, "classifier/logits")
		total = append(total, "loss/"+Classifier)
	}
	if m.WeightDecay > 0 {
		d.add("loss/weight_decay", "HalfSquaredNorm", scalar)
		total = append(total, "loss/weight_decay")
	}
	d.add("loss/"+Total, "Add", scalar, total...)
	return d
}

type diagram []backbone.GraphNode

func (d *diagram) add(name, op string, shape []int, inputs ...string) string {
	*d = append(*d, backbone.GraphNode{Name: name, Op: op, Inputs: inputs, Shape: shape})
	return name
}

// heads draws all heads, which read features of the given shape, and returns the name of what the loss of z_I reads.
func (d *diagram) heads(m Method, wide []int) string {
	x, vector := "features", []int{-1, m.Dim}
	if m.FeatureScale == "root" {
		x = d.add("heads/root", "SignedRoot", wide, x)
	}
	if m.FeatureNorm {
		x = d.add("heads/norm", "BatchNorm", wide, x)
	}
	if m.Dropout > 0 {
		x = d.add("heads/dropout", "Dropout", wide, x, d.add("heads/dropout_noise", "Uniform", wide))
	}
	z := d.add("heads/z_i", "Dense", vector, x)
	if m.Objective == "dvml" {
		d.add("heads/mu", "Dense", vector, x)
		d.add("heads/logvar", "Dense", vector, x)
	}
	if m.Noise > 0 {
		z = d.add("heads/z_i_with_noise", "Add", vector, z, d.add("heads/noise", "Normal", vector))
	}
	return z
}

// variational draws generator and decoder and their losses.
func (d *diagram) variational(m Method, wide []int) {
	vector, scalar := []int{-1, m.Dim}, []int{}
	d.add("generator/eps", "Normal", vector)
	d.add("generator/z_v", "Sample", vector, "heads/mu", "heads/logvar", "generator/eps")
	d.add("generator/z", "Add", vector, "heads/z_i", "generator/z_v")
	hidden := []int{-1, m.Decoder.Hidden}
	if m.Decoder.Activation == "relu_norm" {
		d.add("decoder/hidden", "BatchNorm", hidden, d.add("decoder/relu", "DenseReLU", hidden, "generator/z"))
	} else {
		d.add("decoder/hidden", "DenseTanh", hidden, "generator/z")
	}
	d.add("decoder/x_hat", "Dense", wide, "decoder/hidden")
	d.add("loss/"+KL, "KL", scalar, "heads/mu", "heads/logvar")
	d.add("loss/"+Reconstruction, m.Reconstruction, scalar, "decoder/x_hat", "features")
	d.add("loss/"+Synthetic, m.Loss.Name, scalar, "generator/z")
}
