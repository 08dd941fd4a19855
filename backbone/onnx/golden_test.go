package onnx

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	_ "github.com/dvml/dvml/backend/cpu"
	"github.com/dvml/dvml/internal/shared"
	"github.com/dvml/dvml/weights/onnxfile"
)

// array is one tensor of a file of numpy's.
type array struct {
	dims []int
	data []float32
}

// readNPZ reads the float32 arrays of numpy's savez.
func readNPZ(t *testing.T, path string) map[string]array {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	arrays := map[string]array{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		size := int(binary.LittleEndian.Uint16(content[8:]))
		header, body := string(content[10:10+size]), content[10+size:]
		if !strings.Contains(header, "'<f4'") || !strings.Contains(header, "'fortran_order': False") {
			t.Fatalf("%s: header %s", f.Name, header)
		}
		_, shape, _ := strings.Cut(header, "'shape': (")
		shape, _, _ = strings.Cut(shape, ")")
		a := array{data: make([]float32, len(body)/4)}
		for _, d := range strings.Split(shape, ",") {
			if d = strings.TrimSpace(d); d != "" {
				n := 0
				fmt.Sscan(d, &n)
				a.dims = append(a.dims, n)
			}
		}
		for i := range a.data {
			a.data[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		}
		arrays[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return arrays
}

var sharedBackend = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("cpu") })

func testBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := sharedBackend()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// channelsLast lays a batch of images [N,C,H,W] out as [N,H,W,C].
func (a array) channelsLast() array {
	n, c, h, w := a.dims[0], a.dims[1], a.dims[2], a.dims[3]
	out := array{dims: []int{n, h, w, c}, data: make([]float32, len(a.data))}
	for i := range a.data {
		image, channel, pixel := i/(c*h*w), i/(h*w)%c, i%(h*w)
		out.data[(image*h*w+pixel)*c+channel] = a.data[i]
	}
	return out
}

func (a array) repeated(times int) array {
	out := array{dims: append([]int{times * a.dims[0]}, a.dims[1:]...)}
	for range times {
		out.data = append(out.data, a.data...)
	}
	return out
}

func (a array) tensor() *tensors.Tensor { return tensors.FromFlatDataAndDimensions(a.data, a.dims...) }

// outputs runs the network on images [B,H,W,3] for the named values.
func outputs(t *testing.T, n *Network, images *tensors.Tensor, names ...string) []*tensors.Tensor {
	t.Helper()
	exec := MustNewExec(testBackend(t), func(x *Node) []*Node {
		nodes := n.needed(names, nil)
		b := n.begin(x.Graph(), nodes, names...)
		b.read = func(w *Weight) *Node {
			values, err := w.Value()
			if err != nil {
				panic(err)
			}
			return ConstTensor(x.Graph(), tensors.FromFlatDataAndDimensions(values, w.Shape...))
		}
		b.start(x)
		b.run(nodes)
		var out []*Node
		for _, name := range names {
			out = append(out, b.value(name).straight(b.g))
		}
		return out
	})
	out, err := exec.Call(images)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apart is the norm of a difference by the norm of what was expected.
func apart(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var off, size float64
	for i := range want {
		off += math.Pow(float64(got[i])-float64(want[i]), 2)
		size += float64(want[i]) * float64(want[i])
	}
	return math.Sqrt(off / size)
}

// All networks of the reference data give what onnxruntime gives, for one image and, where they were exported for one, for two.
func TestReferenceNetworks(t *testing.T) {
	for _, name := range []string{"efficientnet_lite0", "vit_tiny_patch16_224", "resnet50_halfwidth", "osnet_x0_25_msmt17"} {
		t.Run(name, func(t *testing.T) {
			checkNetwork(t, shared.Path(t, "weights/"+name+".onnx"), shared.Path(t, "golden/backbones/"+name+".npz"))
		})
	}
}

// So do the small ones that scripts/golden/networks.py makes.
func TestSmallNetworks(t *testing.T) {
	for _, name := range []string{"mobile", "old"} {
		t.Run(name, func(t *testing.T) { checkNetwork(t, "testdata/"+name+".onnx", "testdata/"+name+".npz") })
	}
}

// So do networks of torchvision and timm, by both of PyTorch's exporters.
func TestNetworks(t *testing.T) {
	folder := os.Getenv("DVML_ONNX_NETWORKS")
	if folder == "" {
		t.Skip("set DVML_ONNX_NETWORKS to the folder that scripts/onnx-networks wrote")
	}
	models, err := filepath.Glob(filepath.Join(folder, "*.npz"))
	if err != nil || len(models) == 0 {
		t.Fatalf("no networks in %s: %v", folder, err)
	}
	for _, golden := range models {
		t.Run(strings.TrimSuffix(filepath.Base(golden), ".npz"), func(t *testing.T) {
			checkNetwork(t, strings.TrimSuffix(golden, ".npz")+".onnx", golden)
		})
	}
}

// checkNetwork compares all outputs of a network, for one image and for two.
func checkNetwork(t *testing.T, path, values string) {
	golden := readNPZ(t, values)
	m, err := onnxfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := New(m)
	if err != nil {
		t.Fatal(err)
	}
	input := golden["input"]
	if n.Input.ChannelsFirst {
		input = input.channelsLast()
	}
	for _, batch := range []int{1, 2} {
		for _, o := range m.Graph.Outputs {
			got := outputs(t, n, input.repeated(batch).tensor(), o.Name)[0]
			want := golden["out_"+strings.ReplaceAll(o.Name, ":", "_")].repeated(batch)
			off := apart(tensors.MustCopyFlatData[float32](got), want.data)
			t.Logf("batch of %d: %s %v is off by %.2g", batch, o.Name, got.Shape().Dimensions, off)
			if !(off < 1e-4) {
				t.Errorf("batch of %d: %s is off by %g of its norm", batch, o.Name, off)
			}
		}
	}
}
