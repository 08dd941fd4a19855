package train

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
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
func checkFrozen(backend compute.Backend, m *method.Model, c *config.Config) error {
	if len(c.Frozen) == 0 {
		return nil
	}
	paths, err := weightPaths(backend, m, c)
	if err != nil {
		return fmt.Errorf("frozen: %w", err)
	}
	for _, p := range c.Frozen {
		if !slices.ContainsFunc(paths, func(path string) bool { return matches(p, path) }) {
			return fmt.Errorf("frozen: %q matches no weight of the model; near it are %s", p, strings.Join(near(p, paths), ", "))
		}
	}
	if !slices.ContainsFunc(paths, func(path string) bool { return !patterns(c.Frozen).match(path) }) {
		return fmt.Errorf("frozen: %q leaves nothing to train", c.Frozen)
	}
	return nil
}

// weightPaths lists the paths of all that can be trained: the backbone's layers, and what the heads' graph makes in a store of its own.
func weightPaths(backend compute.Backend, m *method.Model, c *config.Config) ([]string, error) {
	var paths []string
	for _, v := range m.Backbone.Variables() {
		if v.Trainable {
			paths = append(paths, "backbone/"+v.Path)
		}
	}
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, c.Seed)
	phase := c.Phases[0].Phase
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, list []*Node) *Node {
		in := inputsOf(m, phase, list)
		return m.TrainHeads(scope, forMethod(in, in.X), phase).Total
	})
	if err != nil {
		return nil, err
	}
	defer exec.Finalize()
	in := inputShapes(m, phase, c.BatchOf(0).Size(), m.Backbone.Features())
	if _, err := exec.Compile(in.list(m, phase)...); err != nil {
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
