package train

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/loss"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
)

// writeClasses makes a data file whose classes, of which the first half train, have that many images each.
func writeClasses(t *testing.T, images ...int) string {
	t.Helper()
	const size = 40
	spec := store.Spec{Size: size}
	for c, n := range images {
		spec.N += n
		spec.Classes = append(spec.Classes, string(rune('a'+c)))
	}
	path := filepath.Join(t.TempDir(), "x.h5")
	w, err := store.Create(path, spec)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for c, n := range images {
		for range n {
			if err := w.Put(at, make([]byte, 3*size*size), int32(c), store.ClassDisjoint(c, len(images))); err != nil {
				t.Fatal(err)
			}
			at++
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

// Data that the run cannot learn from is refused before the first step, with what to do; single images that it can learn from are not.
func TestDataWithoutPairs(t *testing.T) {
	triplet, proxies := loss.Config{Name: "triplet"}, loss.Config{Name: "proxy-anchor"}
	lone, two := []int{1, 1, 1, 2, 2, 2}, []int{2, 2, 1, 2, 2, 2}
	for _, c := range []struct {
		name       string
		images     []int
		loss       loss.Config
		batch      config.Batch
		freeze     config.Freeze
		fit        bool
		want, says string // an error, "" for none, and a line
	}{
		{name: "pairs of one image", images: lone, loss: triplet, batch: config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}, freeze: config.Freeze{Part: "backbone"}, want: "add photographs, or take a loss with proxies"},
		{name: "pairs of two crops", images: lone, loss: triplet, batch: config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}, says: "two crops of it"},
		{name: "pairs of two cached crops", images: lone, loss: triplet, batch: config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}, freeze: config.Freeze{Part: "backbone", Crops: 2}, says: "two crops of it"},
		{name: "proxies", images: lone, loss: proxies, batch: config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}, freeze: config.Freeze{Part: "backbone"}},
		{name: "proxies, balanced", images: lone, loss: proxies, batch: config.Batch{Sampler: "balanced", Classes: 98, PerClass: 1}},
		{name: "n-pair of nothing", images: lone, loss: proxies, batch: config.Batch{Sampler: "npair", Classes: 2, PerClass: 2}, fit: true, want: "a batch takes 2 classes with two images to train on"},
		{name: "n-pair of too few", images: two, loss: triplet, batch: config.Batch{Sampler: "npair", Classes: 3, PerClass: 2}, want: "lower batch.classes, or add photographs"},
		{name: "n-pair, fitted", images: two, loss: triplet, batch: config.Batch{Sampler: "npair", Classes: 3, PerClass: 2}, fit: true, says: "no more with two images"},
		{name: "too few classes", images: two, loss: triplet, batch: config.Batch{Sampler: "pxk", Classes: 4, PerClass: 2}, want: "a batch takes 4 classes to train on"},
		{name: "nothing to find", images: []int{2, 2, 2, 1, 1, 1}, loss: triplet, batch: config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}, want: "no two held-out images"},
	} {
		b, err := testBackend("")
		if err != nil {
			t.Fatal(err)
		}
		cfg := tiny(t, writeClasses(t, c.images...))
		cfg.Method.Loss, cfg.Batch, cfg.Freeze, cfg.Fit = c.loss, c.batch, c.freeze, c.fit
		w := &recorder{}
		tr, err := New(cfg, run.Folder(filepath.Join(t.TempDir(), "run")), b, w)
		if err == nil {
			tr.Close()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if !said(w.lines, c.says) && c.says != "" || c.says == "" && len(w.lines) > 0 {
			t.Errorf("%s: said %q, want %q", c.name, w.lines, c.says)
		}
	}
}
