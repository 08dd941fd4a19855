package dvml

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
)

// Model is a trained model, or a network of published weights alone, ready to embed photographs. Its methods may be called from several goroutines;
// the engine takes one batch after another, each on all processors.
type Model struct {
	path      string
	variables *model.Store
	info      checkpoint.Info
	config    *config.Config
	network   *method.Model
	fit       imageset.Fit
	mirror    bool
	dims      int    // that an embedding is cut to; 0: all
	named     string // the engine's name, where an option gave one
	foreign   backbone.Options

	mu        sync.Mutex
	backend   compute.Backend // made at the first use
	embedders map[embed.Kind]*embed.Embedder
}

// Option changes how Open opens a model.
type Option func(*Model)

// Backend names the engine: cpu (the default), cpu:bfloat16, go, or xla where the program was built with it. Package engine tells more.
func Backend(name string) Option { return func(m *Model) { m.named = name } }

// On gives the engine itself, which stays the caller's.
func On(backend compute.Backend) Option { return func(m *Model) { m.backend = backend } }

// Mirror embeds a photograph and its mirror image and returns the direction of their sum: twice the work for a slightly steadier embedding.
func Mirror() Option { return func(m *Model) { m.mirror = true } }

// Dims cuts embeddings to their first n dimensions: for models that were trained for it
// (method.loss.prefixes), whose prefixes are embeddings too. Open refuses an n that the model does not
// have.
func Dims(n int) Option { return func(m *Model) { m.dims = n } }

// Network says of a network in an ONNX file what the file does not: which tensor is its embedding, how its images are normalised.
func Network(o backbone.Options) Option { return func(m *Model) { m.foreign = o } }

// Open opens a model: a checkpoint, the folder of a run (its best state, or its newest where none was evaluated), or published weights of a network
// that package backbone reads, whose pooled features are then the embedding.
func Open(path string, options ...Option) (*Model, error) {
	file, err := state(path)
	if err != nil {
		return nil, err
	}
	m := &Model{path: file, embedders: map[embed.Kind]*embed.Embedder{}}
	for _, option := range options {
		option(m)
	}
	m.variables, m.info, err = checkpoint.Load(file)
	if errors.Is(err, checkpoint.ErrForeign) {
		var b *checkpoint.Backbone
		if b, err = checkpoint.ReadBackbone(file, m.foreign); err != nil {
			return nil, err
		}
		if m.variables, m.info, err = b.Alone(); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	if err := m.describe(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// state returns the file that path means.
func state(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	folder := run.Folder(path)
	if _, err := os.Stat(folder.Best()); err == nil {
		return folder.Best(), nil
	}
	states, err := folder.Checkpoints()
	if err != nil || len(states) == 0 {
		return "", fmt.Errorf("%s is not the folder of a run: it has neither best.safetensors nor checkpoints", path)
	}
	return states[0], nil
}

// describe makes the network that the state's settings name.
func (m *Model) describe() (err error) {
	if m.config, err = m.info.Settings(); err != nil {
		return err
	}
	if m.fit, err = imageset.ParseFit(m.info.Prepared.Fit); err != nil {
		return err
	}
	if m.network, err = m.info.Model(m.config); err != nil {
		return err
	}
	if whole := m.whole(); m.dims < 0 || m.dims > whole {
		return fmt.Errorf("its embeddings have %d dimensions and cannot be cut to %d", whole, m.dims)
	}
	return nil
}

// Close frees the compiled graphs.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.embedders {
		e.Close()
	}
	clear(m.embedders)
	return nil
}

// Path is the file that was opened.
func (m *Model) Path() string { return m.path }

// Config returns the settings of the run.
func (m *Model) Config() *config.Config { return m.config }

// Checkpoint returns what the file holds beside the variables.
func (m *Model) Checkpoint() checkpoint.Info { return m.info }

// Variables returns the variables, by their paths.
func (m *Model) Variables() *model.Store { return m.variables }

// Network returns the network, of which graphs are built.
func (m *Model) Network() *method.Model { return m.network }

// Headless reports a network without heads: its embedding is its pooled features.
func (m *Model) Headless() bool { return m.info.Classes == 0 }

// Kind is what the model's embedding is: z_I, or the pooled features of a network without heads.
func (m *Model) Kind() embed.Kind {
	if m.Headless() {
		return embed.Features
	}
	return embed.ZI
}

// Dim is the length of an embedding.
func (m *Model) Dim() int {
	if m.dims > 0 {
		return m.dims
	}
	return m.whole()
}

// whole is the length of an embedding before it is cut to Dims.
func (m *Model) whole() int {
	if m.Headless() {
		return m.network.Backbone.Features()
	}
	return m.network.Method.Dim
}

// Engine returns the engine that the model runs on; it is made at the first call.
func (m *Model) Engine() (compute.Backend, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.engine()
}

func (m *Model) engine() (compute.Backend, error) {
	if m.backend != nil {
		return m.backend, nil
	}
	name := m.named
	if name == "" {
		name = m.config.Backend
	}
	backend, err := engine.New(name)
	if err != nil {
		return nil, err
	}
	m.backend = backend
	return backend, nil
}
