package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/dvml/dvml/internal/hdf5"
)

// load reads everything but the images.
func (r *Reader) load(size int64) error {
	f, err := hdf5.Open(r.f, size)
	if err != nil {
		return err
	}
	root, err := f.Root()
	if err != nil {
		return err
	}
	own, err := number(root, "dvml")
	if err != nil {
		return err
	}
	if own > joinedVersion {
		return fmt.Errorf("format %d, this program knows up to %d: a newer one wrote it", own, joinedVersion)
	}
	source := "images"
	if own == joinedVersion {
		source = "targets"
		err = r.loadParts(f, root)
	} else if _, ok := root.Links["jpeg"]; ok && own > 0 {
		source = "targets"
		err = r.loadJPEG(f, root)
	} else {
		err = r.loadPixels(f, root)
	}
	if err != nil {
		return err
	}
	if err := r.loadLabels(f, root, own > 0); err != nil {
		return err
	}
	if err := r.loadSplit(f, root, source); err != nil {
		return err
	}
	if own > 0 {
		r.digest, r.fit = word(root, "digest"), word(root, "fit")
		if err := r.loadDigests(f, word(root, "labels_digest")); err != nil {
			return err
		}
	}
	return r.fingerprint()
}

// word returns a text attribute, "" where there is none.
func word(n *hdf5.Node, name string) string {
	a, ok, err := n.Attribute(name)
	if err != nil || !ok || a.Type.Class != hdf5.String || a.Len() != 1 {
		return ""
	}
	return a.Type.Trim(a.Data)
}

// number returns an integer attribute, 0 where there is none.
func number(n *hdf5.Node, name string) (int64, error) {
	a, ok, err := n.Attribute(name)
	if err != nil && !ok {
		return 0, nil // in dense storage, which this package's own files do not use
	}
	if err != nil || !ok {
		return 0, err
	}
	v, err := a.Type.Int(a.Data)
	if err != nil {
		return 0, fmt.Errorf("attribute %q: %w", name, err)
	}
	return v, nil
}

// dataset returns a member of the root that is a dataset.
func dataset(f *hdf5.File, name string) (*hdf5.Dataset, error) {
	node, err := f.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("dataset %q: %w", name, err)
	}
	if node == nil {
		return nil, fmt.Errorf("it has no dataset %q: a file for this program holds images [N,3,S,S] and targets [N,1]; `dvml prepare` makes one", name)
	}
	if node.Data == nil {
		return nil, fmt.Errorf("%q is not a dataset", name)
	}
	return node.Data, nil
}

// bytesOf checks that a dataset is of bytes in one block.
func bytesOf(name string, d *hdf5.Dataset) error {
	if d.Type.Class != hdf5.Integer || d.Type.Size != 1 || d.Type.Signed {
		return fmt.Errorf("dataset %q holds %v of %d bytes, expected uint8", name, d.Type.Class, d.Type.Size)
	}
	if err := d.Contiguous(); err != nil {
		return fmt.Errorf("dataset %q: %w; %s", name, err, repack(name))
	}
	return nil
}

func (r *Reader) loadPixels(f *hdf5.File, root *hdf5.Node) error {
	d, err := dataset(f, "images")
	if err != nil {
		return err
	}
	if len(d.Dims) != 4 || d.Dims[1] != 3 || d.Dims[2] != d.Dims[3] || d.Dims[2] == 0 || d.Dims[2] > maxSize {
		return fmt.Errorf("images have dims %v, expected [N,3,S,S]: RGB planes of one square size", d.Dims)
	}
	if d.Dims[0] == 0 {
		return errors.New("it holds no images")
	}
	r.n, r.size, r.at = int(d.Dims[0]), int(d.Dims[2]), d.Offset
	if d.InChunks() && d.Type.Class == hdf5.Integer && d.Type.Size == 1 && !d.Type.Signed {
		return r.unpack(f, "images", d)
	}
	return bytesOf("images", d)
}

func (r *Reader) loadJPEG(f *hdf5.File, root *hdf5.Node) error {
	d, err := dataset(f, "jpeg")
	if err != nil {
		return err
	}
	if err := bytesOf("jpeg", d); err != nil {
		return err
	}
	o, err := dataset(f, "offsets")
	if err != nil {
		return err
	}
	v, err := f.Read(o)
	if err != nil {
		return fmt.Errorf("dataset \"offsets\": %w", err)
	}
	if r.offsets, err = v.Ints(); err != nil {
		return fmt.Errorf("dataset \"offsets\": %w", err)
	}
	if len(r.offsets) < 2 {
		return errors.New("it holds no images")
	}
	if r.offsets[0] != 0 || r.offsets[len(r.offsets)-1] != d.Size || !slices.IsSorted(r.offsets) {
		return fmt.Errorf("dataset \"offsets\" does not cut the %d bytes of \"jpeg\" into images", d.Size)
	}
	size, err := number(root, "size")
	if err != nil {
		return err
	}
	if size < 1 || size > maxSize {
		return fmt.Errorf("attribute \"size\" is %d", size)
	}
	r.n, r.size, r.at = len(r.offsets)-1, int(size), d.Offset
	return nil
}

