package weights

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// checkDecoded runs a parser on the bytes of a stranger: it must not panic, nor give more values than there are bytes.
func checkDecoded(t *testing.T, data []byte, read func(r io.ReaderAt, size int64) (*File, error)) {
	f, err := read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return
	}
	values := 0
	for name, tensor := range f.Tensors {
		if tensor.Size() != len(tensor.Data) {
			t.Fatalf("tensor %q has shape %v and %d values", name, tensor.Shape, len(tensor.Data))
		}
		values += len(tensor.Data)
	}
	if values > len(data) {
		t.Fatalf("%d values out of %d bytes", values, len(data))
	}
}

// torchSample is what testdata/*.pth hold; torch.save wrote them (PyTorch 2.15).
func torchSample() *File {
	return &File{Meta: map[string]string{}, Tensors: map[string]Tensor{
		"a":      {Shape: []int{3, 4}, Data: []float32{1.5, 1.625, 1.75, 1.875, 2, 2.125, 2.25, 2.375, 2.5, 2.625, 2.75, 2.875}},
		"t":      {Shape: []int{3, 2}, Data: []float32{0, .375, .125, .5, .25, .625}},
		"half":   {Shape: []int{4}, Data: []float32{1.5, -2, 65504, 1.0 / (1 << 24)}},
		"bf":     {Shape: []int{2}, Data: []float32{1.5, -3}},
		"double": {Shape: []int{1}, Data: []float32{.1}},
		"p":      {Shape: []int{2}, Data: []float32{4, 5}},
		"scalar": {Shape: []int{}, Data: []float32{2.5}},
		"empty":  {Shape: []int{0, 3}, Data: []float32{}},
	}}
}

