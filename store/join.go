package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/hdf5"
)

// joinedVersion is the value of the root attribute "dvml" of a file that holds all but the images, which lie in other files, its parts:
//
//	parts   [P] text      the parts' paths, from the file's own folder
//	places  [P,2] int64   where in a part the images' bytes begin, and how many they are
//
// Beside them it has what every file has (targets, classes, digests, split; offsets, of JPEG bytes), so that opening it opens no part.
const joinedVersion = 2

// Join makes the file out of the images of parts, in their order, without copying any: out holds labels, split and digests, and says where the images
// lie. The parts, which Create's files made, must agree in size, classes and kind, and stay where they are, seen from out. splits, where not nil, is the split of each
// class, given the number of its images in all parts, instead of the parts' own. It returns the number of images.
func Join(out string, parts []string, splits func(classes []string, count []int) []Split) (images int, err error) {
	if len(parts) == 0 {
		return 0, errors.New("store: join: no parts")
	}
	folder, err := filepath.Abs(filepath.Dir(out))
	if err != nil {
		return 0, err
	}
	var j joined
	for _, path := range parts {
		if err := j.add(path, folder); err != nil {
			return 0, fmt.Errorf("store: join: %w", err)
		}
	}
	if splits != nil {
		count := make([]int, len(j.spec.Classes))
		for _, r := range j.rows {
			count[r.label]++
		}
		of := splits(j.spec.Classes, count)
		for i := range j.rows {
			j.rows[i].split = of[j.rows[i].label]
		}
	}
	return len(j.rows), atomicfile.Write(out, func(w io.Writer) error {
		f, ok := w.(io.WriterAt)
		if !ok {
			return errors.New("HDF5 is written to files that can be sought in")
		}
		return j.write(f)
	})
}

// joined is a file of parts that is being made.
type joined struct {
	spec    Spec
	names   []string
	places  []int64
	rows    []row
	offsets []int64 // of JPEG bytes, all parts after one another
}

