// Package features keeps what the frozen lower layers of a backbone make of a set of images, so that the layers above train on it many times faster:
// heads at thousands of steps a minute on the pooled features, the top of the backbone on the maps of a stage below it.
//
// A cache is an HDF5 file: `centre` [M, ...] holds what the stage gave for the centre crops, `crops` [K, M', ...] for K augmented crops of each
// training image. It carries the key of what made it (data, weights, stage, augmentation); a cache under another key is never used. Rows stay on disk
// and are read as they are asked for, so that a cache may be larger than memory.
package features

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/store"
)

// Source is what a set is made from.
type Source struct {
	Reader   *store.Reader
	Embedder *embed.Embedder // of the stage
	Stage    string          // the stage of the backbone whose output is kept, "pool" for the pooled features
	Weights  string          // fingerprint of the weights up to the stage
	Test     augment.Plan    // the centre crop
	Train    augment.Plan    // the augmented crops
	Crops    int             // K; 0: training images too are kept as their centre crops
	Seed     uint64
}

// Key names what the source would make: equal keys, equal features.
func (s Source) Key() string {
	train, seed, batch := s.Train, s.Seed, s.Embedder.Batch() // crops are drawn by their place in a batch
	if s.Crops == 0 {
		train, seed, batch = augment.Plan{}, 0, 0
	}
	text := fmt.Appendf(nil, "2\n%s\n%s\n%s\n%+v\n%+v\n%d\n%d\n%d", s.Reader.Fingerprint(), s.Weights, s.Stage, s.Test, train, s.Crops, seed, batch)
	if p := s.Embedder.Precision(); p != "float32" {
		text = fmt.Appendf(text, "\n%s", p)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

// Name is the name of the file of a source's cache, made of the data file's.
func (s Source) Name(data string) string {
	return strings.TrimSuffix(filepath.Base(data), filepath.Ext(data)) + ".features-" + inName(s.Stage) + "-" + s.Key() + ".h5"
}

// inName makes part of a file's name of a stage, which networks from files may call anything. The key tells stages apart.
func inName(stage string) string {
	const longest = 40
	name := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-') {
			return r
		}
		return '_'
	}, stage)
	return strings.Trim(name[max(len(name)-longest, 0):], "_")
}

// Bytes is the size of what the cache holds.
func (s Source) Bytes() int64 {
	centre, crops := s.images()
	return int64(len(centre)+s.Crops*len(crops)) * s.row()
}

// String says what the cache holds and how large it is.
func (s Source) String() string {
	centre, crops := s.images()
	shape := strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Embedder.Shape()), " ", " x "), "[]")
	return fmt.Sprintf("%d x %s float32 after %s (%s)", len(centre)+s.Crops*len(crops), shape, s.Stage, inBytes(uint64(s.Bytes())))
}

func inBytes(n uint64) string {
	if n < 1<<30 {
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
}

// images lists the images whose centre crops are kept, and those of which augmented crops are.
func (s Source) images() (centre, crops []int) {
	train, test := s.Reader.Indices(store.Train), s.Reader.Indices(store.Test)
	if s.Crops > 0 {
		return test, train
	}
	centre = slices.Concat(train, test)
	slices.Sort(centre)
	return slices.Compact(centre), nil
}

// row is the number of bytes of one image's values.
func (s Source) row() int64 {
	return 4 * int64(s.Embedder.Dim())
}
