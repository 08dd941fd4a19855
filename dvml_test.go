package dvml_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

// trained is a small run on drawn pictures: a folder with pictures/, data.h5 and run/, made once for all tests and Examples.
var trained = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dvml-test")
	if err != nil {
		return "", err
	}
	pictures, data := filepath.Join(dir, "pictures"), filepath.Join(dir, "data.h5")
	if err := drawn.Draw(pictures, drawn.Options{Classes: 6, PerClass: 4, Size: 64, Seed: 1}); err != nil {
		return "", err
	}
	set, err := imageset.Open(pictures, imageset.Options{})
	if err != nil {
		return "", err
	}
	defer set.Close()
	if _, err := imageset.Prepare(context.Background(), set, data, imageset.PrepareOptions{Size: 48, Fit: imageset.Pad}); err != nil {
		return "", err
	}
	c, err := config.Preset("laptop")
	if err != nil {
		return "", err
	}
	for _, s := range []string{"backbone.width=0.125", "image.crop=40", "batch={sampler: pxk, classes: 3, per_class: 2}", "evaluate.k=[1]",
		"phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]"} {
		if err := c.Set(s); err != nil {
			return "", err
		}
	}
	c.Data = data
	backend, err := engine.New("")
	if err != nil {
		return "", err
	}
	t, err := train.New(c, run.Folder(filepath.Join(dir, "run")), backend, silent{})
	if err != nil {
		return "", err
	}
	defer t.Close()
	return dir, t.Run(context.Background())
})

// silent is a run's watcher that says nothing.
type silent struct{}

