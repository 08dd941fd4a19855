package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/hdf5"
	"github.com/dvml/dvml/store"
)

// photograph is one that a user has named, in whatever it lies.
type photograph struct {
	path  string // where it lies, archives like folders
	class string // "": not known
	open  func() (io.ReadCloser, error)
	data  *store.Reader // of a data file, which holds it prepared, at row
	row   int
}

// photographs lists what inputs hold: image files, folders, archives, CSV files of paths and labels, data files, and - for a list of paths on standard
// input. shut closes what has to stay open for them.
func photographs(inputs []string, stdin io.Reader) (all []photograph, shut func() error, err error) {
	var open []io.Closer
	shut = func() error {
		var bad []error
		for _, c := range open {
			bad = append(bad, c.Close())
		}
		return errors.Join(bad...)
	}
	for _, input := range inputs {
		var some []photograph
		var closer io.Closer
		if input == "-" {
			some, err = listed(stdin)
		} else {
			some, closer, err = within(input)
		}
		if closer != nil {
			open = append(open, closer)
		}
		if err != nil {
			return nil, shut, errors.Join(err, shut())
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, shut, fmt.Errorf("there are no photographs in %s", strings.Join(inputs, ", "))
	}
	return all, shut, nil
}

// listed reads paths, one a line.
func listed(r io.Reader) (all []photograph, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if path := strings.TrimRight(lines.Text(), "\r"); path != "" {
			all = append(all, onDisk(path, ""))
		}
	}
	return all, lines.Err()
}

func onDisk(path, class string) photograph {
	return photograph{path: path, class: class, open: func() (io.ReadCloser, error) { return os.Open(path) }}
}

// within lists the photographs of one input.
func within(path string) ([]photograph, io.Closer, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, expected(path, "photographs: a file, a folder, an archive, a CSV file or a data file")
	}
	if err != nil {
		return nil, nil, err
	}
	if !info.IsDir() {
		if data, err := store.Open(path); err == nil {
			return ofData(path, data), data, nil
		} else if !errors.Is(err, hdf5.ErrFormat) {
			return nil, nil, err
		}
	}
	set, err := imageset.Open(path, imageset.Options{})
	if err == nil {
		var all []photograph
		for _, img := range set.Images {
			all = append(all, photograph{path: img.Path, class: set.Classes[img.Label], open: img.Open})
		}
		return all, set, nil
	}
	if info.IsDir() { // a heap, without classes to tell
		all, err := heap(path)
		return all, nil, err
	}
	switch strings.ToLower(filepath.Ext(path)) {
	case ".zip", ".tar", ".tgz", ".gz", ".csv", ".h5", ".hdf5":
		return nil, nil, err
	}
	return []photograph{onDisk(path, "")}, nil, nil
}

// heap lists the images below a folder; their class is the folder that they lie in, if it is not the top.
func heap(top string) (all []photograph, err error) {
	err = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != top {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() || !imageset.IsImage(e.Name()) {
			return nil
		}
		class := ""
		if dir := filepath.Dir(path); dir != filepath.Clean(top) {
			class = filepath.Base(dir)
		}
		all = append(all, onDisk(path, class))
		return nil
	})
	return all, err
}

func ofData(path string, data *store.Reader) []photograph {
	names, labels := data.Classes(), data.Labels()
	all := make([]photograph, data.N())
	for i := range all {
		all[i] = photograph{path: fmt.Sprintf("%s#%d", path, i), class: names[labels[i]], data: data, row: i}
	}
	return all
}

// prepared is a photograph on its way into the network.
type prepared struct {
	photograph
	hash   string // SHA-256 of the file, or of the prepared pixels of a data file
	pixels []byte // [3,size,size]; nil where there is err, or skip
	skip   bool
	err    error
}

// maxPhotograph is how many bytes of a file are read at most; decoders refuse far smaller ones.
const maxPhotograph = 1 << 29

// prepare reads and decodes p as training's photographs were. skip, where not nil, is asked by path and hash whether decoding can be left out.
func (p photograph) prepare(m *dvml.Model, skip func(path, hash string) bool) prepared {
	out := prepared{photograph: p}
	if p.data != nil {
		if p.data.Size() != m.Size() {
			out.err = fmt.Errorf("the data file holds images of %d px, the model takes %d", p.data.Size(), m.Size())
			return out
		}
		out.pixels = make([]byte, 3*m.Size()*m.Size())
		out.err = p.data.ReadImage(p.row, out.pixels)
		out.hash = digest(out.pixels)
		out.skip = skip != nil && skip(p.path, out.hash)
		return out
	}
	f, err := p.open()
	if err != nil {
		out.err = err
		return out
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPhotograph))
	f.Close()
	if err != nil {
		out.err = err
		return out
	}
	out.hash = digest(data)
	if out.skip = skip != nil && skip(p.path, out.hash); out.skip {
		return out
	}
	out.pixels, out.err = m.Prepare(data)
	return out
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// embedded is a photograph with its vector; vector is nil where there is err, or skip.
type embedded struct {
	prepared
	vector []float32 // of length 1
}

// embedAll embeds photographs, size at a time, and hands them to use in order. The next batches are decoded while the network is at work.
func embedAll(ctx context.Context, m *dvml.Model, all []photograph, size int, skip func(path, hash string) bool, use func(batch []embedded) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	const ahead = 2 // batches that are decoded and wait
	batches := make(chan []prepared, ahead)
	var decoding sync.WaitGroup
	defer decoding.Wait()
	defer stop()
	decoding.Go(func() {
		defer close(batches)
		for first := 0; first < len(all); first += size {
			some := all[first:min(first+size, len(all))]
			batch := make([]prepared, len(some))
			decode(m, some, batch, skip)
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
		}
	})
	for batch := range batches {
		done, err := embedBatch(ctx, m, batch)
		if err != nil {
			return err
		}
		if err := use(done); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// decode prepares some photographs on all cores.
func decode(m *dvml.Model, some []photograph, batch []prepared, skip func(path, hash string) bool) {
	var workers sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), len(some)) {
		workers.Go(func() {
			for i := range next {
				batch[i] = some[i].prepare(m, skip)
			}
		})
	}
	for i := range some {
		next <- i
	}
	close(next)
	workers.Wait()
}

func embedBatch(ctx context.Context, m *dvml.Model, batch []prepared) ([]embedded, error) {
	var pixels bytes.Buffer
	for _, p := range batch {
		if p.err == nil && !p.skip {
			pixels.Write(p.pixels)
		}
	}
	rows, err := m.EmbedPrepared(ctx, pixels.Bytes())
	if err != nil {
		return nil, err
	}
	done := make([]embedded, len(batch))
	for i, p := range batch {
		done[i].prepared = p
		done[i].pixels = nil
		if p.err == nil && !p.skip {
			done[i].vector, rows = rows[:m.Dim():m.Dim()], rows[m.Dim():]
		}
	}
	return done, nil
}