// add reads what a part says of its images.
func (j *joined) add(path, folder string) error {
	r, err := Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	spec := Spec{Size: r.size, Classes: r.classes, JPEG: r.JPEG(), Fit: r.fit}
	switch first := len(j.names) == 0; {
	case r.digests == nil:
		return fmt.Errorf("%s carries no digests of its images: prepare it again", path)
	case r.parts != nil:
		return fmt.Errorf("%s has its images in parts: join these", path)
	case first:
		j.spec = spec
	case spec.Size != j.spec.Size || spec.JPEG != j.spec.JPEG || spec.Fit != j.spec.Fit:
		return fmt.Errorf("%s holds images of %d px (%s, JPEG %t), the first part of %d px (%s, JPEG %t)", path, spec.Size, spec.Fit, spec.JPEG, j.spec.Size, j.spec.Fit, j.spec.JPEG)
	case !slices.Equal(spec.Classes, j.spec.Classes):
		return fmt.Errorf("%s names other classes than the first part", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(folder, absolute)
	if err != nil {
		return err
	}
	from, _ := r.span(0)
	_, to := r.span(r.n - 1)
	j.names, j.places = append(j.names, filepath.ToSlash(name)), append(j.places, from, to-from)
	first := len(j.rows)
	for i, label := range r.labels {
		w := row{state: stored, label: label}
		copy(w.digest[:], r.digests[i*len(w.digest):])
		j.rows = append(j.rows, w)
	}
	for _, s := range splits { // Gallery's last: they are among Test's too
		for _, i := range r.rows[s] {
			j.rows[first+i].split = s
		}
	}
	if r.JPEG() {
		last := int64(0)
		if n := len(j.offsets); n > 0 {
			last = j.offsets[n-1]
			j.offsets = j.offsets[:n-1]
		}
		for _, at := range r.offsets {
			j.offsets = append(j.offsets, last+at)
		}
	}
	return nil
}

func (j *joined) write(f io.WriterAt) error {
	b := hdf5.NewBuilder(f, pixelsAt)
	if j.spec.JPEG {
		b.Dataset("offsets", hdf5.Int64, []uint64{uint64(len(j.offsets))}, b.Block(int64s(j.offsets)))
	}
	names, width := texts(j.names)
	b.Dataset("parts", hdf5.Text(width), []uint64{uint64(len(j.names))}, b.Block(names))
	b.Dataset("places", hdf5.Int64, []uint64{uint64(len(j.names)), 2}, b.Block(int64s(j.places)))
	say(b, j.spec, j.rows, []string{"targets"}, joinedVersion)
	_, err := b.Close()
	return err
}

// loadParts reads where the images of a joined file lie.
func (r *Reader) loadParts(f *hdf5.File, root *hdf5.Node) error {
	names, err := dataset(f, "parts")
	if err != nil {
		return err
	}
	v, err := f.Read(names)
	if err != nil {
		return fmt.Errorf("dataset \"parts\": %w", err)
	}
	p := &parts{folder: filepath.Dir(r.path)}
	if p.names, err = f.Strings(v); err != nil {
		return fmt.Errorf("dataset \"parts\": %w", err)
	}
	places, err := r.ints(f, "places")
	if err != nil {
		return err
	}
	if len(p.names) == 0 || len(places) != 2*len(p.names) {
		return fmt.Errorf("%d parts with %d places, expected two of each", len(p.names), len(places))
	}
	p.starts = []int64{0}
	for i := range p.names {
		at, bytes := places[2*i], places[2*i+1]
		if at < 0 || bytes < 1 || p.starts[i] > 1<<62-bytes {
			return fmt.Errorf("part %d has its images at %d, %d bytes", i, at, bytes)
		}
		p.at, p.starts = append(p.at, at), append(p.starts, p.starts[i]+bytes)
	}
	size, err := number(root, "size")
	if err != nil {
		return err
	}
	if size < 1 || size > maxSize {
		return fmt.Errorf("attribute \"size\" is %d", size)
	}
	r.size = int(size)
	all := p.starts[len(p.names)]
	if _, ok := root.Links["offsets"]; ok {
		if r.offsets, err = r.ints(f, "offsets"); err != nil {
			return err
		}
		if len(r.offsets) < 2 || r.offsets[0] != 0 || r.offsets[len(r.offsets)-1] != all || !slices.IsSorted(r.offsets) {
			return fmt.Errorf("dataset \"offsets\" does not cut the %d bytes of the parts into images", all)
		}
		r.n = len(r.offsets) - 1
	} else {
		each := int64(3 * r.size * r.size)
		if all%each != 0 {
			return fmt.Errorf("the parts hold %d bytes, which are no whole images of %d px", all, r.size)
		}
		r.n = int(all / each)
	}
	r.parts, r.at = p, 0
	r.closers = append(r.closers, p.close)
	return nil
}

func (r *Reader) ints(f *hdf5.File, name string) ([]int64, error) {
	d, err := dataset(f, name)
	if err != nil {
		return nil, err
	}
	v, err := f.Read(d)
	if err != nil {
		return nil, fmt.Errorf("dataset %q: %w", name, err)
	}
	values, err := v.Ints()
	if err != nil {
		return nil, fmt.Errorf("dataset %q: %w", name, err)
	}
	return values, nil
}

// parts are the images of many files as one stretch of bytes. A few of the files are open at a time.
type parts struct {
	folder string
	names  []string
	at     []int64 // where a part's images begin in its file
	starts []int64 // where they begin in the whole; last its length

	mu   sync.Mutex
	open []*openPart // the one used last stands last
}

// mostOpen is how many parts are open at a time, for systems that let a process have few hundred.
const mostOpen = 64

type openPart struct {
	number int
	f      *os.File
	users  int
	gone   bool // closed by its last user
}

// ReadAt reads bytes of the whole, across parts where they lie so.
func (p *parts) ReadAt(b []byte, at int64) (n int, err error) {
	i, found := slices.BinarySearch(p.starts, at)
	if !found {
		i--
	}
	for ; n < len(b); i++ {
		if i < 0 || i >= len(p.names) {
			return n, io.EOF
		}
		within := at + int64(n) - p.starts[i]
		most := min(int64(len(b)-n), p.starts[i+1]-p.starts[i]-within)
		if err := p.read(i, b[n:n+int(most)], p.at[i]+within); err != nil {
			return n, err
		}
		n += int(most)
	}
	return n, nil
}

func (p *parts) read(i int, b []byte, at int64) error {
	o, err := p.take(i)
	if err != nil {
		return fmt.Errorf("part %s: %w", p.names[i], err)
	}
	defer p.give(o)
	if _, err := o.f.ReadAt(b, at); err != nil {
		return fmt.Errorf("part %s: %w", p.names[i], err)
	}
	return nil
}

// take opens part i, or finds it open.
func (p *parts) take(i int) (*openPart, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := slices.IndexFunc(p.open, func(o *openPart) bool { return o.number == i })
	var o *openPart
	if k >= 0 {
		o = p.open[k]
		p.open = slices.Delete(p.open, k, k+1)
	} else {
		path := filepath.FromSlash(p.names[i])
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.folder, path)
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		o = &openPart{number: i, f: f}
		if len(p.open) >= mostOpen {
			p.drop(p.open[0])
			p.open = p.open[1:]
		}
	}
	o.users++
	p.open = append(p.open, o)
	return o, nil
}

func (p *parts) give(o *openPart) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.users--; o.users == 0 && o.gone {
		o.f.Close()
	}
}

// drop closes a part, at once or after its last user.
func (p *parts) drop(o *openPart) {
	if o.gone = true; o.users == 0 {
		o.f.Close()
	}
}

func (p *parts) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.open {
		p.drop(o)
	}
	p.open = nil
	return nil
}

// Copy writes everything that r holds into one file, out, as Create and Commit do. progress, where not nil, is told after each image.
func Copy(ctx context.Context, r *Reader, out string, progress func(done, total int)) (err error) {
	w, err := Create(out, Spec{N: r.n, Size: r.size, Classes: r.classes, JPEG: r.JPEG(), Fit: r.fit})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.Abort())
		}
	}()
	of := make([]Split, r.n)
	for _, s := range splits {
		for _, i := range r.rows[s] {
			of[i] = s
		}
	}
	var b []byte
	for i := range r.n {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, to := r.span(i)
		b = slices.Grow(b[:0], int(to-from))[:to-from]
		if _, err := r.images().ReadAt(b, from); err != nil {
			return fmt.Errorf("store: image %d: %w", i, err)
		}
		if err := r.compare(i, b); err != nil {
			return err
		}
		if r.JPEG() {
			err = w.PutJPEG(i, b, r.labels[i], of[i])
		} else {
			err = w.Put(i, b, r.labels[i], of[i])
		}
		if err != nil {
			return err
		}
		if progress != nil {
			progress(i+1, r.n)
		}
	}
	return w.Commit()
}

// images is what the images' bytes are read from.
func (r *Reader) images() io.ReaderAt {
	if r.parts != nil {
		return r.parts
	}
	return r.f
}
