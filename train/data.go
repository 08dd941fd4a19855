package train

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/sampler"
	"github.com/dvml/dvml/store"
)

// data is the open data file and what a run needs to know of it.
type data struct {
	reader  *store.Reader
	train   []int   // images of the training classes
	test    []int   // images of the held-out classes
	classes int     // number of training classes
	folded  bool    // test is a fold of the training classes
	number  []int32 // class of the file -> training class from 0, or -1
}

// openData opens the data file, and refuses one that a run cannot be trained and judged on.
func openData(path string, fold config.Fold, all bool) (*data, error) {
	d, err := readData(path, fold, all)
	if err != nil {
		return nil, err
	}
	if err := d.check(path, all); err != nil {
		d.reader.Close()
		return nil, err
	}
	return d, nil
}

// readData opens the data file, split as it says, with a fold among its training classes, or with all classes to train on.
func readData(path string, fold config.Fold, all bool) (*data, error) {
	r, err := store.Open(path)
	if err != nil {
		return nil, err
	}
	d := &data{reader: r, train: r.Indices(store.Train), test: r.Indices(store.Test)}
	if fold.Of > 0 {
		if err := d.holdOut(fold); err != nil {
			r.Close()
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if all {
		d.train, d.test = slices.Concat(d.train, d.test), nil
		slices.Sort(d.train)
		d.train = slices.Compact(d.train)
	}
	d.number = make([]int32, len(r.Classes()))
	for i := range d.number {
		d.number[i] = -1
	}
	labels := r.Labels()
	for _, i := range d.train {
		if c := labels[i]; d.number[c] < 0 {
			d.number[c] = 0
		}
	}
	for c, n := range d.number {
		if n == 0 {
			d.number[c] = int32(d.classes)
			d.classes++
		}
	}
	return d, nil
}

// check reports data that is too little to train on or, unless all classes are trained on, to judge by.
func (d *data) check(path string, all bool) error {
	switch {
	case all && d.classes < 2:
		return fmt.Errorf("%s has %d classes; at least 2 are needed (see `dvml info %s`)", path, d.classes, path)
	case all:
		return nil
	case d.classes < 2 || len(d.test) < 2:
		return fmt.Errorf("%s has %d training classes and %d held-out images; both are needed, at least 2 each; --all trains on every class, and measures nothing (see `dvml info %s`)", path, d.classes, len(d.test), path)
	case !d.findable():
		return fmt.Errorf("no two held-out images of %s show the same class, so nothing can be found and no state be the best: add photographs of the held-out classes (see `dvml info %s`)", path, path)
	}
	return nil
}

// DataOf is what the settings' data file holds, for presets to be fitted to.
func DataOf(c *config.Config) (config.Data, error) {
	d, err := readData(c.Data, c.Fold, c.All)
	if err != nil {
		return config.Data{}, err
	}
	defer d.reader.Close()
	return d.facts(), nil
}

func (d *data) facts() config.Data {
	return config.Data{Images: len(d.train), Classes: d.classes, Paired: d.paired()}
}

// holdOut splits the training images by the fold that their classes are in.
func (d *data) holdOut(fold config.Fold) error {
	labels := d.reader.Labels()
	var classes []int32
	for _, i := range d.train {
		classes = append(classes, labels[i])
	}
	slices.Sort(classes)
	classes = slices.Compact(classes)
	held, err := fold.Deal(len(classes))
	if err != nil {
		return err
	}
	all := d.train
	d.train, d.test, d.folded = nil, nil, true
	for _, i := range all {
		if at, _ := slices.BinarySearch(classes, labels[i]); held[at] {
			d.test = append(d.test, i)
		} else {
			d.train = append(d.train, i)
		}
	}
	return nil
}

// gallery says which of the held-out images are searched, see store.Reader.InGallery; a fold's are queries and gallery both.
func (d *data) gallery() []bool {
	if d.folded {
		return nil
	}
	return d.reader.InGallery(d.test)
}

// findable reports whether a held-out image has another of its class to find.
func (d *data) findable() bool {
	labels, gallery := d.testLabels(), d.gallery()
	found := map[int32]int{} // images of a class that are searched
	for at, c := range labels {
		if gallery == nil || gallery[at] {
			found[c]++
		}
	}
	for at, c := range labels {
		if gallery == nil && found[c] > 1 || gallery != nil && !gallery[at] && found[c] > 0 {
			return true
		}
	}
	return false
}

// testLabels are the classes of the held-out images.
func (d *data) testLabels() []int32 {
	labels, all := make([]int32, len(d.test)), d.reader.Labels()
	for i, n := range d.test {
		labels[i] = all[n]
	}
	return labels
}

// sampler plans the batches.
func (d *data) sampler(b config.Batch, seed uint64) (sampler.Sampler, error) {
	labels := d.reader.Labels()
	switch b.Sampler {
	case "npair":
		return sampler.NewNPair(labels, d.train, b.Classes, seed)
	case "balanced":
		return sampler.NewClassBalanced(labels, d.train, b.Size(), seed)
	}
	return sampler.NewPxK(labels, d.train, b.Classes, b.PerClass, seed)
}

// names are the names of the training classes, by their numbers.
func (d *data) names() []string {
	names := make([]string, d.classes)
	for c, name := range d.reader.Classes() {
		if n := d.number[c]; n >= 0 {
			names[n] = name
		}
	}
	return names
}

// numbers returns the training classes, from 0, of images.
func (d *data) numbers(index []int) []int32 {
	labels, all := make([]int32, len(index)), d.reader.Labels()
	for i, n := range index {
		labels[i] = d.number[all[n]]
	}
	return labels
}
