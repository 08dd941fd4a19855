package scan

import "fmt"

// Matrix is a Source in memory.
type Matrix struct {
	rows   []float32
	dim    int
	groups []byte
	reach  float32
}

// NewMatrix makes the compact form of rows [N, dim]. It keeps rows, which must not change.
func NewMatrix(rows []float32, dim int) (*Matrix, error) {
	if dim < 1 || dim > MaxDim || len(rows)%dim != 0 {
		return nil, fmt.Errorf("%d values are not rows of %d; a row has 1 to %d", len(rows), dim, MaxDim)
	}
	for i := len(rows) / dim / GroupRows * GroupRows; i < len(rows)/dim; i++ {
		if _, _, err := measure(rows[i*dim:][:dim]); err != nil {
			return nil, fmt.Errorf("row %d: %w", i, err)
		}
	}
	m := &Matrix{rows: rows, dim: dim, groups: make([]byte, len(rows)/dim/GroupRows*GroupBytes(dim))}
	var err error
	m.reach, err = Encode(m.groups, rows, dim)
	return m, err
}

func (m *Matrix) Len() int       { return len(m.rows) / m.dim }
func (m *Matrix) Dim() int       { return m.dim }
func (m *Matrix) Reach() float32 { return m.reach }

// Groups returns a slice of the compact form.
func (m *Matrix) Groups(first, n int) ([]byte, error) {
	size := GroupBytes(m.dim)
	return m.groups[first*size:][:n*size], nil
}

// Row returns a slice of the rows.
func (m *Matrix) Row(i int) ([]float32, error) { return m.rows[i*m.dim:][:m.dim], nil }
