package features

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/hdf5"
)

// Set is an open cache. It is safe for concurrent use.
type Set struct {
	Path  string
	Shape []int // of the values of one image: [h,w,C] or [F]
	Crops int   // K

	f             *os.File
	row           int64 // bytes of one image
	centre, crops part
}

// part is a dataset: the values of images, in this order.
type part struct {
	at     int64 // in the file
	images []int
}

// Close closes the file.
func (s *Set) Close() error { return s.f.Close() }

// Read reads the values of an image into dst, as the bytes of float32: of its centre crop (crop -1), or of augmented crop 0 to K-1. With K > 0 centre
// crops are kept of the held-out images and augmented ones of the training images, with K = 0 the centre crops of all.
func (s *Set) Read(dst []byte, crop, image int) error {
	p, at := s.centre, int64(0)
	if crop >= 0 {
		p, at = s.crops, int64(crop)*int64(len(s.crops.images))
	}
	i, ok := slices.BinarySearch(p.images, image)
	if !ok || crop >= s.Crops || int64(len(dst)) != s.row {
		return fmt.Errorf("features: image %d, crop %d, into %d bytes: not of this cache of %d crops and %d bytes a row", image, crop, len(dst), s.Crops, s.row)
	}
	if _, err := s.f.ReadAt(dst, p.at+(at+int64(i))*s.row); err != nil {
		return fmt.Errorf("features: image %d: %w", image, err)
	}
	return nil
}

// set is the source's set without its file.
func (s Source) set() Set {
	set := Set{Shape: s.Embedder.Shape(), Crops: s.Crops, row: s.row()}
	set.centre.images, set.crops.images = s.images()
	return set
}

// open opens the cache at path as set, whose sizes it must have.
func open(path, key string, set Set) (opened *Set, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := hdf5.Open(f, info.Size())
	if err != nil {
		return nil, err
	}
	root, err := file.Root()
	if err != nil {
		return nil, err
	}
	kept, ok, err := root.Attribute("key")
	if err != nil || !ok || kept.Type.Trim(kept.Data) != key {
		return nil, fmt.Errorf("it is not the cache that its name says (delete it to have it made anew): %w", hdf5.ErrFormat)
	}
	set.f, set.Path = f, path
	for _, d := range []struct {
		name  string
		count int
		part  *part
	}{{"centre", 1, &set.centre}, {"crops", set.Crops, &set.crops}} {
		if d.count == 0 {
			continue
		}
		node, err := file.Node(root.Links[d.name])
		if err != nil {
			return nil, err
		}
		if node.Data == nil || node.Data.Size != int64(d.count*len(d.part.images))*set.row {
			return nil, fmt.Errorf("dataset %s has not the size of %d x %d x %v values: %w", d.name, d.count, len(d.part.images), set.Shape, hdf5.ErrFormat)
		}
		d.part.at = node.Data.Offset
	}
	return &set, nil
}

// Row returns the values that Read reads.
func (s *Set) Row(crop, image int) ([]float32, error) {
	row := make([]float32, s.row/4)
	return row, s.Read(bytesOf(row), crop, image)
}

// Fingerprint is a digest, for Source.Weights, of the weights that vars holds for a backbone up to a stage.
func Fingerprint(network backbone.Backbone, vars *model.Store, stage string) (string, error) {
	h := sha256.New()
	for _, v := range network.VariablesUntil(stage) {
		name := "/backbone/" + v.Path
		w := vars.GetVariable(name)
		if w == nil {
			return "", fmt.Errorf("features: the model has no %s", name)
		}
		value, err := w.Value()
		if err != nil {
			return "", fmt.Errorf("features: %s: %w", name, err)
		}
		flat, err := tensors.CopyFlatData[float32](value)
		if err != nil {
			return "", fmt.Errorf("features: %s: %w", name, err)
		}
		fmt.Fprintf(h, "%s\n", name)
		h.Write(bytesOf(flat))
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}
