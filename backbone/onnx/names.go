package onnx

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// namer gives weights their paths.
type namer struct{ taken map[string]bool }

func newNamer() *namer { return &namer{taken: map[string]bool{}} }

// machine matches the names that exporters make up where a tensor had none.
var machine = regexp.MustCompile(`^(onnx::.*|val_\d+|\d+|_v_\d+|.*_output_\d+|const_fold.*)$`)

// parts name the operands of operations.
var parts = map[string][]string{"Conv": {"", "weight", "bias"}, "ConvTranspose": {"", "weight", "bias"}, "Gemm": {"weight", "weight", "bias"}, "MatMul": {"weight", "weight"}, "Add": {"bias", "bias"}, "Mul": {"scale", "scale"},
	"BatchNormalization": {"", "weight", "bias", "running_mean", "running_var"}, "LayerNormalization": {"", "weight", "bias"}}

// path turns a tensor's name into a variable's path: as it is, as far as that can be, or made of the name of the node that reads it.
func (n *namer) path(name string, first use) string {
	if machine.MatchString(name) {
		part := "tensor"
		if list := parts[first.node.Op]; first.at < len(list) && list[first.at] != "" {
			part = list[first.at]
		}
		if scope := scopeOf(first.node.Name); scope != "" {
			name = scope + "." + part
		} else {
			name = nodeName(first.node) + "/" + part
		}
	}
	return n.unique(clean(name))
}

// unique appends a number to a name that is taken.
func (n *namer) unique(name string) string {
	path := name
	for i := 2; n.taken[path]; i++ {
		path = fmt.Sprintf("%s_%d", name, i)
	}
	n.taken[path] = true
	return path
}

// scopeOf turns PyTorch's name of a node, "/blocks/blocks.11/mlp/fc2/MatMul", into the module's, "blocks.11.mlp.fc2".
func scopeOf(node string) string {
	if !strings.HasPrefix(node, "/") {
		return ""
	}
	scopes := strings.Split(node[1:], "/")
	scopes = scopes[:len(scopes)-1]
	var kept []string
	for i, s := range scopes {
		if i+1 < len(scopes) && strings.HasPrefix(scopes[i+1], s+".") {
			continue // the list that holds the next
		}
		kept = append(kept, s)
	}
	return strings.Join(kept, ".")
}

// clean makes a path of a name with any letters: scopes between slashes, none of them empty, no dots alone, nothing that does not print.
func clean(name string) string {
	var kept []string
	for _, part := range strings.Split(name, "/") {
		part = strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
				return '_'
			}
			return r
		}, part)
		switch {
		case part == "":
			continue
		case strings.Trim(part, ".") == "":
			part = strings.ReplaceAll(part, ".", "_")
		}
		kept = append(kept, part)
	}
	if len(kept) == 0 {
		return "_"
	}
	return strings.Join(kept, "/")
}
