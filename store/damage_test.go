package store

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/internal/hdf5"
)

// made describes a file whose parts need not agree.
type made struct {
	dims    []uint64
	kind    hdf5.Type
	targets []int32
	shape   []uint64
	more    func(b *hdf5.Builder)
}

func (m made) write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.h5")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := hdf5.NewBuilder(f, hdf5.SuperblockSize)
	n := uint64(m.kind.Size)
	for _, d := range m.dims {
		n *= d
	}
	if m.dims != nil {
		b.Dataset("images", m.kind, m.dims, b.Block(make([]byte, n)))
	}
	if m.targets != nil {
		var data []byte
		for _, v := range m.targets {
			data = binary.LittleEndian.AppendUint32(data, uint32(v))
		}
		b.Dataset("targets", hdf5.Int32, m.shape, b.Block(data))
	}
	if m.more != nil {
		m.more(b)
	}
	if _, err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestInconsistentFilesAreRefused(t *testing.T) {
	good := func() made {
		return made{dims: []uint64{2, 3, 4, 4}, kind: hdf5.Uint8, targets: []int32{1, 2}, shape: []uint64{2, 1}}
	}
	own := func(b *hdf5.Builder) {
		b.Attribute(hdf5.Number("dvml", 1))
		names, width := texts([]string{"a", "b"})
		b.Dataset("classes", hdf5.Text(width), []uint64{2}, b.Block(names))
	}
	jpegs := func(offsets []int64, size int64) func(b *hdf5.Builder) {
		return func(b *hdf5.Builder) {
			own(b)
			b.Attribute(hdf5.Number("size", size))
			b.Dataset("jpeg", hdf5.Uint8, []uint64{10}, b.Block(make([]byte, 10)))
			b.Dataset("offsets", hdf5.Int64, []uint64{uint64(len(offsets))}, b.Block(int64s(offsets)))
		}
	}
	for _, c := range []struct {
		name   string
		change func(m *made)
		want   string // part of the error, "" for none
	}{
		{"good", func(m *made) {}, ""},
		{"good and own", func(m *made) { m.more = own }, ""},
		{"targets without the second dimension", func(m *made) { m.shape = []uint64{2} }, ""},
		{"no images", func(m *made) { m.dims = nil }, `no dataset "images"`},
		{"no targets", func(m *made) { m.targets = nil }, `no dataset "targets"`},
		{"none at all", func(m *made) { m.dims = []uint64{0, 3, 4, 4} }, "no images"},
		{"more images than labels", func(m *made) { m.dims[0] = 3 }, "3 images but 2 targets"},
		{"more labels than images", func(m *made) { m.targets, m.shape = []int32{1, 2, 3}, []uint64{3, 1} }, "2 images but 3 targets"},
		{"two labels an image", func(m *made) { m.targets, m.shape = []int32{1, 2, 3, 4}, []uint64{2, 2} }, "targets have dims [2 2]"},
		{"channels last", func(m *made) { m.dims = []uint64{2, 4, 4, 3} }, "images have dims [2 4 4 3]"},
		{"not square", func(m *made) { m.dims = []uint64{2, 3, 4, 5} }, "images have dims [2 3 4 5]"},
		{"grey", func(m *made) { m.dims = []uint64{2, 1, 4, 4} }, "images have dims [2 1 4 4]"},
		{"flat", func(m *made) { m.dims = []uint64{2, 48} }, "images have dims [2 48]"},
		{"float images", func(m *made) { m.kind = hdf5.Float32 }, "float of 4 bytes, expected uint8"},
		{"label beyond the names", func(m *made) { m.targets[1] = 3; m.more = own }, "image 1 has target 3, the file names 2 classes"},
		{"label from 0", func(m *made) { m.targets[1] = 0; m.more = own }, "image 1 has target 0"},
		{"own without names", func(m *made) { m.more = func(b *hdf5.Builder) { b.Attribute(hdf5.Number("dvml", 1)) } }, `no dataset "classes"`},
		{"a newer format", func(m *made) { m.more = func(b *hdf5.Builder) { b.Attribute(hdf5.Number("dvml", 99)) } }, "a newer one wrote it"},
		{"a split that is a number", func(m *made) { m.more = func(b *hdf5.Builder) { b.Attribute(hdf5.Number("split", 1)) } }, `no field`},
		{"JPEG", func(m *made) { m.more = jpegs([]int64{0, 4, 10}, 4) }, ""},
		{"JPEG offsets go back", func(m *made) { m.more = jpegs([]int64{0, 11, 10}, 4) }, `"offsets" does not cut`},
		{"JPEG offsets end early", func(m *made) { m.more = jpegs([]int64{0, 4, 9}, 4) }, `"offsets" does not cut`},
		{"JPEG without size", func(m *made) { m.more = jpegs([]int64{0, 4, 10}, 0) }, `"size" is 0`},
		{"JPEG with too few offsets", func(m *made) { m.more = jpegs([]int64{0, 10}, 4) }, "1 images but 2 targets"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := good()
			c.change(&m)
			r, err := Open(m.write(t))
			if err == nil {
				defer r.Close()
			}
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && err == nil:
				t.Errorf("no error, want %q", c.want)
			case c.want != "" && !strings.Contains(err.Error(), c.want):
				t.Errorf("error %q, want %q", err, c.want)
			}
		})
	}
}

