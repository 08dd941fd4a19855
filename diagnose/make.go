package diagnose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/variation"
)

// Options say how a state is looked into.
type Options struct {
	Data     string // HDF5 file of images; empty: what the run was trained on
	Backend  compute.Backend
	Seed     uint64 // of drawn z_V and of the control
	Batch    int    // images that go through the network at once; 0: as the run's evaluations
	Progress func(done, total int)
	Cache    string   // folder of the features that training keeps; "": see features.Place
	Memory   *Memory  // where several states are looked into one after another; nil: none
	Factors  *Factors // what is known of the images of Data, that probes read; nil: no probes
}

// Memory holds the pooled features of the last state that was looked into, so that runs over one frozen backbone embed their images once.
type Memory struct {
	key      string
	features []float32 // [N,F]
	probe    *Probe    // of the features; nil: none yet
}

// probed is the probe of the features that m holds, made where it is not there yet.
func (m *Memory) probed(make func() (Probe, error)) (Probe, error) {
	if m != nil && m.probe != nil {
		return *m.probe, nil
	}
	p, err := make()
	if err == nil && m != nil {
		m.probe = &p
	}
	return p, err
}

// subject is a state of a run with the held-out images.
type subject struct {
	model   *dvml.Model
	config  *config.Config
	data    *store.Reader
	path    string // of the data
	indices []int  // of the held-out images
	labels  []int32
	classes int
}

// Make looks into the state of a run at path, a checkpoint with heads.
func Make(ctx context.Context, path string, o Options) (*Diagnosis, error) {
	m, err := dvml.Open(path, dvml.On(o.Backend))
	if err != nil {
		return nil, fmt.Errorf("diagnose: %w", err)
	}
	defer m.Close()
	d, err := diagnosis(ctx, m, o)
	if err != nil {
		return nil, fmt.Errorf("diagnose: %s: %w", path, err)
	}
	return d, nil
}

func diagnosis(ctx context.Context, m *dvml.Model, o Options) (*Diagnosis, error) {
	s, err := open(m, o.Data)
	if err != nil {
		return nil, err
	}
	defer s.data.Close()
	if o.Factors != nil {
		if err := o.Factors.check(s.data); err != nil {
			return nil, err
		}
	}
	h, x, err := s.heads(ctx, o)
	if err != nil {
		return nil, err
	}
	d := &Diagnosis{Step: m.Checkpoint().Step, Images: len(s.indices), Classes: s.classes, Dim: h.Dim, Objective: s.config.Method.Objective}
	if d.Key, err = key(m.Path(), s.data, o.Seed); err != nil {
		return nil, err
	}
	if err := d.vary(s, h, o.Seed); err != nil {
		return nil, err
	}
	if o.Factors != nil {
		if err := d.probe(s, h, x, o); err != nil {
			return nil, err
		}
	}
	if err := d.draw(s, h); err != nil {
		return nil, err
	}
	return d, ctx.Err()
}

// open opens the data of a model.
func open(m *dvml.Model, data string) (*subject, error) {
	if m.Headless() {
		return nil, errors.New("it is a backbone, with no heads to look into; name a state of a run")
	}
	s := &subject{model: m, config: m.Config(), path: data}
	if s.path == "" {
		s.path = s.config.Data
	}
	var err error
	if s.data, err = store.Open(s.path); err != nil {
		return nil, err
	}
	s.indices = s.data.Indices(store.Test)
	seen, all := map[int32]bool{}, s.data.Labels()
	for _, i := range s.indices {
		s.labels = append(s.labels, all[i])
		seen[all[i]] = true
	}
	if s.classes = len(seen); s.classes < 2 {
		s.data.Close()
		return nil, fmt.Errorf("%s has %d held-out classes; at least 2 are compared", s.path, s.classes)
	}
	return s, nil
}

// heads runs the model over the held-out images, and returns their pooled features too.
func (s *subject) heads(ctx context.Context, o Options) (h embed.Heads, x []float32, err error) {
	backend, err := s.model.Engine()
	if err != nil {
		return h, nil, err
	}
	batch := o.Batch
	if batch == 0 {
		batch = s.config.Evaluate.Batch
	}
	e, err := embed.New(backend, s.model.Variables(), s.model.Network(), embed.Features, batch)
	if err != nil {
		return h, nil, err
	}
	defer e.Close()
	if x, err = s.features(ctx, e, o); err != nil {
		return h, nil, err
	}
	h, err = embed.HeadsOf(backend, s.model.Variables(), s.model.Network(), x)
	return h, x, err
}

// features returns the pooled features of the held-out images: those of the last state where it has the same backbone, those that training with a
// frozen backbone keeps beside the data, or, where there are none of these weights, new ones.
func (s *subject) features(ctx context.Context, e *embed.Embedder, o Options) ([]float32, error) {
	weights, err := features.Fingerprint(s.model.Network().Backbone, s.model.Variables(), backbone.Features)
	if err != nil {
		return nil, err
	}
	source := features.Source{Reader: s.data, Embedder: e, Stage: backbone.Features, Weights: weights, Test: s.config.TestPlan()}
	if o.Memory != nil && o.Memory.key == source.Key() {
		return o.Memory.features, nil
	}
	x, err := s.cached(source, o.Cache)
	if err == nil && x == nil {
		x, err = e.Rows(ctx, s.data, s.indices, s.config.TestPlan(), o.Progress)
	}
	if err == nil && o.Memory != nil {
		*o.Memory = Memory{key: source.Key(), features: x}
	}
	return x, err
}

