// Package initial draws the first values of variables. Each value is a pure function of the seed and the variable's path, so that a model's
// first weights do not depend on the order in which a graph is built, on the backend or on the number of threads.
package initial

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/core/tensors"
)

// SeedParam is the store's root parameter (uint64) that holds the seed of all first values; 0 where it is not set.
const SeedParam = "initial_seed"

// Rand returns the generator of the variable at path under seed.
func Rand(seed uint64, path string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(path))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

// Glorot draws a float32 tensor uniformly from [-r, r], r = sqrt(6 / (fanIn + fanOut)) (Glorot and Bengio 2010).
func Glorot(seed uint64, path string, fanIn, fanOut int, dims ...int) *tensors.Tensor {
	return Uniform(seed, path, math.Sqrt(6/float64(fanIn+fanOut)), dims...)
}

// Uniform draws a float32 tensor uniformly from [-r, r].
func Uniform(seed uint64, path string, r float64, dims ...int) *tensors.Tensor {
	rng := Rand(seed, path)
	values := make([]float32, size(dims))
	for i := range values {
		values[i] = float32((2*rng.Float64() - 1) * r)
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// Constant returns a float32 tensor filled with value.
func Constant(value float32, dims ...int) *tensors.Tensor {
	values := make([]float32, size(dims))
	for i := range values {
		values[i] = value
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// Identity returns the float32 matrix [n,n] that changes nothing.
func Identity(n int) *tensors.Tensor {
	values := make([]float32, n*n)
	for i := range n {
		values[i*n+i] = 1
	}
	return tensors.FromFlatDataAndDimensions(values, n, n)
}

func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return n
}