// loadLabels reads the targets. In this package's files they are 1 + the index of a name; elsewhere the distinct values, in order, are the classes.
func (r *Reader) loadLabels(f *hdf5.File, root *hdf5.Node, own bool) error {
	d, err := dataset(f, "targets")
	if err != nil {
		return err
	}
	if len(d.Dims) == 0 || len(d.Dims) > 2 || (len(d.Dims) == 2 && d.Dims[1] != 1) {
		return fmt.Errorf("targets have dims %v, expected [N,1]", d.Dims)
	}
	if d.Dims[0] != uint64(r.n) {
		return fmt.Errorf("%d images but %d targets: prepare the file again", r.n, d.Dims[0])
	}
	v, err := f.Read(d)
	if err != nil {
		return fmt.Errorf("dataset \"targets\": %w; %s", err, repack("targets"))
	}
	targets, err := v.Ints()
	if err != nil {
		return fmt.Errorf("dataset \"targets\": %w", err)
	}
	r.labels = make([]int32, r.n)
	if !own {
		values := slices.Clone(targets)
		slices.Sort(values)
		values = slices.Compact(values)
		for _, v := range values {
			r.classes = append(r.classes, strconv.FormatInt(v, 10))
		}
		for i, t := range targets {
			c, _ := slices.BinarySearch(values, t)
			r.labels[i] = int32(c)
		}
		return nil
	}
	c, err := dataset(f, "classes")
	if err != nil {
		return err
	}
	names, err := f.Read(c)
	if err != nil {
		return fmt.Errorf("dataset \"classes\": %w", err)
	}
	if r.classes, err = f.Strings(names); err != nil {
		return fmt.Errorf("dataset \"classes\": %w", err)
	}
	for i, t := range targets {
		if t < 1 || t > int64(len(r.classes)) {
			return fmt.Errorf("image %d has target %d, the file names %d classes (targets count from 1)", i, t, len(r.classes))
		}
		r.labels[i] = int32(t - 1)
	}
	return nil
}

// loadSplit reads the split, or makes the class-disjoint one where the file has none.
func (r *Reader) loadSplit(f *hdf5.File, root *hdf5.Node, source string) error {
	a, ok, err := root.Attribute("split")
	if err != nil {
		return fmt.Errorf("attribute \"split\": %w", err)
	}
	if !ok {
		for i, c := range r.labels {
			s := ClassDisjoint(int(c), len(r.classes))
			r.rows[s] = append(r.rows[s], i)
		}
		return nil
	}
	if r.rows, err = readSplit(f, a, source, r.n); err != nil {
		return fmt.Errorf("attribute \"split\": %w", err)
	}
	seen := make([]int, r.n) // 1 + the split
	for _, s := range splits {
		slices.Sort(r.rows[s])
		for _, i := range r.rows[s] {
			if seen[i] != 0 && (s != Gallery || seen[i] != int(Test)+1) {
				return fmt.Errorf("attribute \"split\": row %d is listed twice", i)
			}
			if s == Gallery && seen[i] == 0 { // a file made elsewhere may list it there alone
				r.rows[Test] = append(r.rows[Test], i)
			}
			seen[i] = int(s) + 1
		}
	}
	slices.Sort(r.rows[Test])
	if len(r.rows[Train])+len(r.rows[Test]) == 0 {
		return fmt.Errorf("attribute \"split\" gives no rows for %q: it wants splits named train and test", source)
	}
	return nil
}

// printed is the number of images that a fingerprint reads.
const printed = 16

func (r *Reader) fingerprint() error {
	h := sha256.New()
	put := func(vs ...int) {
		for _, v := range vs {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], uint64(v))
			h.Write(b[:])
		}
	}
	put(r.n, r.size, len(r.classes))
	for _, c := range r.classes {
		put(len(c))
		h.Write([]byte(c))
	}
	labels := make([]byte, 0, 4*r.n)
	for _, l := range r.labels {
		labels = binary.LittleEndian.AppendUint32(labels, uint32(l))
	}
	h.Write(labels)
	for _, s := range splits {
		if s == Gallery && len(r.rows[s]) == 0 {
			continue // files had no gallery at first: theirs is the fingerprint of then
		}
		put(len(r.rows[s]))
		put(r.rows[s]...)
	}
	h.Write([]byte(r.digest))
	for k := range min(printed, r.n) {
		i := k * r.n / min(printed, r.n)
		from, to := r.span(i)
		if to-from > math.MaxInt32 {
			return fmt.Errorf("image %d takes %d bytes", i, to-from)
		}
		b := make([]byte, to-from)
		if _, err := r.images().ReadAt(b, from); err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
		if err := r.compare(i, b); err != nil {
			return err
		}
		h.Write(b)
	}
	r.print = hex.EncodeToString(h.Sum(nil))
	return nil
}
