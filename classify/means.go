package classify

import (
	"context"
	"math"

	"github.com/dvml/dvml/index"
)

// means are the sums of the vectors of each class.
type means struct {
	names  []string
	sums   [][]float64
	square []float64 // the squared length of each sum
	size   []int
}

func meansOf(ctx context.Context, x *index.Index, class map[int64]string) (*means, error) {
	m := &means{}
	at := map[string]int{}
	err := x.Vectors(ctx, func(id int64, v []float32) error {
		name := class[id]
		if name == "" {
			return ctx.Err()
		}
		i, known := at[name]
		if !known {
			i = len(m.names)
			at[name] = i
			m.names, m.sums, m.size = append(m.names, name), append(m.sums, make([]float64, len(v))), append(m.size, 0)
		}
		m.size[i]++
		for d, value := range v {
			m.sums[i][d] += float64(value)
		}
		return ctx.Err()
	})
	m.square = make([]float64, len(m.sums))
	for i, sum := range m.sums {
		for _, value := range sum {
			m.square[i] += value * value
		}
	}
	return m, err
}

// mostCandidates is how many classes an answer by means lists.
const mostCandidates = 10

// candidates compares a vector with the means; of its own class, where it is in the index, that of
// the others.
func (m *means) candidates(v []float32, own string) []Candidate {
	var of []Candidate
	for i, sum := range m.sums {
		var product, length float64
		for d, value := range v {
			product += float64(value) * sum[d]
			length += float64(value) * float64(value)
		}
		square, size := m.square[i], m.size[i]
		if m.names[i] == own {
			square, product, size = square-2*product+length, product-length, size-1
		}
		if size == 0 || square < 1e-12 {
			continue // it has no direction
		}
		score := product / math.Sqrt(square*length)
		of = append(of, Candidate{Class: m.names[i], Share: weight(score), Score: float32(score), Photographs: size})
	}
	of = shared(of)
	return of[:min(len(of), mostCandidates)]
}
