package hdf5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	peer "github.com/scigolib/hdf5"
)

// memory is a file in memory.
type memory struct{ b []byte }

func (m *memory) WriteAt(p []byte, at int64) (int, error) {
	if n := int(at) + len(p); n > len(m.b) {
		m.b = append(m.b, make([]byte, n-len(m.b))...)
	}
	return copy(m.b[at:], p), nil
}

func open(b []byte) (*File, error) { return Open(bytes.NewReader(b), int64(len(b))) }

// sample builds a file with every type that is written.
func sample(t testing.TB) []byte {
	t.Helper()
	var m memory
	b := NewBuilder(&m, SuperblockSize)
	floats := make([]byte, 0, 24)
	for _, v := range []float32{1, -2.5, 3e20, 0, math.Pi, 1e-30} {
		floats = binary.LittleEndian.AppendUint32(floats, math.Float32bits(v))
	}
	b.Dataset("floats", Float32, []uint64{2, 3}, b.Block(floats))
	ints := b.Dataset("ints", Int32, []uint64{3, 1}, b.Block([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0}), Number("unit", 7))
	b.Dataset("bytes", Uint8, []uint64{5}, b.Block([]byte{0, 1, 127, 128, 255}))
	b.Dataset("words", Text(4), []uint64{2}, b.Block([]byte("ab\x00\x00cdef")))
	b.Dataset("none", Int64, []uint64{0}, 0)
	record := Record(Member{Name: "name", Type: Text(3)}, Member{Name: "to", Type: Object}, Member{Name: "yes", Type: Bool})
	value := append([]byte("abc"), le64(ints)...)
	b.Attribute(Attribute{"records", Value{record, []uint64{1}, append(value, 1)}})
	b.Attribute(Word("title", "Größe"))
	if _, err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return m.b
}

