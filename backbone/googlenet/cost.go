package googlenet

import "github.com/dvml/dvml/backbone"

// Parameters returns the number of trainable values.
func (s Spec) Parameters() int {
	total := 0
	for _, v := range s.Variables() {
		if v.Trainable {
			total += product(v.Shape)
		}
	}
	return total
}

// FLOPs returns the floating point operations of one forward pass of one image of size x size: two
// for each multiply-add of the convolutions, beside which all else is small. A training step takes
// about three times as many.
func (s Spec) FLOPs(size int) int64 { return s.FLOPsUntil(backbone.Features, size) }

// FLOPsUntil is FLOPs of the layers up to the named stage.
func (s Spec) FLOPsUntil(stage string, size int) int64 {
	var total int64
	for _, l := range s.sized(size) {
		if l.Op == OpConv && stageIndex(l.Stage) <= stageIndex(stage) {
			total += 2 * int64(l.out*l.out) * int64(l.Channels) * int64(l.Kernel*l.Kernel*l.In)
		}
	}
	return total
}

// Activations returns the number of values that the layers give for one image of size x size: what a training step keeps for the gradient,
// to within a small factor that depends on the backend.
func (s Spec) Activations(size int) int64 {
	var total int64
	for _, l := range s.sized(size) {
		total += int64(l.out*l.out) * int64(l.Channels)
	}
	return total
}

// CutShape returns what the named stage gives for one image of size x size: [h,w,C], or [F] after "pool".
func (s Spec) CutShape(stage string, size int) ([]int, error) {
	if err := backbone.CheckCut(s, stage); err != nil {
		return nil, err
	}
	var shape []int
	for _, l := range s.sized(size) {
		if l.Stage != stage {
			continue
		}
		shape = []int{l.out, l.out, l.Channels}
		if l.Op == OpMean {
			shape = []int{l.Channels}
		}
	}
	return shape, nil
}

// Nodes describes the network for images of size x size, the input first.
func (s Spec) Nodes(size int) []backbone.GraphNode {
	full := map[string]string{Input: Input}
	nodes := []backbone.GraphNode{{Name: Input, Op: Input, Shape: []int{-1, size, size, 3}}}
	for _, l := range s.sized(size) {
		full[l.Name] = l.Stage + "/" + l.Name
		n := backbone.GraphNode{Name: full[l.Name], Op: l.Op, Shape: []int{-1, l.out, l.out, l.Channels}}
		if l.Op == OpMean {
			n.Shape = []int{-1, l.Channels}
		}
		for _, input := range l.Inputs {
			n.Inputs = append(n.Inputs, full[input])
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// sizedLayer is a layer with the height and width of what it gives.
type sizedLayer struct {
	Layer
	out int
}

// sized gives the layers their sizes for images of size x size.
func (s Spec) sized(size int) []sizedLayer {
	sizes := map[string]int{Input: size}
	var layers []sizedLayer
	for _, l := range s.Layers() {
		out := l.outputSize(sizes[l.Inputs[0]])
		sizes[l.Name] = out
		layers = append(layers, sizedLayer{l, out})
	}
	return layers
}

func product(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
