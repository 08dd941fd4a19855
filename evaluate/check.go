package evaluate

import (
	"fmt"
	"math"
)

// checkRows says how many rows of dim numbers x holds; numbers must be finite. what names the matrix in errors.
func checkRows(what string, x []float32, dim int) (int, error) {
	if dim < 1 {
		return 0, fmt.Errorf("evaluate: %s: dimension %d: want at least 1", what, dim)
	}
	if len(x) == 0 {
		return 0, fmt.Errorf("evaluate: %s: no rows", what)
	}
	if len(x)%dim != 0 {
		return 0, fmt.Errorf("evaluate: %s: %d numbers are no whole rows of %d", what, len(x), dim)
	}
	for i, v := range x {
		if v-v != 0 { // NaN or infinite
			return 0, fmt.Errorf("evaluate: %s: row %d, column %d is %v: embeddings must be finite", what, i/dim, i%dim, v)
		}
	}
	return len(x) / dim, nil
}

// checkLabelled is checkRows for a matrix with one label a row.
func checkLabelled(what string, x []float32, dim int, labels []int32) (int, error) {
	n, err := checkRows(what, x, dim)
	if err != nil {
		return 0, err
	}
	if len(labels) != n {
		return 0, fmt.Errorf("evaluate: %s: %d labels for %d rows", what, len(labels), n)
	}
	return n, nil
}

// checkPartitions wants two labellings of the same samples.
func checkPartitions(a, b []int32) error {
	if len(a) != len(b) {
		return fmt.Errorf("evaluate: %d labels against %d: both must label the same samples", len(a), len(b))
	}
	if len(a) == 0 {
		return fmt.Errorf("evaluate: no samples")
	}
	return nil
}

// squaredNorm is |row|^2, summed in float64.
func squaredNorm(row []float32) float64 {
	var s float64
	for _, v := range row {
		s += float64(v) * float64(v)
	}
	return s
}

// checkNorms refuses rows whose squared length does not fit float32, where distances would be infinite.
func checkNorms(what string, x []float32, dim int) error {
	for i := 0; i < len(x); i += dim {
		if s := squaredNorm(x[i : i+dim]); s > math.MaxFloat32/8 {
			return fmt.Errorf("evaluate: %s: row %d has length %.3g: too long for float32 distances; normalise or scale the embeddings", what, i/dim, math.Sqrt(s))
		}
	}
	return nil
}
