package train

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/tensorboard"
)

// mobile is a small network of an ONNX file with batch norm, a depthwise convolution and a residual.
const mobile = "../backbone/onnx/testdata/mobile.onnx"

// imported is tiny over mobile.
func imported(t *testing.T, data string) *config.Config {
	t.Helper()
	c := tiny(t, data)
	b, err := checkpoint.ReadBackbone(mobile, backbone.Options{Normalisation: &augment.ImageNet})
	if err != nil {
		t.Fatal(err)
	}
	c.UseBackbone(mobile, b.Imported)
	return c
}

// A network that was imported trains on cached features of a cut or of its own features, with
// frozen patterns and averages, and a run of it that was interrupted goes on exactly.
func TestImportedNetworkGoesOnExactly(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(c *config.Config){
		"whole, statistics too": func(c *config.Config) { c.Backbone.FreezeStatistics = false },
		"features of two crops": func(c *config.Config) { c.Freeze = config.Freeze{Part: "backbone", Crops: 2, UnfreezeAt: 4} },
		"until one of two branches, patterns, averages": func(c *config.Config) {
			c.Freeze, c.Frozen, c.EMA = config.Freeze{Until: "block.scaled", UnfreezeAt: 4}, []string{"backbone/stem*", "*.bn.*"}, 0.9
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "x.h5")
			writeImages(t, data)
			goesOnExactly(t, func() *config.Config {
				c := imported(t, data)
				set(c)
				return c
			}, 4)
		})
	}
}

// What is frozen, by a cut or by patterns, stays as the file has it; the rest of the backbone
// learns, its statistics do not move unless asked.
func TestImportedNetworkLearns(t *testing.T) {
	t.Parallel()
	file, err := checkpoint.ReadBackbone(mobile, backbone.Options{Normalisation: &augment.ImageNet})
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	for _, k := range []struct {
		name string
		set  func(c *config.Config)
		kept func(path string) bool
	}{
		{"cut", func(c *config.Config) { c.Freeze = config.Freeze{Until: "block"} }, func(path string) bool {
			return !strings.HasPrefix(path, "head.") || strings.Contains(path, "running")
		}},
		{"patterns", func(c *config.Config) { c.Frozen = []string{"backbone/block.depth*", "*.bias"} }, func(path string) bool {
			return strings.HasPrefix(path, "block.depth") || strings.HasSuffix(path, ".bias") || strings.Contains(path, "running")
		}},
		{"statistics", func(c *config.Config) { c.Backbone.FreezeStatistics = false }, func(string) bool { return false }},
	} {
		c := imported(t, data)
		k.set(c)
		tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
		last := finish(t, tr)
		for path, was := range file.Tensors {
			if same := slices.Equal(was.Data, last["backbone/"+path].Data); same != k.kept(path) {
				t.Errorf("%s: %s is unchanged: %t, want %t", k.name, path, same, k.kept(path))
			}
		}
		checkGraph(t, tr.Folder.Events())
	}
}

// checkGraph looks for the network in the graph that a run wrote for TensorBoard.
func checkGraph(t *testing.T, folder string) {
	t.Helper()
	events, err := tensorboard.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]tensorboard.Node{}
	for _, e := range events {
		for _, n := range e.Graph {
			nodes[n.Name] = n
		}
	}
	var depth, residual string
	for name, n := range nodes {
		for _, from := range n.Inputs {
			if _, known := nodes[from]; !known {
				t.Errorf("%s reads %s, which the graph lacks", name, from)
			}
		}
		if n.Op == "Conv" && strings.Contains(name, "block.depth") {
			depth = name
		}
		if n.Op == "Add" && strings.Contains(name, "block") && len(n.Inputs) == 2 {
			residual = name
		}
	}
	if depth == "" || residual == "" {
		t.Errorf("no depthwise convolution (%q) or no residual (%q) in the graph", depth, residual)
	}
}
