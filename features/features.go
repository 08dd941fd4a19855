// Package features keeps what a frozen backbone makes of a set of images, so that heads train on it at thousands of steps a minute.
//
// A cache is an HDF5 file: `centre` [N,F] holds the features of every image's centre crop, `crops` [K,N,F] those of K augmented crops. It carries
// the key of what made it (data, weights, augmentation); a cache under another key is never used.
package features

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/internal/hdf5"
	"github.com/dvml/dvml/store"
)

// Set is the features of all images of a data file.
type Set struct {
	N, Dim int
	Crops  int       // K
	centre []float32 // [N,Dim]
	crops  []float32 // [K,N,Dim]
}

// Row returns the features of image i: of its centre crop (crop -1), or of augmented crop 0 to K-1.
func (s *Set) Row(crop, i int) []float32 {
	if crop < 0 {
		return s.centre[i*s.Dim : (i+1)*s.Dim]
	}
	i += crop * s.N
	return s.crops[i*s.Dim : (i+1)*s.Dim]
}

// Source is what a set is made from.
type Source struct {
	Reader   *store.Reader
	Embedder *embed.Embedder // of kind embed.Features
	Weights  string          // fingerprint of the backbone's weights
	Test     augment.Plan    // the centre crop
	Train    augment.Plan    // the augmented crops
	Crops    int
	Seed     uint64
}

// Key names what the source would make: equal keys, equal features.
func (s Source) Key() string {
	train, seed := s.Train, s.Seed
	if s.Crops == 0 {
		train, seed = augment.Plan{}, 0
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "1\n%s\n%s\n%+v\n%+v\n%d\n%d", s.Reader.Fingerprint(), s.Weights, s.Test, train, s.Crops, seed))
	return hex.EncodeToString(sum[:12])
}

// Path is where the cache of a source lies: beside the data file.
func (s Source) Path(data string) string {
	return strings.TrimSuffix(data, filepath.Ext(data)) + ".features-" + s.Key() + ".h5"
}

// Load returns the features of the source, from its cache beside data, or computed and then kept there. progress is told of images done.
func Load(ctx context.Context, s Source, data string, progress func(done, total int)) (*Set, error) {
	set, err := Cached(s, data)
	if set != nil || err != nil {
		return set, err
	}
	if set, err = compute(ctx, s, progress); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	if err := write(s.Path(data), s.Key(), set); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	return set, nil
}

// Cached returns the features of the source from its cache beside data, nil where there is none or it is damaged.
func Cached(s Source, data string) (*Set, error) {
	path := s.Path(data)
	set, err := read(path, s.Key(), Set{N: s.Reader.N(), Dim: s.Embedder.Dim(), Crops: s.Crops})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, hdf5.ErrFormat) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("features: %s: %w", path, err)
	}
	return set, nil
}

// compute runs the backbone over all images, once a variant.
func compute(ctx context.Context, s Source, progress func(done, total int)) (*Set, error) {
	n := s.Reader.N()
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	set := &Set{N: n, Dim: s.Embedder.Dim(), Crops: s.Crops}
	for v := range 1 + s.Crops {
		plan, seed := s.Test, uint64(0)
		if v > 0 {
			plan, seed = s.Train, s.Seed+uint64(v)
		}
		rows, err := s.Embedder.Augmented(ctx, s.Reader, all, plan, seed, func(done, _ int) {
			if progress != nil {
				progress(v*n+done, (1+s.Crops)*n)
			}
		})
		if err != nil {
			return nil, err
		}
		if v == 0 {
			set.centre = rows
		} else {
			set.crops = append(set.crops, rows...)
		}
	}
	return set, nil
}

// write keeps set at path, whole or not at all.
func write(path, key string, set *Set) (err error) {
	f, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(path + ".part")
		}
	}()
	b := hdf5.NewBuilder(f, hdf5.SuperblockSize)
	b.Attribute(hdf5.Word("key", key))
	n, dim := uint64(set.N), uint64(set.Dim)
	b.Dataset("centre", hdf5.Float32, []uint64{n, dim}, b.Block(bytesOf(set.centre)))
	if set.Crops > 0 {
		b.Dataset("crops", hdf5.Float32, []uint64{uint64(set.Crops), n, dim}, b.Block(bytesOf(set.crops)))
	}
	if _, err := b.Close(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// read reads the cache at path into set, whose sizes it must have.
func read(path, key string, set Set) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
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
	for _, part := range []struct {
		name   string
		count  int
		values *[]float32
	}{{"centre", 1, &set.centre}, {"crops", set.Crops, &set.crops}} {
		if part.count == 0 {
			continue
		}
		node, err := file.Node(root.Links[part.name])
		if err != nil {
			return nil, err
		}
		*part.values = make([]float32, part.count*set.N*set.Dim)
		memory := bytesOf(*part.values)
		if node.Data == nil || node.Data.Size != int64(len(memory)) {
			return nil, fmt.Errorf("dataset %s has not the size of %d x %d x %d values: %w", part.name, part.count, set.N, set.Dim, hdf5.ErrFormat)
		}
		if _, err := f.ReadAt(memory, node.Data.Offset); err != nil {
			return nil, err
		}
	}
	return &set, nil
}

// bytesOf is the memory of values, little-endian as the processors that this runs on are.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}

// Fingerprint is a digest, for Source.Weights, of the weights that vars holds for a backbone.
func Fingerprint(spec backbone.Spec, vars *model.Store) (string, error) {
	h := sha256.New()
	for _, v := range spec.Variables() {
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
