package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/internal/python"
)

// made are n rows of dim, every fifth of no known class.
func made(n, dim int) []Row {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	rows := make([]Row, n)
	for i := range rows {
		hash := sha256.Sum256([]byte{byte(i)})
		rows[i] = Row{Path: fmt.Sprintf("a, \"b\"/ünï %d.jpg", i), Hash: hex.EncodeToString(hash[:]), Vector: make([]float32, dim)}
		if i%5 > 0 {
			rows[i].Class = fmt.Sprintf("class %d", i%3)
		}
		for d := range dim {
			rows[i].Vector[d] = float32(rng.NormFloat64())
		}
	}
	return rows
}

func journal(t testing.TB, rows []Row, dim int) *Journal {
	t.Helper()
	j, err := OpenJournal(filepath.Join(t.TempDir(), "x.partial"), Header{Dim: dim, Model: "m"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	for len(rows) > 0 {
		n := min(7, len(rows))
		if err := j.Append(rows[:n]); err != nil {
			t.Fatal(err)
		}
		rows = rows[n:]
	}
	return j
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{1, 23, 5000} {
		const dim = 6
		rows := made(n, dim)
		j := journal(t, rows, dim)
		for _, f := range formats {
			for kind := range Float16 + 1 {
				path := filepath.Join(t.TempDir(), "x"+f.ending)
				if kind == Float16 && !f.half {
					if err := Write(path, j, kind); err == nil {
						t.Errorf("%s takes float16", f.ending)
					}
					continue
				}
				if err := Write(path, j, kind); err != nil {
					t.Fatal(err)
				}
				s, err := Read(path)
				if err != nil {
					t.Fatalf("%s: %v", f.ending, err)
				}
				compare(t, f.ending, s, rows, dim, kind)
			}
		}
	}
}

func compare(t *testing.T, name string, s *Set, rows []Row, dim int, kind Type) {
	t.Helper()
	if s.Dim != dim || s.N() != len(rows) || len(s.Paths) != len(rows) || len(s.Classes) != len(rows) || len(s.Hashes) != len(rows) {
		t.Fatalf("%s: %d rows of %d with %d paths, %d classes, %d hashes", name, s.N(), s.Dim, len(s.Paths), len(s.Classes), len(s.Hashes))
	}
	for i, r := range rows {
		if s.Paths[i] != r.Path || s.Classes[i] != r.Class || s.Hashes[i] != r.Hash {
			t.Fatalf("%s: row %d is %q, %q, %q, want %q, %q, %q", name, i, s.Paths[i], s.Classes[i], s.Hashes[i], r.Path, r.Class, r.Hash)
		}
		for d, v := range r.Vector {
			got := s.Rows[i*dim+d]
			if kind == Float32 && got != v || kind == Float16 && math.Abs(float64(got-v)) > math.Abs(float64(v))/2048+1e-7 {
				t.Fatalf("%s: row %d, number %d is %v, want %v", name, i, d, got, v)
			}
		}
	}
}

// A journal that is cut anywhere, as a kill leaves it, opens with the rows that are whole and goes on.
func TestJournalAfterKill(t *testing.T) {
	const dim = 3
	rows := made(6, dim)
	whole := journal(t, rows, dim)
	data, err := os.ReadFile(whole.path)
	if err != nil {
		t.Fatal(err)
	}
	header := int(whole.at[0])
	for cut := header; cut <= len(data); cut += 3 {
		path := filepath.Join(t.TempDir(), "cut")
		torn := slices.Clone(data[:cut])
		if cut%2 == 0 && cut > header { // a block of the disk that was never written
			torn[cut-1] ^= 0xff
		}
		if err := os.WriteFile(path, torn, 0o644); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(path, Header{Dim: dim, Model: "m"})
		if err != nil {
			t.Fatal(err)
		}
		least := 0
		for _, at := range append(whole.at[1:], whole.end) {
			if int(at) < cut {
				least++
			}
		}
		if j.Len() < least {
			t.Fatalf("cut at %d: %d rows, want at least %d", cut, j.Len(), least)
		}
		if err := j.Append(rows[j.Len():]); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := j.Each(func(i int, r Row) error {
			n++
			if r.Path != rows[i].Path || !slices.Equal(r.Vector, rows[i].Vector) {
				t.Fatalf("cut at %d: row %d is %+v", cut, i, r)
			}
			return nil
		}); err != nil || n != len(rows) {
			t.Fatalf("cut at %d: %d rows, error %v", cut, n, err)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestJournalOfAnother(t *testing.T) {
	j := journal(t, made(2, 3), 3)
	if _, err := OpenJournal(j.path, Header{Dim: 3, Model: "m"}); err == nil {
		t.Error("two processes may open one journal")
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, h := range []Header{{Dim: 4, Model: "m"}, {Dim: 3, Model: "n"}, {Dim: 3, Model: "m", Options: "mirror"}} {
		if _, err := OpenJournal(j.path, h); err == nil || !strings.Contains(err.Error(), "another model") {
			t.Errorf("%+v: error %v", h, err)
		}
	}
	again, err := OpenJournal(j.path, Header{Dim: 3, Model: "m"})
	if err != nil || again.Len() != 2 {
		t.Fatalf("error %v", err)
	}
	if err := again.Remove(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(j.path), "*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// The libraries of Python read what is written, and what they write is read.
func TestPython(t *testing.T) {
	interpreter := python.With(t, "numpy", "pandas", "pyarrow", "duckdb", "h5py", "safetensors")
	dir := t.TempDir()
	const n, dim = 40, 5
	rows := made(n, dim)
	j := journal(t, rows, dim)
	for _, name := range []string{"x.npy", "x.csv", "x.parquet", "x.h5", "x.safetensors"} {
		if err := Write(filepath.Join(dir, name), j, Float32); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"half.npy", "half.h5", "half.safetensors"} {
		if err := Write(filepath.Join(dir, name), j, Float16); err != nil {
			t.Fatal(err)
		}
	}
	script := exec.Command(interpreter, "testdata/read_write.py", dir)
	script.Stderr = os.Stderr
	out, err := script.Output()
	if err != nil {
		t.Fatal(err)
	}
	var read map[string]struct {
		Rows                   [][]float32
		Paths, Classes, Hashes []string
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, name := range []string{"x.npy", "x.csv", "x.parquet", "x.h5", "x.safetensors", "half.npy", "half.h5", "half.safetensors", "x.parquet by duckdb"} {
		r := read[name]
		kind := Float32
		if strings.HasPrefix(name, "half") {
			kind = Float16
		}
		compare(t, name, &Set{Dim: dim, Rows: slices.Concat(r.Rows...), Paths: r.Paths, Classes: r.Classes, Hashes: r.Hashes}, rows, dim, kind)
	}
	for _, name := range []string{"made-f4.npy", "made-f8.npy", "made-f2.npy", "made-fortran.npy", "made-big.npy", "made.csv", "made-bare.csv", "made-lists.parquet", "made-columns.parquet", "made.h5", "made.safetensors"} {
		s, err := Read(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		for i := range n {
			for d := range dim {
				if want := float32(i) + float32(d)/8; s.Dim != dim || s.Rows[i*dim+d] != want {
					t.Fatalf("%s: row %d, number %d of %d is %v, want %v", name, i, d, s.Dim, s.Rows[i*dim+d], want)
				}
			}
		}
		if s.Classes != nil && (s.Classes[7] != "1" || s.Classes[8] != "2") {
			t.Errorf("%s: classes %v", name, s.Classes)
		}
	}
	for _, name := range []string{"labels.npy", "labels-text.npy", "labels-bytes.npy", "labels.csv", "labels.txt", "labels.parquet", "made.h5", "made.safetensors"} {
		classes, err := ReadLabels(filepath.Join(dir, name))
		if err != nil || len(classes) != n || classes[7] != "1" || classes[8] != "2" {
			t.Errorf("%s: %v, error %v", name, classes, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct{ path, want string }{
		{write("x.txt", "1,2"), "expected a file that ends in .npy, .csv"},
		{write("x.npy", "hello"), "it is not an .npy file"},
		{write("x.npy", "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3000000, 300), }    \n"), "does not fit"},
		{write("x.npy", "\x93NUMPY\x01\x00\x46\x00{'descr': '|O', 'fortran_order': False, 'shape': (3000000, 300), }      \n"), "pickled"},
		{write("x.csv", ""), "it is empty"},
		{write("x.csv", "path,0,1\na.jpg,1\n"), "wrong number of fields"},
		{write("x.csv", "path,0,1\na.jpg,1,x\n"), "line 2, column 3"},
		{write("x.csv", "path,0,1\na.jpg,1,NaN\n"), "row 0, column 1 is NaN"},
		{write("x.csv", "path,class\na.jpg,b\n"), "holds no embeddings"},
		{write("x.parquet", "PAR1 and no more"), "x.parquet"},
		{write("x.h5", "hello"), "not a whole HDF5 file"},
		{write("x.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}"), "not a whole safetensors file"},
		{write("x.safetensors", "\x02\x00\x00\x00\x00\x00\x00\x00{}"), "expected a tensor"},
	} {
		if _, err := Read(c.path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", filepath.Base(c.path), err, c.want)
		}
	}
}

func TestNumber(t *testing.T) {
	labels, names := Number([]string{"b", "", "a", "b", ""})
	if !slices.Equal(labels, []int32{1, 2, 0, 1, 3}) || !slices.Equal(names, []string{"a", "b"}) {
		t.Errorf("%v, %v", labels, names)
	}
}

// Foreign bytes in any of the formats give a set or an error.
func FuzzRead(f *testing.F) {
	j := journal(f, made(3, 2), 2)
	for i, format := range formats {
		path := filepath.Join(f.TempDir(), "x"+format.ending)
		if err := Write(path, j, Float32); err != nil {
			f.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), data)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		format := formats[int(kind)%len(formats)]
		switch format.ending {
		case ".npy":
			if n, err := parseNumpy(bytes.NewReader(data), int64(len(data))); err == nil {
				rest := data[int64(len(data))-n.room:]
				n.matrix(bytes.NewReader(rest)) //nolint:errcheck // that it returns is the test
				n.labels(bytes.NewReader(rest)) //nolint:errcheck
			}
		case ".csv":
			parseTable(bytes.NewReader(data), true) //nolint:errcheck
			parseClassColumn(bytes.NewReader(data)) //nolint:errcheck
		case ".h5":
			parseHDF5(bytes.NewReader(data), int64(len(data))) //nolint:errcheck
		case ".safetensors":
			parseSafetensors(bytes.NewReader(data), int64(len(data))) //nolint:errcheck
		default:
			path := filepath.Join(dir, "x"+format.ending)
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			readParquet(path)       //nolint:errcheck
			readParquetLabels(path) //nolint:errcheck
		}
	})
}