// small.pth is a state dict in the zip form, with views, a transposed tensor, a parameter and integers; legacy.pth is a training checkpoint
// around the same state dict in the older form.
func TestTorch(t *testing.T) {
	for _, name := range []string{"small.pth", "legacy.pth"} {
		f, err := Read(filepath.Join("testdata", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !equal(f, torchSample()) {
			t.Errorf("%s: %v", name, f)
		}
	}
}

func TestTorchCutIsTorn(t *testing.T) {
	for _, name := range []string{"small.pth", "legacy.pth"} {
		data := testdata(t, name)
		for n := 9; n < len(data); n++ {
			if _, err := decode(data[:n]); !errors.Is(err, ErrTorn) {
				t.Fatalf("%s cut to %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestUnpicklerCallsNothing(t *testing.T) {
	for _, text := range []string{
		"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R.",
		"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04echo\x85R.",
	} {
		u := &unpickler{r: bufio.NewReader(strings.NewReader(text)), left: int64(len(text)), reduce: (&torchFile{}).reduce}
		if v, err := u.load(); err != nil || v != (opaque{}) {
			t.Errorf("%q gives %v, %v", text, v, err)
		}
	}
	for _, text := range []string{".", "\x80\x09.", "a.", "u.", "t.", "h\x00.", "X\xff\xff\xff\x7fa.", "\x80\x02(K\x01t\x85Q.", "\x93.", "K\x01K\x02\x93.", "\xfe"} {
		u := &unpickler{r: bufio.NewReader(strings.NewReader(text)), left: int64(len(text)), reduce: (&torchFile{}).reduce, persist: (&torchFile{}).persist}
		if v, err := u.load(); err == nil {
			t.Errorf("%q gives %v", text, v)
		}
	}
}

func TestOrderedDictOfPython2(t *testing.T) {
	text := "\x80\x02ccollections\nOrderedDict\n](](U\x01aK\x07ee\x85R."
	u := &unpickler{r: bufio.NewReader(strings.NewReader(text)), left: int64(len(text)), reduce: (&torchFile{}).reduce}
	v, err := u.load()
	if d, ok := v.(*dict); err != nil || !ok || d.items["a"] != int64(7) {
		t.Errorf("%v, %v", v, err)
	}
}

// The numbers of ONNX's fields that the samples are made of.
const (
	modelGraph       = 7 // ModelProto.graph
	graphInitializer = 5 // GraphProto.initializer

	tensorDims       = 1
	tensorDataType   = 2
	tensorFloatData  = 4
	tensorName       = 8
	tensorRawData    = 9
	tensorDoubleData = 10
	tensorLocation   = 14
)

// onnxModel builds a model with initialisers, as protobuf's encoders do.
func onnxModel(initialisers ...[]byte) []byte {
	var graph []byte
	for _, i := range initialisers {
		graph = protowire.AppendBytes(protowire.AppendTag(graph, graphInitializer, protowire.BytesType), i)
	}
	model := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8) // ir_version
	return protowire.AppendBytes(protowire.AppendTag(model, modelGraph, protowire.BytesType), graph)
}

// onnxTensor builds a tensor, its dimensions packed or not.
func onnxTensor(name string, dtype uint64, packed bool, dims []uint64, payload func([]byte) []byte) []byte {
	var b, list []byte
	for _, d := range dims {
		if packed {
			list = protowire.AppendVarint(list, d)
		} else {
			b = protowire.AppendVarint(protowire.AppendTag(b, tensorDims, protowire.VarintType), d)
		}
	}
	if packed {
		b = protowire.AppendBytes(protowire.AppendTag(b, tensorDims, protowire.BytesType), list)
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, tensorDataType, protowire.VarintType), dtype)
	b = protowire.AppendString(protowire.AppendTag(b, tensorName, protowire.BytesType), name)
	return payload(b)
}

func onnxSample() []byte {
	raw := func(data ...byte) func([]byte) []byte {
		return func(b []byte) []byte {
			return protowire.AppendBytes(protowire.AppendTag(b, tensorRawData, protowire.BytesType), data)
		}
	}
	return onnxModel(
		onnxTensor("raw", 1, true, []uint64{2}, raw(0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0)),
		onnxTensor("half", 10, false, []uint64{1, 1}, raw(0, 0x3e)),
		onnxTensor("packed", 1, false, []uint64{2, 1}, func(b []byte) []byte {
			list := binary.LittleEndian.AppendUint32(nil, math.Float32bits(4))
			list = binary.LittleEndian.AppendUint32(list, math.Float32bits(5))
			return protowire.AppendBytes(protowire.AppendTag(b, tensorFloatData, protowire.BytesType), list)
		}),
		onnxTensor("single", 1, false, nil, func(b []byte) []byte {
			return protowire.AppendFixed32(protowire.AppendTag(b, tensorFloatData, protowire.Fixed32Type), math.Float32bits(6))
		}),
		onnxTensor("double", 11, false, []uint64{1}, func(b []byte) []byte {
			return protowire.AppendFixed64(protowire.AppendTag(b, tensorDoubleData, protowire.Fixed64Type), math.Float64bits(7))
		}),
		onnxTensor("shape", 7, true, []uint64{1}, raw(1, 0, 0, 0, 0, 0, 0, 0)),
		onnxTensor("nothing", 1, true, []uint64{0}, raw()),
	)
}

func TestONNX(t *testing.T) {
	f, err := decode(onnxSample())
	if err != nil {
		t.Fatal(err)
	}
	want := &File{Meta: map[string]string{}, Tensors: map[string]Tensor{
		"raw":     {Shape: []int{2}, Data: []float32{1.5, -2}},
		"half":    {Shape: []int{1, 1}, Data: []float32{1.5}},
		"packed":  {Shape: []int{2, 1}, Data: []float32{4, 5}},
		"single":  {Shape: []int{}, Data: []float32{6}},
		"double":  {Shape: []int{1}, Data: []float32{7}},
		"nothing": {Shape: []int{0}, Data: []float32{}},
	}}
	if !equal(f, want) {
		t.Errorf("read %v", f)
	}
	for what, model := range map[string][]byte{
		"a misshapen tensor": onnxModel(onnxTensor("a", 1, true, []uint64{1 << 62, 4}, func(b []byte) []byte {
			return protowire.AppendFixed32(protowire.AppendTag(b, tensorFloatData, protowire.Fixed32Type), 0)
		})),
		"external data": onnxModel(onnxTensor("a", 1, true, []uint64{1}, func(b []byte) []byte {
			return protowire.AppendVarint(protowire.AppendTag(b, tensorLocation, protowire.VarintType), 1)
		})),
		"no weights": onnxModel(),
	} {
		if _, err := decode(model); err == nil {
			t.Errorf("%s is read", what)
		}
	}
}

func TestReadSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ content, want string }{
		"empty.pth":  {"", "empty"},
		"text.pth":   {"these are no weights", "neither safetensors, nor"},
		"list.pth":   {"\x80\x02]q\x00.", "none of torch.save"},
		"plain.zip":  {"PK\x05\x06" + strings.Repeat("\x00", 18), "neither"},
		"broken.zip": {"PK\x03\x04 and nothing else", "torn"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and the path in it", name, err, c.want)
		}
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Read(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func FuzzTorchZip(f *testing.F) {
	f.Add(testdata(f, "small.pth"))
	f.Fuzz(func(t *testing.T, data []byte) { checkDecoded(t, data, readTorchZip) })
}

func FuzzTorchLegacy(f *testing.F) {
	f.Add(testdata(f, "legacy.pth"))
	f.Fuzz(func(t *testing.T, data []byte) { checkDecoded(t, data, readTorchLegacy) })
}

func FuzzONNX(f *testing.F) {
	f.Add(onnxSample())
	f.Fuzz(func(t *testing.T, data []byte) { checkDecoded(t, data, readONNX) })
}

func ExampleRead() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "model.safetensors")
	f := &File{Tensors: map[string]Tensor{"fc/biases": {Shape: []int{2}, Data: []float32{0.5, -1}}}, Meta: map[string]string{"step": "100"}}
	if err := WriteSafetensors(path, f); err != nil {
		panic(err)
	}
	back, err := Read(path)
	if err != nil {
		panic(err)
	}
	fmt.Println(back.Names(), back.Tensors["fc/biases"].Data, back.Meta["step"])
	// Output: [fc/biases] [0.5 -1] 100
}