func TestFilesThatAreNotHDF5(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	for name, content := range map[string]string{"empty": "", "text": "these are not pixels, but words\n", "zeros": strings.Repeat("\x00", 8192)} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "not a whole HDF5 file") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "absent.h5")); !os.IsNotExist(unwrapped(err)) {
		t.Errorf("absent: error %v", err)
	}
}

func unwrapped(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}

// A file that is cut short anywhere is refused when it is opened, not at the first image beyond the cut.
func TestCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	write(t, path, 5, 8, false, []int{0, 1, 2, 3, 4})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 7 {
		if _, err := newReader(inMemory{bytes.NewReader(whole[:n])}, "", int64(n)); err == nil {
			t.Fatalf("%d of %d bytes open", n, len(whole))
		}
	}
}

// A broken JPEG is named where the file has no digests to find it by at opening, as those of earlier versions.
func TestABrokenJPEGIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	write(t, path, 3, 16, true, []int{0, 1, 2})
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteAt(make([]byte, 40), r.at+r.offsets[1])
	f.Close()
	dst := make([]byte, 3*16*16)
	if err := r.ReadImage(0, dst); err != nil {
		t.Error(err)
	}
	if err := r.ReadImage(1, dst); err == nil || !strings.Contains(err.Error(), "image 1: JPEG") {
		t.Errorf("error %v", err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), "image 1 is not the one that was written") {
		t.Errorf("opened again: %v", err)
	}
}

// inMemory is a file in memory.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

// FuzzOpen holds that no file makes opening and reading panic. What the structure's checksums guard is package hdf5's own fuzz test's part; the
// seeds here reach everything after.
func FuzzOpen(f *testing.F) {
	for _, jpeg := range []bool{false, true} {
		path := filepath.Join(f.TempDir(), "x.h5")
		write(f, path, 4, 4, jpeg, []int{0, 1, 3})
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, jpeg := range []bool{false, true} {
		dir := f.TempDir()
		part, joined := filepath.Join(dir, "part.h5"), filepath.Join(dir, "x.h5")
		write(f, part, 4, 4, jpeg, []int{0, 1, 3})
		if _, err := Join(joined, []string{part}, nil); err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(joined)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, name := range []string{"fuel-old.h5", "fuel-new.h5"} {
		b, err := os.ReadFile(filepath.Join("..", "internal", "hdf5", "testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := newReader(inMemory{bytes.NewReader(b)}, "", int64(len(b)))
		if err != nil {
			return
		}
		if r.size > 512 {
			return // a small JPEG file may claim any size; the buffer is the caller's
		}
		dst := make([]byte, 3*r.size*r.size)
		for i := range min(4, r.n) {
			r.ReadImage(i, dst)
		}
	})
}
