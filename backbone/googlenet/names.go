package googlenet

import (
	"maps"
	"slices"
	"strings"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
)

// naming is one way in which files name the network's weights.
type naming struct {
	title string // for messages
	form  string // the form that is published under these names; "" is both
	// canonical brings the variants of a file's name to the one that name gives.
	canonical func(file string) string
	// name is the file's name of a layer's variable, or "" where this naming has none.
	name func(l Layer, variable string) string
	// other tells the weights that are no part of the backbone by their canonical names: classifiers, counters.
	other func(canonical string) bool
	oihw  bool // convolution weights are [Cout,Cin,kh,kw]
	norm  augment.Normalisation
}

var namings = []naming{
	{
		title:     "dvml's (conv1_7x7_s2/weights)",
		canonical: func(file string) string { return file },
		name:      func(l Layer, variable string) string { return l.Name + "/" + variable },
		other:     func(c string) bool { return !strings.HasPrefix(c, "conv") && !strings.HasPrefix(c, "inception") },
	},
	{
		title:     "Caffe's (conv1_7x7_s2_w or conv1/7x7_s2_w_0)",
		form:      Original,
		canonical: func(file string) string { return strings.ReplaceAll(strings.TrimSuffix(file, "_0"), "/", "_") },
		name: func(l Layer, variable string) string {
			switch variable {
			case "weights":
				return l.Name + "_w"
			case "biases":
				return l.Name + "_b"
			}
			return ""
		},
		other: func(c string) bool { return strings.HasPrefix(c, "loss") || strings.HasPrefix(c, "fc") },
		oihw:  true,
		norm:  augment.Caffe,
	},
	{
		title:     "torchvision's (conv1.conv.weight)",
		form:      BN,
		canonical: func(file string) string { return file },
		name:      torchName,
		other: func(c string) bool {
			return strings.HasPrefix(c, "aux") || strings.HasPrefix(c, "fc.") || strings.HasSuffix(c, ".num_batches_tracked")
		},
		oihw: true,
		norm: augment.TorchGoogLeNet,
	},
}

// torchName gives torchvision's name: conv1, conv2, conv3, inception3a.branch2.0 and so on, then the part of its BasicConv2d.
func torchName(l Layer, variable string) string {
	suffix := map[string]string{"weights": ".conv.weight", "scale": ".bn.weight", "offset": ".bn.bias", "mean": ".bn.running_mean", "variance": ".bn.running_var"}[variable]
	if suffix == "" {
		return ""
	}
	stem := map[string]string{"conv1_7x7_s2": "conv1", "conv2_3x3_reduce": "conv2", "conv2_3x3": "conv3"}
	if module, ok := stem[l.Name]; ok {
		return module + suffix
	}
	branches := map[string]string{"1x1": "branch1", "3x3_reduce": "branch2.0", "3x3": "branch2.1", "5x5_reduce": "branch3.0", "5x5": "branch3.1", "pool_proj": "branch4.1"}
	branch := branches[strings.TrimPrefix(l.Name, l.Stage+"_")]
	return strings.Replace(l.Stage, "_", "", 1) + "." + branch + suffix
}

// names returns each variable of the network by the file's name.
func (n naming) names(s Spec) map[string]backbone.Variable {
	byName := map[string]backbone.Variable{}
	for _, l := range s.Layers() {
		for _, variable := range variableNames(l, s.Form) {
			if name := n.name(l, variable); name != "" {
				byName[name] = backbone.Variable{Path: l.Name + "/" + variable, Shape: l.variableShape(variable), Trainable: trainable(variable)}
			}
		}
	}
	return byName
}

// prefixIn returns the prefix under which most of the file's tensors are among those wanted, and how many are.
func (n naming) prefixIn(f *weights.File, want map[string]backbone.Variable) (prefix string, hits int) {
	known := map[string]int{}
	for name := range f.Tensors {
		for at := range len(name) {
			if at > 0 && name[at-1] != '.' && name[at-1] != '/' {
				continue
			}
			if _, ok := want[n.canonical(name[at:])]; ok {
				known[name[:at]]++
				break
			}
		}
	}
	for _, p := range slices.Sorted(maps.Keys(known)) { // the shortest of equals
		if known[p] > hits {
			prefix, hits = p, known[p]
		}
	}
	return prefix, hits
}

// under is the naming with prefix before each name. Tensors without it are no part of the backbone.
func (n naming) under(prefix string) naming {
	canonical, other := n.canonical, n.other
	n.canonical = func(file string) string {
		if rest, ok := strings.CutPrefix(file, prefix); ok {
			return canonical(rest)
		}
		return prefix + "\x00" // a name that no network has
	}
	n.other = func(c string) bool { return c == prefix+"\x00" || other(c) }
	return n
}
