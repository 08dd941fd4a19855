package train

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/sampler"
)

// Gradient caching (Gao, Zhang, Han, Callan, "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021) trains on batches whose
// activations are larger than memory. The features x [B,F] are what the heads, the losses and the miners see of a batch, and the only way from them to the
// network's weights w, so that
//
//	dL/dw = sum over chunks c of  (dx_c/dw)^T dL/dx_c
//
// Each chunk goes through the network once for its features; heads, miners and losses run once on the features of the whole batch, which gives the gradient of
// their own weights and dL/dx; each chunk goes through the network again, with the scalar sum(x_c * dL/dx_c), whose gradient is its part of the sum. Only a
// chunk's activations are in memory at a time, and no approximation is made: heads and decoder normalise by the whole batch, a memory of embeddings is filled
// once. Batch norm of the network is the exception, since its statistics would be the chunk's, see checkChunks.

// network is what a step in chunks does below the features.
type network struct {
	forward    *model.Exec       // a chunk's input -> its features [n,F]; moves the statistics of batch norm
	backward   *model.Exec       // a chunk's input, dL/dx [n,F], 0 for a step's first, else 1: adds to the gathered gradients; nil where nothing trains
	weights    []*model.Variable // that can be trained, once the forward graph is built
	statistics []*model.Variable // of batch norm, which the forward graph moves
}

// newNetwork prepares the graphs of the network above stage, "" for all of it.
func newNetwork(backend compute.Backend, store *model.Store, m *method.Model, stage string, trains func(path string) bool, gathered *gathering) (*network, error) {
	n := &network{}
	forward, err := model.NewExec(backend, store, func(scope *model.Scope, x *Node) *Node {
		features, g := m.FeaturesFrom(scope, x, stage, true), x.Graph()
		n.weights, n.statistics = nil, changedIn(scope, g)
		for v := range scope.Store().IterVariables() {
			if v.Trainable && v.InUseByGraph(g) && groupOf(v.Path()) == backboneGroup {
				n.weights = append(n.weights, v)
			}
		}
		gathered.moved(n.statistics)
		return features
	})
	if err != nil {
		return nil, err
	}
	n.forward = forward.WithName("features")
	if !slices.ContainsFunc(above(m.Backbone, stage), func(v backbone.Variable) bool { return v.Trainable && trains("/backbone/"+v.Path) }) {
		return n, nil
	}
	backward, err := model.NewExec(backend, store, func(scope *model.Scope, x, slope, keep *Node) *Node {
		still := map[*model.Variable]*Node{} // the statistics have moved already
		for _, v := range n.statistics {
			still[v] = v.NodeValue(x.Graph())
		}
		total := ReduceAllSum(Mul(m.FeaturesFrom(scope, x, stage, true), slope))
		for v, value := range still {
			v.SetNodeValue(value)
		}
		vars, grads, _ := gradients(scope, total, trains)
		gathered.add(scope, vars, grads, keep)
		return total
	})
	if err != nil {
		forward.Finalize()
		return nil, err
	}
	n.backward = backward.WithName("chunk")
	return n, nil
}

// above lists the variables of the network that its graph above stage reads.
func above(b backbone.Backbone, stage string) []backbone.Variable {
	if stage == "" {
		return b.Variables()
	}
	below := map[string]bool{}
	for _, v := range b.VariablesUntil(stage) {
		below[v.Path] = true
	}
	return slices.DeleteFunc(slices.Clone(b.Variables()), func(v backbone.Variable) bool { return below[v.Path] })
}

// times is how often each chunk goes through the network.
func (n *network) times() int {
	if n.backward == nil {
		return 1
	}
	return 2
}

// features takes the chunks of a batch of rows images, the next of batches, through the network. It returns their features x [rows,F] and the last chunk, which
// is not released.
func (n *network) features(batches batches, rows int) (x []float32, last batch, err error) {
	for done := 0; done < rows; done += len(last.index) {
		if done > 0 {
			batches.release(last)
		}
		if last, err = batches.next(); err != nil {
			return nil, batch{}, err
		}
		out, err := n.forward.Call1(last.input)
		if err != nil {
			return nil, batch{}, err
		}
		part, err := tensors.CopyFlatData[float32](out)
		if err != nil {
			return nil, batch{}, err
		}
		if x == nil {
			x = make([]float32, 0, len(part)/len(last.index)*rows)
		}
		x = append(x, part...)
	}
	return x, last, nil
}

// gradients takes the same chunks through the network again, with slopes = dL/dx [rows,F], and adds up the gradients of its weights. begun says whether sums of
// this step exist already.
func (n *network) gradients(batches batches, rows int, slopes []float32, begun bool) error {
	if n.backward == nil {
		return nil
	}
	each := len(slopes) / rows
	for done := 0; done < rows; {
		b, err := batches.next()
		if err != nil {
			return err
		}
		size := len(b.index)
		keep := float32(0)
		if begun || done > 0 {
			keep = 1
		}
		_, err = n.backward.Call(b.input, tensors.FromFlatDataAndDimensions(slopes[done*each:(done+size)*each], size, each), tensors.FromScalar(keep))
		batches.release(b)
		if err != nil {
			return err
		}
		done += size
	}
	return nil
}

func (n *network) close() {
	n.forward.Finalize()
	if n.backward != nil {
		n.backward.Finalize()
	}
}

// parts cuts the batches of plan into those that go through the graphs of the step at once, and returns how many of them a batch takes.
func (s *step) parts(plan sampler.Sampler, c *config.Config) (sampler.Sampler, int, error) {
	if s.network == nil {
		return plan, 1, nil
	}
	parts, err := sampler.NewParts(plan, c.Chunk, s.network.times())
	if err != nil {
		return nil, 0, err
	}
	return parts, parts.Each(), nil
}

// checkChunks refuses chunks of a network whose batch norm takes the statistics of what goes through it, unless they are asked for by name: the gradient would
// not be that of the large batch.
func checkChunks(m *method.Model, c *config.Config) error {
	if c.ChunkNorm == config.PerChunk || c.Backbone.FreezeStatistics {
		return nil
	}
	stage := c.Freeze.Stage()
	if c.Freeze.UnfreezeAt > 0 {
		stage = ""
	}
	if !c.Chunked() || stage == backbone.Features {
		return nil
	}
	norms := slices.IndexFunc(above(m.Backbone, stage), func(v backbone.Variable) bool { return !v.Trainable && isStatistic(v.Path) })
	if norms < 0 {
		return nil
	}
	layer, _, _ := strings.Cut(above(m.Backbone, stage)[norms].Path, "/mean")
	return fmt.Errorf("chunk is %d, but the network's batch norm (%s and others) normalises by the images that go through it at once: the gradient would not be that of the whole batch. "+
		"Set backbone.freeze_statistics to true, which keeps the statistics that the weights come with, or chunk_norm to %s, which normalises each chunk by its own", c.Chunk, layer, config.PerChunk)
}
