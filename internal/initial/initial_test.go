package initial

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
)

// Every first value is, bit for bit, what scripts/golden/initial.py draws: runs of any version and
// on any processor begin with the same weights.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Seed   uint64
		Path   string
		FanIn  int `json:"fan_in"`
		FanOut int `json:"fan_out"`
		Dims   []int
		First  []float32
		SHA256 string
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 4 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		drawn := Glorot(c.Seed, c.Path, c.FanIn, c.FanOut, c.Dims...)
		if got := drawn.Shape().Dimensions; !slices.Equal(got, c.Dims) {
			t.Errorf("%s under seed %d: shape %v, expected %v", c.Path, c.Seed, got, c.Dims)
		}
		values := tensors.MustCopyFlatData[float32](drawn)
		if first := values[:len(c.First)]; !slices.Equal(first, c.First) {
			t.Errorf("%s under seed %d begins with %v, expected %v", c.Path, c.Seed, first, c.First)
		}
		sum := sha256.New()
		for _, v := range values {
			sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != c.SHA256 {
			t.Errorf("%s under seed %d: the values' hash is %s, expected %s", c.Path, c.Seed, got, c.SHA256)
		}
	}
}

func TestConstantAndIdentity(t *testing.T) {
	if got := tensors.MustCopyFlatData[float32](Constant(0.5, 2, 2)); !slices.Equal(got, []float32{0.5, 0.5, 0.5, 0.5}) {
		t.Errorf("constant %v", got)
	}
	if got := tensors.MustCopyFlatData[float32](Identity(2)); !slices.Equal(got, []float32{1, 0, 0, 1}) {
		t.Errorf("identity %v", got)
	}
	if got := Constant(1).Shape(); got.Rank() != 0 {
		t.Errorf("a constant without dimensions has shape %s", got)
	}
}
