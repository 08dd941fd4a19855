package dvml

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/dvml/dvml/classify"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

// Index is an index of photographs (package index: items, vectors, thumbnails, neighbours, searches by vector) together with the model that it was made
// with, which is opened when the first photograph has to be embedded.
type Index struct {
	*index.Index
	options []Option
	path    string // of the model; empty: where the index says

	mu    sync.Mutex
	model *Model
}

// OpenIndex opens an index that `dvml index` or package index made. Options are those of the model.
func OpenIndex(path string, options ...Option) (*Index, error) {
	x, err := index.Open(path)
	if err != nil {
		return nil, err
	}
	return &Index{Index: x, options: options}, nil
}

// ForIndex is what an index has to know of the model that it is made with.
func (m *Model) ForIndex() (index.Model, error) {
	print, err := m.Fingerprint()
	if err != nil {
		return index.Model{}, err
	}
	path, err := filepath.Abs(m.path)
	if err != nil {
		return index.Model{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return index.Model{}, err
	}
	defer f.Close()
	digest := sha256.New()
	if _, err := io.Copy(digest, f); err != nil {
		return index.Model{}, err
	}
	return index.Model{Fingerprint: print, Dim: m.Dim(), Checkpoint: path, Digest: hex.EncodeToString(digest.Sum(nil))}, nil
}

// Fit is how photographs become squares before they are embedded.
func (m *Model) Fit() imageset.Fit { return m.fit }

// ModelAt says where the model lies, if it is not where it was when the index was made.
func (x *Index) ModelAt(path string) { x.path = path }

// Embedder returns the model that the index was made with. It is an error where the file is another model by now.
func (x *Index) Embedder() (*Model, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.model != nil {
		return x.model, nil
	}
	made := x.Index.Model()
	path := x.path
	if path == "" {
		path = made.Checkpoint
	}
	m, err := Open(path, x.options...)
	if err != nil {
		return nil, fmt.Errorf("the model that index %s was made with: %w; say where it lies now", x.Folder(), err)
	}
	print, err := m.Fingerprint()
	if err != nil {
		return nil, err
	}
	if print != made.Fingerprint {
		return nil, fmt.Errorf("index %s was made with another model than %s (fingerprints %.12s and %.12s): their vectors cannot be compared", x.Folder(), path,
			made.Fingerprint, print)
	}
	x.model = m
	return m, nil
}

// Close closes the index and its model.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.model != nil {
		x.model.Close() //nolint:errcheck // it only frees memory
	}
	return x.Index.Close()
}

// Found is a photograph that a search found.
type Found struct {
	index.Hit
	Item index.Item
}

// SearchFile returns the k photographs nearest to that in a file, nearest first.
func (x *Index) SearchFile(ctx context.Context, path string, k int) ([]Found, error) {
	m, err := x.Embedder()
	if err != nil {
		return nil, err
	}
	v, err := m.EmbedFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return x.found(ctx, v, k)
}

// SearchImage returns the k photographs nearest to an image that is decoded and upright, such as a part of a photograph, nearest first.
func (x *Index) SearchImage(ctx context.Context, img image.Image, k int) ([]Found, error) {
	m, err := x.Embedder()
	if err != nil {
		return nil, err
	}
	v, err := m.Embed(ctx, img)
	if err != nil {
		return nil, err
	}
	return x.found(ctx, v[0], k)
}

func (x *Index) found(ctx context.Context, v []float32, k int) ([]Found, error) {
	hits, err := x.Search(ctx, index.Query{Like: [][]float32{v}, K: k})
	if err != nil {
		return nil, err
	}
	out := make([]Found, len(hits))
	for i, h := range hits {
		item, err := x.Item(ctx, h.ID)
		if err != nil {
			return nil, err
		}
		out[i] = Found{h, item}
	}
	return out, nil
}

// Classify names the photographs in files by those of the index, an answer each. A photograph that is in the index is not embedded anew and has no vote on
// itself. Programs that name photographs over and over make a classify.Classifier once instead.
func (x *Index) Classify(ctx context.Context, o classify.Options, paths ...string) ([]classify.Answer, error) {
	c, err := classify.New(ctx, x.Index, o)
	if err != nil {
		return nil, err
	}
	var vectors []float32
	own := make([]int64, len(paths))
	for i, path := range paths {
		v, id, err := x.vectorOf(ctx, path)
		if err != nil {
			return nil, err
		}
		vectors, own[i] = append(vectors, v...), id
	}
	return c.Name(ctx, vectors, own)
}

// vectorOf is the vector of the photograph in a file, and its id where the index has its content.
func (x *Index) vectorOf(ctx context.Context, path string) ([]float32, int64, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	item, err := x.ByHash(ctx, sha256.Sum256(data))
	if err == nil {
		v, err := x.Vector(item.ID)
		return v, item.ID, err
	}
	if !errors.Is(err, index.ErrUnknown) {
		return nil, 0, err
	}
	m, err := x.Embedder()
	if err != nil {
		return nil, 0, err
	}
	v, err := m.EmbedFile(ctx, path)
	return v, 0, err
}
