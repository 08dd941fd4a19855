package train

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/method"
)

// patterns are paths of variables, as they stand in a checkpoint, in which * stands for any letters, / too. A pattern matches a path and all that
// lies under it: backbone/conv1_7x7_s2 is that layer's weights and biases, backbone/inception_3* all of the third stage, */biases every bias.
type patterns []string

func (p patterns) match(path string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool { return matches(pattern, path) })
}

func matches(pattern, path string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(strings.Trim(pattern, "/")), `\*`, ".*")
	return regexp.MustCompile("^" + expression + "(/.*)?$").MatchString(strings.TrimPrefix(path, "/"))
}

// checkFrozen reports a pattern of the settings that matches no weight, with near names, and patterns that leave nothing to train.
func (t *Trainer) checkFrozen() error {
	c := t.Config
	if len(c.Frozen) == 0 {
		return nil
	}
	paths, err := t.weightPaths()
	if err != nil {
		return fmt.Errorf("train: frozen: %w", err)
	}
	for _, p := range c.Frozen {
		if !slices.ContainsFunc(paths, func(path string) bool { return matches(p, path) }) {
			return fmt.Errorf("train: frozen: %q matches no weight of the model; near it are %s", p, strings.Join(near(p, paths), ", "))
		}
	}
	if !slices.ContainsFunc(paths, func(path string) bool { return !patterns(c.Frozen).match(path) }) {
		return fmt.Errorf("train: frozen: %q leaves nothing to train", c.Frozen)
	}
	return nil
}

// weightPaths lists the paths of all that can be trained: the backbone's layers, and what the heads' graph makes in a store of its own.
func (t *Trainer) weightPaths() ([]string, error) {
	var paths []string
	for _, v := range t.Model.Backbone.Variables() {
		if v.Trainable {
			paths = append(paths, "backbone/"+v.Path)
		}
	}
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, t.Config.Seed)
	m, size, phase := t.Model, t.Config.BatchOf(0).Size(), t.Config.Phases[0].Phase
	exec, err := model.NewExec(t.backend, store, func(scope *model.Scope, in []*Node) *Node {
		return m.TrainHeads(scope, method.Inputs{Features: in[0], Labels: in[1], Eps: in[2], Drop: in[3], Uniform: in[4]}, phase).Total
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	f32 := func(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
	features := f32(size, m.Backbone.Features())
	samples := 1 // of the plain objective's noise
	if m.Method.Objective == "dvml" {
		samples = phase.Samples
	}
	if _, err := exec.Compile(features, shapes.Make(dtypes.Int32, size), f32(samples, size, m.Method.Dim), features, f32(size, size)); err != nil {
		return nil, err
	}
	for v := range store.IterVariables() {
		if v.Trainable {
			paths = append(paths, strings.TrimPrefix(v.Path(), "/"))
		}
	}
	return paths, nil
}

// near lists the three layers among the paths whose names share most letters, in their order, with the pattern.
func near(pattern string, paths []string) []string {
	var layers []string
	for _, p := range paths {
		layer, _ := model.SplitPath(p)
		layers = append(layers, strings.Trim(layer, "/"))
	}
	layers = slices.Compact(layers)
	slices.SortStableFunc(layers, func(a, b string) int {
		if d := inCommon(pattern, b) - inCommon(pattern, a); d != 0 {
			return d
		}
		return len(a) - len(b)
	})
	return layers[:min(3, len(layers))]
}

// inCommon is the length of the longest common subsequence of a and b.
func inCommon(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range len(a) {
		last := 0 // the row before, one column before
		for j := range len(b) {
			above := row[j+1]
			row[j+1] = max(above, row[j])
			if a[i] == b[j] {
				row[j+1] = last + 1
			}
			last = above
		}
	}
	return row[len(b)]
}
