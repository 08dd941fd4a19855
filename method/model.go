package method

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/loss"
)

// Model is a backbone under a method, for a training set of Classes classes. Its variables live under the scope's "backbone", "heads",
// "decoder", "classifier" and "loss".
type Model struct {
	Backbone backbone.Backbone
	Method   Method
	Classes  int

	loss loss.Loss
}

// NewModel checks the settings and makes the model; Method.Dim 0 becomes the number of the backbone's features. Its loss is told the number of classes, the dimension and the seed of its proxies.
func NewModel(b backbone.Backbone, m Method, classes int, seed uint64) (*Model, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	if classes < 2 {
		return nil, fmt.Errorf("the training set has %d classes; metric learning needs at least 2", classes)
	}
	if m.Dim == 0 {
		m.Dim = b.Features()
	}
	if m.Start == "features" && m.Dim > b.Features() {
		return nil, fmt.Errorf("method.dim is %d and method.start features, but the backbone has %d features: z_I cannot begin as more of them", m.Dim, b.Features())
	}
	cfg := m.Loss
	cfg.NumClasses, cfg.Dim, cfg.Seed = classes, m.Dim, seed
	lm, err := loss.New(cfg)
	if err != nil {
		return nil, fmt.Errorf("method.loss: %w", err)
	}
	return &Model{Backbone: b, Method: m, Classes: classes, loss: lm}, nil
}

// NeedsUniform reports whether the loss asks for Inputs.Uniform.
func (m *Model) NeedsUniform() bool { return m.loss.NeedsUniform() }

// TrainHeads builds the losses of one training step from given features, with no backbone in the graph.
func (m *Model) TrainHeads(scope *model.Scope, in Inputs, phase Phase) Terms {
	return m.Method.objective(scope, m.loss, in, phase, m.Classes)
}

// Features builds the backbone: images [B,H,W,3] -> x [B,F].
func (m *Model) Features(scope *model.Scope, images *Node, training bool) *Node {
	return m.Backbone.Build(scope.At("backbone"), images, training)
}

// FeaturesFrom builds the backbone above a stage: what that stage gave, [B,h,w,C], or the features themselves after "pool", -> x [B,F]. Of stage "",
// images.
func (m *Model) FeaturesFrom(scope *model.Scope, x *Node, stage string, training bool) *Node {
	if stage == "" {
		return m.Features(scope, x, training)
	}
	return m.Backbone.BuildFrom(scope.At("backbone"), x, training, stage)
}

// Embed builds what the model outputs at test time, z_I [B,D] (not normalised), from images [B,H,W,3].
func (m *Model) Embed(scope *model.Scope, images *Node) *Node {
	return m.EmbedFeatures(scope, m.Features(scope, images, false))
}

// EmbedFrom builds z_I [B,D] from what the named stage of the backbone gave.
func (m *Model) EmbedFrom(scope *model.Scope, x *Node, stage string) *Node {
	return m.EmbedFeatures(scope, m.FeaturesFrom(scope, x, stage, false))
}

// EmbedFeatures builds z_I [B,D] from features [B,F]. The other heads are left out of the graph.
func (m *Model) EmbedFeatures(scope *model.Scope, x *Node) *Node {
	scope = scope.At("heads")
	return m.Method.invariant(scope, m.Method.normalised(scope, x, false))
}

// HeadInput builds what the heads read at test time, [B,F], from features [B,F].
func (m *Model) HeadInput(scope *model.Scope, x *Node) *Node {
	return m.Method.normalised(scope.At("heads"), x, false)
}

// Heads builds all heads at test time from features [B,F]: z_I and, under the dvml objective, the mean and the log variance of z_V.
func (m *Model) Heads(scope *model.Scope, x *Node) Embedding {
	return m.Method.heads(scope, x, nil, false)
}