func TestChecksumIsLookup3(t *testing.T) { // the values that lookup3.c's author gives
	for text, want := range map[string]uint32{"": 0xdeadbeef, "Four score and seven years ago": 0x17770551} {
		if got := checksum([]byte(text)); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	f, err := open(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) Value {
		t.Helper()
		n, err := f.Node(root.Links[name])
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Data.Contiguous(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		v, err := f.Read(n.Data)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := read("floats"); v.Type.Class != Float || !slices.Equal(v.Dims, []uint64{2, 3}) || math.Float32frombits(binary.LittleEndian.Uint32(v.At(1))) != -2.5 {
		t.Errorf("floats: %+v", v)
	}
	if got, err := read("ints").Ints(); err != nil || !slices.Equal(got, []int64{1, -1, 256}) {
		t.Errorf("ints: %v %v", got, err)
	}
	if got, err := read("bytes").Ints(); err != nil || !slices.Equal(got, []int64{0, 1, 127, 128, 255}) {
		t.Errorf("bytes: %v %v", got, err)
	}
	if got, err := f.Strings(read("words")); err != nil || !slices.Equal(got, []string{"ab", "cdef"}) {
		t.Errorf("words: %q %v", got, err)
	}
	if got := read("none"); got.Len() != 0 {
		t.Errorf("none: %v", got)
	}
	records, ok, err := root.Attribute("records")
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	to, err := records.Field("to")
	if err != nil {
		t.Fatal(err)
	}
	if at, err := to.Type.Int(to.At(0)); err != nil || uint64(at) != root.Links["ints"] {
		t.Errorf("reference %d %v, ints are at %d", at, err, root.Links["ints"])
	}
	yes, _ := records.Field("yes")
	if v, err := yes.Type.Int(yes.At(0)); err != nil || v != 1 {
		t.Errorf("yes: %d %v", v, err)
	}
	title, _, err := root.Attribute("title")
	if err != nil || title.Type.Trim(title.Data) != "Größe" {
		t.Errorf("title: %+v %v", title, err)
	}
	n, _ := f.Node(root.Links["ints"])
	if unit, ok, err := n.Attribute("unit"); !ok || err != nil || unit.Data[0] != 7 {
		t.Errorf("unit: %+v %v %v", unit, ok, err)
	}
}

// Another implementation reads the same values.
func TestAnotherReaderAgrees(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	if err := os.WriteFile(path, sample(t), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := peer.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := 0
	for _, child := range f.Root().Children() {
		d, ok := child.(*peer.Dataset)
		if !ok {
			t.Errorf("%s is no dataset", child.Name())
			continue
		}
		want, ok := map[string][]float64{
			"floats": {1, -2.5, float64(float32(3e20)), 0, float64(float32(math.Pi)), float64(float32(1e-30))},
			"ints":   {1, -1, 256},
		}[d.Name()]
		if !ok {
			continue
		}
		seen++
		if got, err := d.Read(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v %v, want %v", d.Name(), got, err, want)
		}
	}
	if seen != 2 {
		t.Errorf("%d of 2 datasets seen", seen)
	}
}

// A file that the other implementation wrote reads back.
func TestAnotherWritersFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	w, err := peer.CreateForWrite(path, peer.CreateTruncate)
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.CreateDataset("/targets", peer.Int32, []uint64{4, 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Write([]int32{3, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := open(b)
	if err != nil {
		t.Fatal(err)
	}
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	n, err := f.Node(root.Links["targets"])
	if err != nil {
		t.Fatal(err)
	}
	v, err := f.Read(n.Data)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Ints(); err != nil || !slices.Equal(got, []int64{3, 1, 2, 3}) {
		t.Errorf("%v %v", got, err)
	}
}

// Files of h5py (testdata/fuel.py makes them), with the structures of HDF5 1.0 (libver earliest) and of 1.10 (latest).
func TestForeignFiles(t *testing.T) {
	for _, name := range []string{"testdata/fuel-old.h5", "testdata/fuel-new.h5"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := open(b)
		if err != nil {
			t.Fatal(err)
		}
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		read := func(at uint64) Value {
			n, err := f.Node(at)
			if err != nil {
				t.Fatal(err)
			}
			v, err := f.Read(n.Data)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if v := read(root.Links["images"]); !slices.Equal(v.Dims, []uint64{2, 3, 2, 2}) || v.Data[23] != 23 {
			t.Errorf("%s: images %+v", name, v)
		}
		if got, err := f.Strings(read(root.Links["names"])); err != nil || !slices.Equal(got, []string{"ab", "c"}) {
			t.Errorf("%s: names %q %v", name, got, err)
		}
		title, _, err := root.Attribute("title")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := f.Strings(title.Value); err != nil || !slices.Equal(got, []string{"variable"}) {
			t.Errorf("%s: title %q %v", name, got, err)
		}
		split, _, err := root.Attribute("split")
		if err != nil {
			t.Fatal(err)
		}
		column := func(field string) Value {
			v, err := split.Field(field)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if got, err := f.Strings(column("split")); err != nil || !slices.Equal(got, []string{"train", "test"}) {
			t.Errorf("%s: split %q %v", name, got, err)
		}
		if got, err := column("available").Ints(); err != nil || !slices.Equal(got, []int64{1, 1}) {
			t.Errorf("%s: available %v %v", name, got, err)
		}
		to, err := column("indices").Ints()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(uint64(to[1])).Ints(); err != nil || !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("%s: what the reference names: %v %v", name, got, err)
		}
	}
}

// Whatever is cut off the end, the file is refused when it is opened.
func TestCutShort(t *testing.T) {
	whole := sample(t)
	for n := range len(whole) {
		if _, err := open(whole[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("%d of %d bytes: error %v", n, len(whole), err)
		}
	}
}

func TestDamageIsNoticed(t *testing.T) {
	whole := sample(t)
	f, err := open(whole)
	if err != nil {
		t.Fatal(err)
	}
	damaged := slices.Clone(whole)
	damaged[f.root+20] ^= 4
	f, err = open(damaged)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Root(); !errors.Is(err, ErrFormat) {
		t.Errorf("error %v", err)
	}
}

func TestAnAttributeTooLarge(t *testing.T) {
	b := NewBuilder(&memory{}, SuperblockSize)
	b.Attribute(Attribute{"x", Value{Uint8, []uint64{70000}, make([]byte, 70000)}})
	if _, err := b.Close(); err == nil {
		t.Error("no error")
	}
}

// walk reads all there is in a file.
func walk(b []byte) error {
	f, err := Open(io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b))), int64(len(b)))
	if err != nil {
		return err
	}
	root, err := f.Root()
	if err != nil {
		return err
	}
	var errs []error
	use := func(v Value) {
		_, err := v.Ints()
		errs = append(errs, err)
		_, err = f.Strings(v)
		errs = append(errs, err)
		for _, m := range v.Type.Members {
			_, err := v.Field(m.Name)
			errs = append(errs, err)
		}
	}
	for _, a := range root.attributes {
		use(a.Value)
	}
	for name := range root.Soft {
		_, err := f.Lookup(name)
		errs = append(errs, err)
	}
	for _, at := range root.Links {
		n, err := f.Node(at)
		errs = append(errs, err)
		if err != nil || n.Data == nil {
			continue
		}
		v, err := f.Read(n.Data)
		errs = append(errs, err)
		if err == nil {
			use(v)
		}
	}
	return errors.Join(errs...)
}
