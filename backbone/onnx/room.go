package onnx

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

// Name is what settings call networks from ONNX models.
const Name = "onnx"

func init() { backbone.Register(Name, room{}) }

// room is that of networks from ONNX models in the register.
type room struct{}

func (room) Check(s backbone.Spec) error {
	if s.Form != "" {
		return fmt.Errorf("backbone.form is %q, but networks from ONNX have one form", s.Form)
	}
	return nil
}

func (r room) New(s backbone.Spec, structure []byte) (backbone.Backbone, error) {
	if err := r.Check(s); err != nil {
		return nil, err
	}
	if structure == nil {
		return nil, fmt.Errorf("backbone.network is %s, whose networks come from a file: name it by --backbone or backbone.weights", Name)
	}
	return open(s, structure)
}

// Read makes a network of an ONNX model.
func (room) Read(path string, _ *weights.File, o backbone.Options) (backbone.Imported, error) {
	m, err := onnxfile.Read(path)
	if err != nil {
		return backbone.Imported{}, fmt.Errorf("%w: %w", backbone.ErrOther, err)
	}
	n, err := New(m)
	if err != nil {
		return backbone.Imported{}, err
	}
	output, size, err := n.choose(o)
	if err != nil {
		return backbone.Imported{}, err
	}
	b, err := open(backbone.Spec{Network: Name, Width: 1, FreezeStatistics: true}, n.pruned(output, size).Marshal())
	if err != nil {
		return backbone.Imported{}, err
	}
	in := backbone.Imported{Network: b, Tensors: map[string]weights.Tensor{}, Naming: "the model names them", Size: size}
	if in.Normalisation, err = n.normalisation(o); err != nil {
		return backbone.Imported{}, err
	}
	if m.Meta[backbone.MetaInner] != "" {
		p, err := preparedOf(m)
		if err != nil {
			return backbone.Imported{}, err
		}
		in.Prepared, in.Naming = &p, "dvml exported them"
	}
	for _, w := range b.net.ordered {
		values, err := n.weights[w.Name].withOrder(w.perm).Value()
		if err != nil {
			return backbone.Imported{}, err
		}
		in.Tensors[w.Path] = weights.Tensor{Shape: w.Shape, Data: values}
		in.BatchNorm = in.BatchNorm || w.Statistic
	}
	for _, w := range n.ordered {
		if b.net.weights[w.Name] == nil {
			in.Ignored = append(in.Ignored, w.Name)
		}
	}
	return in, nil
}

// withOrder is the weight with its values in another order.
func (w *Weight) withOrder(perm []int) *Weight {
	out := *w
	out.perm, out.Shape = perm, make([]int, len(perm))
	for i, p := range perm {
		out.Shape[p] = w.tensor.Dims[i]
	}
	return &out
}

// Sides returns the height and width of the images that the network is worked out for, given a side that was asked for, or 0.
func (n *Network) Sides(asked int) (height, width int) {
	const usual = 224
	side := func(declared int) int {
		switch {
		case asked > 0 && n.Input.Height == n.Input.Width:
			return asked
		case declared > 0:
			return declared
		}
		return usual
	}
	return side(n.Input.Height), side(n.Input.Width)
}

// choose settles the tensor that is taken for the features and the side of the images, 0 for any.
func (n *Network) choose(o backbone.Options) (output string, size int, err error) {
	height, width := n.Sides(o.Size)
	if n.Input.Height > 0 || n.Input.Width > 0 || o.Size > 0 {
		size = max(height, width)
	}
	if size > maxSide {
		return "", 0, fmt.Errorf("images of %d pixels; at most %d are supported", size, maxSide)
	}
	if output = o.Output; output == "" {
		list, chosen, err := n.Candidates(height, width)
		if err != nil {
			return "", 0, n.sized(err, o.Size)
		}
		if chosen == "" {
			return "", 0, fmt.Errorf("which tensor its features are cannot be told; name one by --output:%s", listed(list))
		}
		output = chosen
	}
	return output, size, n.sized(n.check(output, height, width), o.Size)
}

// sized adds, to the error of a network at another size than it declares, what it declares.
func (n *Network) sized(err error, asked int) error {
	if err == nil || asked == 0 || n.Input.Height <= 0 || asked == n.Input.Height {
		return err
	}
	return fmt.Errorf("at %d pixels: %w (the model was exported for %d)", asked, err, n.Input.Height)
}

func listed(list []Candidate) string {
	if len(list) == 0 {
		return " the model has no output of a known shape; `dvml info` lists its tensors"
	}
	var text strings.Builder
	for _, c := range list {
		fmt.Fprintf(&text, "\n  %s %v: %s", c.Name, c.Shape, c.Why)
	}
	return text.String()
}

// normalisation is what was asked for, or what the model's metadata says; nothing else tells.
func (n *Network) normalisation(o backbone.Options) (augment.Normalisation, error) {
	if o.Normalisation != nil {
		return *o.Normalisation, nil
	}
	text, ok := n.model.Meta[backbone.MetaNormalisation]
	if !ok {
		return augment.Normalisation{}, fmt.Errorf("the model does not say how its images are normalised; say it by --normalisation: %s", augment.NormalisationHelp)
	}
	var norm augment.Normalisation
	if err := json.Unmarshal([]byte(text), &norm); err != nil {
		return norm, fmt.Errorf("the model's normalisation is not readable: %w", err)
	}
	return norm, norm.Check()
}