// cached reads the features that training keeps, nil where there are none.
func (s *subject) cached(source features.Source, folder string) ([]float32, error) {
	set, err := features.Cached(source, features.Place{Data: s.path, Folder: folder})
	if err != nil || set == nil {
		return nil, err
	}
	defer set.Close()
	x := make([]float32, 0, len(s.indices)*source.Embedder.Dim())
	for _, i := range s.indices {
		row, err := set.Row(-1, i)
		if err != nil {
			return nil, err
		}
		x = append(x, row...)
	}
	return x, nil
}

// vary fills in how the embeddings vary.
func (d *Diagnosis) vary(s *subject, h embed.Heads, seed uint64) error {
	sample := func(rows []float32) variation.Sample {
		return variation.Sample{Rows: rows, Dim: h.Dim, Labels: s.labels}
	}
	zi := sample(h.ZI)
	if err := d.add("z_I − centre", zi, true, seed); err != nil {
		return err
	}
	d.spread(SpreadBetween, zi.Centres().Variances())
	d.spread(SpreadWithin, zi.Centred().Variances())
	if h.Mu == nil {
		return nil
	}
	zv := draws(h, seed)
	for _, v := range []struct {
		of      string
		rows    []float32
		centred bool
	}{{"z_V", zv, false}, {"z_V − centre", zv, true}, {"μ", h.Mu, false}, {"μ − centre", h.Mu, true}} {
		if err := d.add(v.of, sample(v.rows), v.centred, seed); err != nil {
			return err
		}
	}
	d.Generator = generator(h)
	d.spread(SpreadMu, sample(h.Mu).Variances())
	d.spread(SpreadSigma, sigmaSquares(h))
	return nil
}

// spread keeps variances, the largest first.
func (d *Diagnosis) spread(of string, variances []float64) {
	slices.SortFunc(variances, func(a, b float64) int { return cmp.Compare(b, a) })
	d.Spreads = append(d.Spreads, Spread{of, variances})
}

// add tests one kind of vector.
func (d *Diagnosis) add(of string, s variation.Sample, centred bool, seed uint64) error {
	if centred {
		s = s.Centred()
	}
	control := s.Shuffled(seed)
	if centred {
		control = control.Centred()
	}
	v := Variation{Of: of}
	options := variation.Options{MinImages: enough(s.Labels), Seed: seed}
	var err error
	if v.Found, err = variation.Test(s, options); err != nil {
		return fmt.Errorf("%s: %w", of, err)
	}
	if v.Control, err = variation.Test(control, options); err != nil {
		return fmt.Errorf("%s: control: %w", of, err)
	}
	axes, err := s.Axes()
	if err != nil {
		return fmt.Errorf("%s: %w", of, err)
	}
	v.Effective = variation.EffectiveDimensions(axes.Variances)
	d.Variations = append(d.Variations, v)
	return nil
}

// enough is how many images a class needs to be compared: 8, or 2 where classes are small, as those of products are.
func enough(labels []int32) int {
	sizes, large := map[int32]int{}, 0
	for _, l := range labels {
		if sizes[l]++; sizes[l] == 8 {
			large++
		}
	}
	if large >= 2 {
		return 8
	}
	return 2
}

// draws is one z_V an image, mu + s eps.
func draws(h embed.Heads, seed uint64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0x2f))
	zv := make([]float32, len(h.Mu))
	for i := range zv {
		zv[i] = h.Mu[i] + float32(math.Exp(float64(h.LogVar[i])/2)*rng.NormFloat64())
	}
	return zv
}

// generator measures z_V's distributions.
func generator(h embed.Heads) *Generator {
	n := len(h.Mu) / h.Dim
	divergence, variances := make([]float64, n), make([]float64, len(h.Mu))
	for i, mu := range h.Mu {
		m, l := float64(mu), float64(h.LogVar[i])
		variances[i] = math.Exp(l)
		divergence[i/h.Dim] += (variances[i] + m*m - l - 1) / 2
	}
	g := &Generator{Variance: median(variances), Divergence: median(divergence), MostDivergence: slices.Max(divergence)}
	const informative = 0.01
	for _, v := range (variation.Sample{Rows: h.Mu, Dim: h.Dim, Labels: make([]int32, n)}).Variances() {
		g.MeanVariance += v / float64(h.Dim)
		if v > informative {
			g.Active++
		}
	}
	return g
}

// sigmaSquares is the median over the images of s^2, for each dimension.
func sigmaSquares(h embed.Heads) []float64 {
	n := len(h.LogVar) / h.Dim
	sigma, column := make([]float64, h.Dim), make([]float64, n)
	for j := range sigma {
		for i := range n {
			column[i] = math.Exp(float64(h.LogVar[i*h.Dim+j]))
		}
		sigma[j] = median(column)
	}
	return sigma
}

// median sorts x and returns its middle, of two the upper.
func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
