package matfile

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/internal/mattest"
	peer "github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/internal/shared"
)

func sample(compressed bool) []byte {
	return mattest.File(compressed,
		mattest.Variable{Name: "annotations", Value: mattest.Struct([]string{"fname", "class", "w"},
			[]mattest.Value{mattest.Text("00001.jpg"), mattest.Byte(14), mattest.Number(1.5)},
			[]mattest.Value{mattest.Text("00002.jpg"), mattest.Byte(3), mattest.Number(-2)})},
		mattest.Variable{Name: "class_names", Value: mattest.Cell(mattest.Text("AM General Hummer"), mattest.Text("Citroën"), mattest.Text(""))},
	)
}

func TestRead(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		f, err := Read(bytes.NewReader(sample(compressed)))
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"annotations", "class_names"}; !slices.Equal(f.Names, want) {
			t.Fatalf("variables %q, want %q", f.Names, want)
		}
		a, err := f.Var("annotations")
		if err != nil {
			t.Fatal(err)
		}
		if a.Class != Struct || a.Len() != 2 {
			t.Fatalf("%v", a)
		}
		name, err := a.Field(1, "fname")
		if err != nil || name.String() != "00002.jpg" {
			t.Errorf("fname of element 1: %v, %v", name, err)
		}
		class, err := a.Field(0, "class")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := class.Int(); v != 14 || err != nil {
			t.Errorf("class of element 0: %d, %v", v, err)
		}
		w, err := a.Field(0, "w")
		if err != nil || w.Numbers[0] != 1.5 {
			t.Errorf("w of element 0: %v, %v", w, err)
		}
		if _, err := w.Int(); err == nil {
			t.Error("1.5 passes for a whole number")
		}
		names, err := f.Var("class_names")
		if err != nil || len(names.Cells) != 3 || names.Cells[1].Text != "Citroën" || names.Cells[2].Text != "" {
			t.Errorf("class_names: %v, %v", names, err)
		}
	}
}

