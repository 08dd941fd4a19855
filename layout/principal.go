package layout

import (
	"context"
	"math"
	"math/rand/v2"
)

// rounds of orthogonal iteration find two axes well enough for points to begin on.
const rounds = 6

// principal places n points on the two largest principal axes of their vectors, in a square of firstSide around 0.
func principal(ctx context.Context, n, dim int, vector func(i int) ([]float32, error), seed uint64) ([][2]float32, error) {
	mean := make([]float64, dim)
	for i := range n {
		v, err := vector(i)
		if err != nil {
			return nil, err
		}
		for d, x := range v {
			mean[d] += float64(x) / float64(n)
		}
	}
	rng := rand.New(rand.NewPCG(seed, 3))
	var axes [2][]float64
	for a := range axes {
		axes[a] = make([]float64, dim)
		for d := range axes[a] {
			axes[a][d] = rng.NormFloat64()
		}
	}
	orthonormal(&axes)
	places := make([][2]float64, n)
	for round := range rounds + 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var next [2][]float64
		for a := range next {
			next[a] = make([]float64, dim)
		}
		for i := range n {
			v, err := vector(i)
			if err != nil {
				return nil, err
			}
			var along [2]float64
			for d, x := range v {
				c := float64(x) - mean[d]
				along[0] += c * axes[0][d]
				along[1] += c * axes[1][d]
			}
			places[i] = along
			for d, x := range v {
				c := float64(x) - mean[d]
				next[0][d] += along[0] * c
				next[1][d] += along[1] * c
			}
		}
		if round < rounds {
			axes = next
			orthonormal(&axes)
		}
	}
	return squared(places), nil
}

// orthonormal makes the axes of length 1 and the second at right angles to the first. One that
// vanishes, as where all points are one, stays 0.
func orthonormal(axes *[2][]float64) {
	normalise(axes[0])
	var dot float64
	for d := range axes[0] {
		dot += axes[0][d] * axes[1][d]
	}
	for d := range axes[1] {
		axes[1][d] -= dot * axes[0][d]
	}
	normalise(axes[1])
}

func normalise(v []float64) {
	var sum float64
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return
	}
	for d := range v {
		v[d] /= math.Sqrt(sum)
	}
}

// squared scales places to the square of firstSide.
func squared(places [][2]float64) [][2]float32 {
	var most float64
	for _, p := range places {
		most = max(most, math.Abs(p[0]), math.Abs(p[1]))
	}
	out := make([][2]float32, len(places))
	if most == 0 {
		return out
	}
	for i, p := range places {
		out[i] = [2]float32{float32(p[0] / most * firstSide), float32(p[1] / most * firstSide)}
	}
	return out
}
