package googlenet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
)

// Import finds the backbone's weights in a file under any of the names that circulate: this project's, those of Caffe's model in ONNX files
// (conv1_7x7_s2_w, or the ONNX model zoo's conv1/7x7_s2_w_0) and torchvision's (conv1.conv.weight). Weights [Cout,Cin,kh,kw] are brought to
// [kh,kw,Cin,Cout]. Auxiliary classifiers and the last fully connected layer are left aside and listed. The error names each weight that is
// missing, is not of the network, or has a wrong shape.
func (s Spec) Import(f *weights.File) (backbone.Imported, error) {
	n, form, err := recognise(f)
	if err != nil {
		return backbone.Imported{}, err
	}
	if form != s.Form {
		return backbone.Imported{}, fmt.Errorf("backbone: the file holds GoogLeNet in the form %s, and backbone.form is %s: set it to %s", form, s.Form, form)
	}
	in := backbone.Imported{Network: s, Tensors: map[string]weights.Tensor{}, Naming: n.title}
	if in.Normalisation, err = normalisation(f, n, s); err != nil {
		return backbone.Imported{}, err
	}
	var problems []string
	want := n.names(s)
	for _, name := range f.Names() {
		t, canonical := f.Tensors[name], n.canonical(name)
		v, known := want[canonical]
		switch {
		case known:
			delete(want, canonical)
			if n.oihw && len(t.Shape) == 4 {
				t = t.Transpose(2, 3, 1, 0)
			}
			if !slices.Equal(t.Shape, v.Shape) {
				problems = append(problems, fmt.Sprintf("%s has shape %v and should have %v", name, f.Tensors[name].Shape, n.fileShape(v.Shape)))
			}
			in.Tensors[v.Path] = t
		case n.other(canonical):
			in.Ignored = append(in.Ignored, name)
		default:
			problems = append(problems, name+" is none of the network's")
		}
	}
	for _, v := range s.Variables() {
		for name, missing := range want {
			if missing.Path == v.Path {
				problems = append(problems, name+" is missing")
			}
		}
	}
	for _, v := range s.Variables() {
		if t := in.Tensors[v.Path]; strings.HasSuffix(v.Path, "/variance") && len(t.Data) > 0 && slices.Min(t.Data) < 0 {
			problems = append(problems, fmt.Sprintf("%s holds the variance %g, and a variance is not negative", v.Path, slices.Min(t.Data)))
		}
	}
	if len(problems) > 0 {
		return backbone.Imported{}, fmt.Errorf("backbone: the file (names as %s) does not fit %s GoogLeNet of width %g:\n  %s",
			n.title, s.Form, s.Width, strings.Join(problems, "\n  "))
	}
	return in, nil
}

// fileShape is the shape of a variable as the file has it.
func (n naming) fileShape(shape []int) []int {
	if n.oihw && len(shape) == 4 {
		return []int{shape[3], shape[2], shape[0], shape[1]}
	}
	return shape
}

func normalisation(f *weights.File, n naming, s Spec) (augment.Normalisation, error) {
	if text, ok := f.Meta[backbone.MetaNormalisation]; ok {
		var norm augment.Normalisation
		if err := json.Unmarshal([]byte(text), &norm); err != nil {
			return norm, fmt.Errorf("backbone: the file's metadata %q: %w", backbone.MetaNormalisation, err)
		}
		return norm, norm.Check()
	}
	if n.form == "" {
		return s.DefaultNormalisation(), nil
	}
	return n.norm, nil
}

// Detect returns the form and the width of the network whose weights the file holds, the width from the channels of its first layer.
func Detect(f *weights.File) (Spec, error) {
	n, form, err := recognise(f)
	if err != nil {
		return Spec{}, err
	}
	s := Spec{Form: form, Width: 1}
	for name, t := range f.Tensors {
		if v := n.names(s)[n.canonical(name)]; v.Path == "conv1_7x7_s2/weights" && len(t.Shape) == 4 {
			channels := t.Shape[3]
			if n.oihw {
				channels = t.Shape[0]
			}
			s.Width = float64(channels) / 64
		}
	}
	return s, s.Validate()
}

// recognise finds the naming and the form under which most of the file's tensors are known, and the
// prefix that all of their names have: wrappers of networks put module., model., _orig_mod. or
// backbone. before them.
func recognise(f *weights.File) (naming, string, error) {
	var best naming
	form, prefix, most := "", "", 0
	for _, n := range namings {
		for _, candidate := range []string{Original, BN} {
			if n.form != "" && n.form != candidate {
				continue
			}
			p, hits := n.prefixIn(f, n.names(Spec{Form: candidate, Width: 1}))
			if hits > most {
				best, form, prefix, most = n, candidate, p, hits
			}
		}
	}
	if prefix != "" {
		best = best.under(prefix)
	}
	if most > 0 {
		return best, form, nil
	}
	names := f.Names()
	if len(names) == 0 {
		return best, "", fmt.Errorf("the file holds no tensors: %w", backbone.ErrOther)
	}
	var titles []string
	for _, n := range namings {
		titles = append(titles, n.title)
	}
	return best, "", fmt.Errorf("none of the file's %d tensors (the first is %q) is GoogLeNet's, whose known names are %s: %w", len(names), names[0], strings.Join(titles, ", "),
		backbone.ErrOther)
}
