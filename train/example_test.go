package train_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

// silent is a Watcher that shows nothing.
type silent struct{}

func (silent) Say(string)                         {}
func (silent) Step(train.Progress)                {}
func (silent) Features(map[string]float64)        {}
func (silent) Evaluation(int, map[string]float64) {}
func (silent) Embedding(done, total int)          {}

// A small network, trained for four steps on a made data file. With photographs, `dvml prepare` writes the file.
func Example() {
	dir, err := os.MkdirTemp("", "train")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	data := filepath.Join(dir, "data.h5")
	if err := writeColours(data); err != nil {
		log.Fatal(err)
	}

	c, err := config.Preset("laptop")
	if err != nil {
		log.Fatal(err)
	}
	c.Data = data
	for _, s := range []string{
		"backbone.width=0.125", "image.crop=32", "method.dim=8", "method.decoder.hidden=16", "batch={classes: 3, per_class: 2}",
		"phases=[{steps: 4, lambda: {kl: 0.8, reconstruction: 1, synthetic: 0.2, invariant: 0.8}, train_decoder: true, samples: 1}]",
	} {
		if err := c.Set(s); err != nil {
			log.Fatal(err)
		}
	}
	backend, err := engine.New("cpu")
	if err != nil {
		log.Fatal(err)
	}
	t, err := train.New(c, run.Folder(filepath.Join(dir, "run")), backend, silent{})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	if err := t.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	rows, err := run.ReadRows(t.Folder.Metrics())
	if err != nil {
		log.Fatal(err)
	}
	_, last := rows[len(rows)-1].Values["R@1"]
	fmt.Println(t.Step(), "steps; evaluated at the end:", last)
	// Output: 4 steps; evaluated at the end: true
}

// writeColours writes six classes of four images, each of one colour: three to train on, three held out.
func writeColours(path string) error {
	const size, classes, each = 36, 6, 4
	names := []string{"black", "blue", "green", "red", "white", "yellow"}
	w, err := store.Create(path, store.Spec{N: classes * each, Size: size, Classes: names})
	if err != nil {
		return err
	}
	for i := range classes * each {
		class := i / each
		pixels := make([]byte, 3*size*size)
		for p := range pixels {
			pixels[p] = byte(40*class + (p*(i+3))%23)
		}
		if err := w.Put(i, pixels, int32(class), store.ClassDisjoint(class, classes)); err != nil {
			return err
		}
	}
	return w.Commit()
}
