package vectors

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestRound(t *testing.T) {
	rows := []float32{0.5, -1, 0.25, 0, 0, 0, 3e-39, -2e-39, 0}
	if err := Round(rows, 3, Byte); err != nil || !slices.Equal(rows, []float32{64, -127, 32, 0, 0, 0, 127, -85, 0}) {
		t.Errorf("int8: %v, %v", rows, err)
	}
	rows = []float32{0.5, -1, 0, -0.1}
	if err := Round(rows, 2, Bit); err != nil || !slices.Equal(rows, []float32{1, -1, -1, -1}) {
		t.Errorf("bit: %v, %v", rows, err)
	}
	if err := Round(rows, 2, "int4"); err == nil || !strings.Contains(err.Error(), "float32, int8, bit") {
		t.Errorf("int4: %v", err)
	}
}

// A row of int8 points where the row does, within half a step in each number.
func TestRoundToBytesKeepsTheDirection(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		row := make([]float32, 64)
		for i := range row {
			row[i] = float32(rng.NormFloat64())
		}
		kept := slices.Clone(row)
		if err := Round(kept, len(kept), Byte); err != nil {
			t.Fatal(err)
		}
		most := 0.
		for _, v := range row {
			most = max(most, math.Abs(float64(v)))
		}
		for i, v := range kept {
			if math.Abs(float64(v)*most/127-float64(row[i])) > most/254+1e-6 {
				t.Fatalf("%g became %g of 127 where the largest is %g", row[i], v, most)
			}
		}
	}
}

func TestShorten(t *testing.T) {
	rows := []float32{1, 2, 3, 4, 5, 6}
	if got := Shorten(slices.Clone(rows), 3, 2); !slices.Equal(got, []float32{1, 2, 4, 5}) {
		t.Errorf("%v", got)
	}
	if got := Shorten(slices.Clone(rows), 3, 3); !slices.Equal(got, rows) {
		t.Errorf("%v", got)
	}
}