func (silent) Say(string)                         {}
func (silent) Step(train.Progress)                {}
func (silent) Features(map[string]float64)        {}
func (silent) Evaluation(int, map[string]float64) {}
func (silent) Embedding(int, int)                 {}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := trained(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

func folder(t *testing.T) string {
	t.Helper()
	dir, err := trained()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, path string, options ...dvml.Option) *dvml.Model {
	t.Helper()
	m, err := dvml.Open(path, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// cosine of two rows of length 1.
func cosine(a, b []float32) float64 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// A photograph that is embedded from its file, decoded, or from the data file gives the same embedding, in whatever company.
func TestEmbeddingsAgree(t *testing.T) {
	dir := folder(t)
	m := open(t, filepath.Join(dir, "run"))
	data, err := store.Open(filepath.Join(dir, "data.h5"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if m.Size() != 48 || m.Checkpoint().Prepared.Fit != "pad" {
		t.Fatalf("photographs are prepared to %d by %q; training's were to 48 by pad", m.Size(), m.Checkpoint().Prepared.Fit)
	}
	var all []int
	for i := range data.N() {
		all = append(all, i)
	}
	ctx := context.Background()
	want, dim, err := m.Rows(ctx, data, all, embed.ZI, 7, nil)
	if err != nil {
		t.Fatal(err)
	}
	if dim != m.Dim() {
		t.Fatalf("rows of %d values, Dim is %d", dim, m.Dim())
	}
	dvml.Normalise(want, dim)
	set, err := imageset.Open(filepath.Join(dir, "pictures"), imageset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for i, img := range set.Images {
		got, err := m.EmbedFile(ctx, img.Path)
		if err != nil {
			t.Fatal(err)
		}
		if c := cosine(got, want[i*dim:(i+1)*dim]); c < 1-1e-5 {
			t.Errorf("%s: the cosine to its row of the data file is %v", img.Path, c)
		}
		if c := cosine(got, got); math.Abs(c-1) > 1e-5 {
			t.Errorf("%s: the squared length is %v", img.Path, c)
		}
	}
}

// A model that was opened to mirror or to cut does so with photographs and with a data file alike.
func TestMirrorAndDims(t *testing.T) {
	dir := folder(t)
	data, err := store.Open(filepath.Join(dir, "data.h5"))
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	const images = 5
	whole := open(t, filepath.Join(dir, "run"))
	square := 3 * whole.Size() * whole.Size()
	pixels, mirrored := make([]byte, images*square), make([]byte, images*square)
	for i := range images {
		if err := data.ReadImage(i, pixels[i*square:(i+1)*square]); err != nil {
			t.Fatal(err)
		}
	}
	for at, side := 0, whole.Size(); at < len(pixels); at += side {
		for x := range side {
			mirrored[at+x] = pixels[at+side-1-x]
		}
	}
	ctx := context.Background()
	embedded := func(m *dvml.Model, pixels []byte) []float32 {
		rows, err := m.EmbedPrepared(ctx, pixels)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	plain, other := embedded(whole, pixels), embedded(whole, mirrored)
	both := slices.Clone(plain)
	for i, v := range other {
		both[i] += v
	}
	dvml.Normalise(both, whole.Dim())
	short := make([]float32, 0, images*3)
	for i := range images {
		short = append(short, plain[i*whole.Dim():i*whole.Dim()+3]...)
	}
	dvml.Normalise(short, 3)
	for name, c := range map[string]struct {
		option dvml.Option
		want   []float32
	}{"mirrored": {dvml.Mirror(), both}, "cut": {dvml.Dims(3), short}} {
		m := open(t, filepath.Join(dir, "run"), c.option)
		rows, dim, err := m.Rows(ctx, data, []int{0, 1, 2, 3, 4}, embed.ZI, 2, nil)
		if err != nil || dim != m.Dim() {
			t.Fatalf("%s: %d dimensions, not %d, %v", name, dim, m.Dim(), err)
		}
		dvml.Normalise(rows, dim)
		for kind, got := range map[string][]float32{"photographs": embedded(m, pixels), "data": rows} {
			for i := range images {
				if c := cosine(got[i*dim:(i+1)*dim], c.want[i*dim:(i+1)*dim]); c < 1-1e-5 {
					t.Errorf("%s, %s: the cosine of row %d to what it should be is %v", name, kind, i, c)
				}
			}
		}
	}
	if m, err := dvml.Open(filepath.Join(dir, "run"), dvml.Dims(whole.Dim()+1)); err == nil || !strings.Contains(err.Error(), "cannot be cut to") {
		t.Errorf("opened %v: %v", m, err)
	}
}

// Several goroutines may embed at once.
func TestConcurrentEmbedding(t *testing.T) {
	dir := folder(t)
	m := open(t, filepath.Join(dir, "run", "best.safetensors"))
	pixels := make([]byte, 3*m.Size()*m.Size())
	for i := range pixels {
		pixels[i] = byte(i * 7)
	}
	want, err := m.EmbedPrepared(context.Background(), pixels)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got, err := m.EmbedPrepared(context.Background(), pixels)
			if err != nil || cosine(got, want) < 1-1e-6 {
				t.Errorf("%v, cosine %v", err, cosine(got, want))
			}
		})
	}
	wg.Wait()
}

// Equal embeddings have equal fingerprints, others have others.
func TestFingerprint(t *testing.T) {
	dir := folder(t)
	prints := map[string]string{}
	for name, m := range map[string]*dvml.Model{
		"run": open(t, filepath.Join(dir, "run")), "best": open(t, filepath.Join(dir, "run", "best.safetensors")),
		"mirrored": open(t, filepath.Join(dir, "run"), dvml.Mirror()), "cut": open(t, filepath.Join(dir, "run"), dvml.Dims(2)), "first": open(t, filepath.Join(dir, "run", "checkpoints", "step-000002.safetensors")),
	} {
		print, err := m.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		prints[name] = print
	}
	if prints["run"] != prints["best"] {
		t.Error("the run's folder and its best state have different fingerprints")
	}
	if prints["mirrored"] == prints["run"] || prints["cut"] == prints["run"] {
		t.Error("embeddings of mirrored photographs too, or cut short, have the fingerprint of those without")
	}
	info, err := open(t, filepath.Join(dir, "run")).Info()
	if err != nil {
		t.Fatal(err)
	}
	if info.Fingerprint != prints["run"] || len(info.Classes) != 3 || info.Fit != "pad" || info.Headless {
		t.Errorf("%+v", info)
	}
}

// What cannot be opened or embedded says why.
func TestErrors(t *testing.T) {
	dir := folder(t)
	for _, path := range []string{filepath.Join(dir, "nothing"), filepath.Join(dir, "pictures"), filepath.Join(dir, "data.h5")} {
		if m, err := dvml.Open(path); err == nil {
			m.Close()
			t.Errorf("%s was opened", path)
		}
	}
	m := open(t, filepath.Join(dir, "run"))
	if _, err := m.EmbedFile(context.Background(), filepath.Join(dir, "run", "config.yaml")); err == nil {
		t.Error("a text was embedded")
	}
	if _, err := m.EmbedPrepared(context.Background(), make([]byte, 5)); err == nil {
		t.Error("5 bytes were embedded")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.EmbedPrepared(ctx, make([]byte, 3*48*48)); err == nil {
		t.Error("embedded after the context ended")
	}
}
