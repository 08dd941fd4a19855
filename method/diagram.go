package method

// GraphNode is an operation of the method in a diagram of the model.
type GraphNode struct {
	Name   string   // unique; slashes make scopes
	Op     string   // what it does
	Inputs []string // names of the nodes it reads; "features" is the backbone's output
	Shape  []int    // of its result, -1 for the batch
}

// Nodes describes heads, generator, decoder, losses and classifier for a diagram, over features of the given size.
func (m Method) Nodes(features, classes int) []GraphNode {
	var nodes []GraphNode
	add := func(name, op string, shape []int, inputs ...string) {
		nodes = append(nodes, GraphNode{name, op, inputs, shape})
	}
	head := "features"
	if m.FeatureNorm {
		add("heads/norm", "BatchNorm", []int{-1, features}, head)
		head = "heads/norm"
	}
	vector, scalar := []int{-1, m.Dim}, []int{}
	add("heads/z_i", "Dense", vector, head)
	add("loss/"+Invariant, m.Loss.Name, scalar, "heads/z_i")
	total := []string{"loss/" + Invariant}
	if m.Objective == "dvml" {
		add("heads/mu", "Dense", vector, head)
		add("heads/logvar", "Dense", vector, head)
		add("generator/eps", "Normal", vector)
		add("generator/z_v", "Sample", vector, "heads/mu", "heads/logvar", "generator/eps")
		add("generator/z", "Add", vector, "heads/z_i", "generator/z_v")
		add("decoder/hidden", m.Decoder.Activation, []int{-1, m.Decoder.Hidden}, "generator/z")
		add("decoder/x_hat", "Dense", []int{-1, features}, "decoder/hidden")
		add("loss/"+KL, "KL", scalar, "heads/mu", "heads/logvar")
		add("loss/"+Reconstruction, m.Reconstruction, scalar, "decoder/x_hat", "features")
		add("loss/"+Synthetic, m.Loss.Name, scalar, "generator/z")
		total = append(total, "loss/"+KL, "loss/"+Reconstruction, "loss/"+Synthetic)
	}
	if m.Classifier {
		add("classifier/logits", "Dense", []int{-1, classes}, "features")
		add("loss/"+Classifier, "CrossEntropy", scalar, "classifier/logits")
		total = append(total, "loss/"+Classifier)
	}
	add("loss/"+Total, "Add", scalar, total...)
	return nodes
}
