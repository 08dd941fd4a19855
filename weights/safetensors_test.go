package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sample holds a tensor of each rank that matters, and odd values.
func sample() *File {
	return &File{
		Tensors: map[string]Tensor{
			"conv1/weights": {Shape: []int{2, 1, 3}, Data: []float32{1, -2, 3.5, float32(math.Inf(1)), 0, 1e-40}},
			"b":             {Shape: []int{1}, Data: []float32{7}},
			"scalar":        {Shape: []int{}, Data: []float32{-1}},
			"empty":         {Shape: []int{0, 4}, Data: []float32{}},
		},
		Meta: map[string]string{"step": "12", "note": "größer <als> \"gedacht\""},
	}
}

func equal(a, b *File) bool {
	return maps.EqualFunc(a.Tensors, b.Tensors, func(x, y Tensor) bool {
		return slices.Equal(x.Shape, y.Shape) && slices.EqualFunc(x.Data, y.Data, func(v, w float32) bool { return math.Float32bits(v) == math.Float32bits(w) })
	}) && maps.Equal(a.Meta, b.Meta)
}

func written(t testing.TB, f *File) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := WriteSafetensors(path, f); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(data []byte) (*File, error) { return Decode(bytes.NewReader(data), int64(len(data))) }

func TestSafetensorsRoundTrip(t *testing.T) {
	for name, f := range map[string]*File{"sample": sample(), "nothing": {Tensors: map[string]Tensor{}, Meta: map[string]string{}}} {
		got, err := decode(written(t, f))
		if err != nil || !equal(got, f) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestWriteIsRepeatable(t *testing.T) {
	if !bytes.Equal(written(t, sample()), written(t, sample())) {
		t.Error("two writes of the same tensors differ")
	}
}

func TestEveryCutIsTorn(t *testing.T) {
	data := written(t, sample())
	for n := range len(data) {
		path := filepath.Join(t.TempDir(), "cut.safetensors")
		if err := os.WriteFile(path, data[:n], 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); !errors.Is(err, ErrTorn) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(data), err)
		}
	}
	if _, err := decode(append(data, 0)); !errors.Is(err, ErrTorn) {
		t.Errorf("a byte too many: %v", err)
	}
}

// A flipped bit gives an error, unless it changes nothing that is read (the case of a letter in one of the format's own keys).
func TestEveryFlippedBitIsSeen(t *testing.T) {
	want, data := sample(), written(t, sample())
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			if got, err := decode(data); err == nil && !equal(got, want) {
				t.Fatalf("bit %d of byte %d flipped: %v is read", bit, i, got)
			}
			data[i] ^= 1 << bit
		}
	}
	zeros := filepath.Join(t.TempDir(), "zeros.safetensors")
	if err := os.WriteFile(zeros, make([]byte, 4096), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(zeros); !errors.Is(err, ErrTorn) {
		t.Errorf("a file of zeros: %v", err)
	}
}

func TestWriteRefusesAndLeavesTheOldFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := WriteSafetensors(path, sample()); err != nil {
		t.Fatal(err)
	}
	bad := sample()
	bad.Tensors["b"] = Tensor{Shape: []int{2}, Data: []float32{7}}
	if err := WriteSafetensors(path, bad); err == nil || !strings.Contains(err.Error(), `"b"`) {
		t.Errorf("a misshapen tensor: %v", err)
	}
	if got, err := Read(path); err != nil || !equal(got, sample()) {
		t.Errorf("the old file is gone: %v", err)
	}
	if err := WriteSafetensors(filepath.Join(t.TempDir(), "no", "x"), sample()); err == nil {
		t.Error("a folder that does not exist is written to")
	}
	left, err := filepath.Glob(path + ".*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// foreign builds a safetensors file without a checksum from a header and the tensors' bytes.
func foreign(header string, data []byte) []byte {
	return slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), []byte(header), data)
}

func TestSafetensorsTypes(t *testing.T) {
	var data []byte
	data = binary.LittleEndian.AppendUint16(data, 0x3e00)               // F16 1.5
	data = binary.LittleEndian.AppendUint16(data, 0x8001)               // F16 -2^-24
	data = binary.LittleEndian.AppendUint16(data, 0x7c00)               // F16 infinity
	data = binary.LittleEndian.AppendUint16(data, 0x4049)               // BF16 3.140625
	data = binary.LittleEndian.AppendUint64(data, math.Float64bits(.1)) // F64
	data = binary.LittleEndian.AppendUint64(data, 9)                    // I64
	f, err := decode(foreign(`{"h":{"dtype":"F16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"BF16","shape":[1,1],"data_offsets":[6,8]},
		"d":{"dtype":"F64","shape":[],"data_offsets":[8,16]},"i":{"dtype":"I64","shape":[1],"data_offsets":[16,24]}}`, data))
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Meta: map[string]string{}, Tensors: map[string]Tensor{
		"h": {Shape: []int{3}, Data: []float32{1.5, -1.0 / (1 << 24), float32(math.Inf(1))}},
		"b": {Shape: []int{1, 1}, Data: []float32{3.140625}},
		"d": {Shape: []int{}, Data: []float32{.1}},
	}}
	if !equal(f, want) {
		t.Errorf("read %v", f)
	}
}

func TestSafetensorsRefuses(t *testing.T) {
	four := make([]byte, 4)
	for what, file := range map[string][]byte{
		"a header longer than the file": append(binary.LittleEndian.AppendUint64(nil, 1<<20), '{'),
		"no JSON":                       foreign("{oops", nil),
		"a hole":                        foreign(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}`, four),
		"bytes of no tensor":            foreign(`{}`, four),
		"overlap":                       foreign(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four),
		"a huge shape":                  foreign(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}`, four),
		"a negative shape":              foreign(`{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, four),
		"an unknown type":               foreign(`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}`, four),
	} {
		if _, err := decode(file); err == nil {
			t.Errorf("%s is read", what)
		}
	}
}

func FuzzSafetensors(f *testing.F) {
	f.Add(written(f, sample()))
	f.Add(foreign(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, make([]byte, 4)))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) >= 8 {
			checkDecoded(t, data, readSafetensors)
		}
	})
}

// Whatever byte the header's length begins with, ONNX's first one too, the file is read for what it is.
func TestEveryHeaderLength(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	seen := map[byte]bool{}
	for n := range 300 {
		file := &File{Tensors: map[string]Tensor{"a": {Shape: []int{1}, Data: []float32{1}}}, Meta: map[string]string{"pad": strings.Repeat("x", n)}}
		if err := WriteSafetensors(path, file); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		seen[whole[0]] = true
		if _, err := Read(path); err != nil {
			t.Fatalf("a header whose length begins with %#x: %v", whole[0], err)
		}
	}
	if !seen[onnxStart] {
		t.Errorf("no header's length began with ONNX's first byte: %d were tried", len(seen))
	}
}