func TestMissingThingsAreNamed(t *testing.T) {
	f, err := Read(bytes.NewReader(sample(true)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Var("annotation"); err == nil || !strings.Contains(err.Error(), `"annotations"`) {
		t.Errorf("error %v: want the variables that there are", err)
	}
	a, _ := f.Var("annotations")
	if _, err := a.Field(0, "label"); err == nil || !strings.Contains(err.Error(), `"fname"`) {
		t.Errorf("error %v: want the fields that there are", err)
	}
	if _, err := a.Field(2, "fname"); err == nil {
		t.Error("element 2 of 2 is read")
	}
	if _, err := a.Int(); err == nil {
		t.Error("a struct passes for a number")
	}
}

// Whatever is cut off, the error says so and nothing panics.
func TestCutShort(t *testing.T) {
	for _, compressed := range []bool{false, true} {
		whole := sample(compressed)
		f, err := Read(bytes.NewReader(whole))
		if err != nil {
			t.Fatal(err)
		}
		for n := range whole {
			cut, err := Read(bytes.NewReader(whole[:n]))
			if err == nil && len(cut.Names) >= len(f.Names) {
				t.Fatalf("compressed %v: %d of %d bytes are taken for the whole", compressed, n, len(whole))
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	bigEndian := make([]byte, 128)
	copy(bigEndian[124:], "\x02\x00MI")
	tests := map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "truncated"},
		"HDF5":          {[]byte("\x89HDF\r\n\x1a\n"), "-v7"},
		"MATLAB 7.3":    {append([]byte("MATLAB 7.3 MAT-file"), make([]byte, 600)...), "-v7"},
		"text":          {bytes.Repeat([]byte("not a MAT-file. "), 20), "byte order"},
		"other version": {bigEndian, "0x0200"},
	}
	for name, test := range tests {
		if _, err := Read(bytes.NewReader(test.data)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestBigEndian(t *testing.T) {
	order := binary.BigEndian
	data := make([]byte, 128)
	copy(data[124:], "\x01\x00MI")
	words := func(vs ...uint32) {
		for _, v := range vs {
			data = order.AppendUint32(data, v)
		}
	}
	words(typeMatrix, 16+16+8+16)
	words(typeUint32, 8, uint32(Int16), 0)
	words(typeInt32, 8, 1, 3)
	words(1<<16|typeInt8, uint32('x')<<24)
	words(typeInt16, 6, 0x0001fffe, 0x7fff0000)
	f, err := Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Var("x")
	if err != nil || !slices.Equal(x.Numbers, []float64{1, -2, 32767}) {
		t.Errorf("x is %v (%v), want 1, -2, 32767", x, err)
	}
}

// The real annotations.
func TestCars196(t *testing.T) {
	read := func(name string) *File {
		file, err := os.Open(shared.Path(t, "data/cars196/devkit/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		f, err := Read(file)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	a, err := read("cars_train_annos.mat").Var("annotations")
	if err != nil {
		t.Fatal(err)
	}
	if a.Len() != 8144 {
		t.Errorf("%d annotations, want 8144", a.Len())
	}
	class, err := a.Field(0, "class")
	if err != nil {
		t.Fatal(err)
	}
	if v, err := class.Int(); err != nil || v != 14 {
		t.Errorf("class of the first: %d, %v; want 14", v, err)
	}
	names, err := read("cars_meta.mat").Var("class_names")
	if err != nil || len(names.Cells) != 196 || names.Cells[0].Text != "AM General Hummer SUV 2000" {
		t.Errorf("class names: %v, %v", names, err)
	}
}

// SciPy writes, this package reads.
func TestSciPy(t *testing.T) {
	python := peer.With(t, "scipy", "numpy")
	path := filepath.Join(t.TempDir(), "a.mat")
	const script = `
import sys, numpy as np, scipy.io as io
s = np.zeros((1, 2), dtype=[('fname', 'O'), ('class', 'O')])
s[0, 0] = ('a.jpg', np.uint8(200)); s[0, 1] = ('b.jpg', np.uint16(300))
c = np.empty((1, 2), dtype=object); c[0, 0] = 'Über'; c[0, 1] = np.arange(6, dtype=np.float32).reshape(2, 3)
io.savemat(sys.argv[1], {'annotations': s, 'names': c, 'i8': np.array([[-3]], dtype=np.int64), 'flag': np.array([[True, False]])}, do_compression=sys.argv[2] == '1')
`
	for _, compressed := range []string{"0", "1"} {
		if out, err := exec.Command(python, "-c", script, path, compressed).CombinedOutput(); err != nil {
			t.Fatalf("python: %v\n%s", err, out)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.Var("annotations")
		if err != nil {
			t.Fatal(err)
		}
		name, err := a.Field(1, "fname")
		if err != nil || name.Text != "b.jpg" {
			t.Errorf("fname: %v, %v", name, err)
		}
		class, err := a.Field(1, "class")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := class.Int(); v != 300 || err != nil {
			t.Errorf("class: %d, %v", v, err)
		}
		c, err := f.Var("names")
		if err != nil {
			t.Fatal(err)
		}
		if c.Cells[0].Text != "Über" || !slices.Equal(c.Cells[1].Numbers, []float64{0, 3, 1, 4, 2, 5}) {
			t.Errorf("names: %v %v", c.Cells[0], c.Cells[1].Numbers)
		}
		i8, err := f.Var("i8")
		if err != nil {
			t.Fatal(err)
		}
		if v, err := i8.Int(); v != -3 || err != nil {
			t.Errorf("i8: %d, %v", v, err)
		}
		flag, err := f.Var("flag")
		if err != nil || !slices.Equal(flag.Numbers, []float64{1, 0}) {
			t.Errorf("flag: %v, %v", flag, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(sample(false))
	f.Add(sample(true))
	f.Add(sample(false)[:300])
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, name := range file.Names {
			a, err := file.Var(name)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = a.String(), a.Len()
			if a.Class == Struct && len(a.Cells) != a.Len()*len(a.Fields) {
				t.Fatalf("%v has %d cells for %d fields", a, len(a.Cells), len(a.Fields))
			}
		}
	})
}
