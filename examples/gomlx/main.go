// Command gomlx runs a GoMLX program of its own on the cpu engine, which one import registers: a
// 3x3 convolution of 32 images, timed at every level of instructions that the processor has: go run
// ./examples/gomlx.
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	_ "github.com/dvml/dvml/backend/cpu" // the one import that registers the engine
	"github.com/dvml/dvml/kernel"
)

func main() {
	const n, size, channels = 32, 28, 64
	images, weights := make([]float32, n*size*size*channels), make([]float32, 3*3*channels*channels)
	for i := range images {
		images[i] = float32(i%7) - 3
	}
	for i := range weights {
		weights[i] = float32(i%5) - 2
	}
	x := tensors.FromFlatDataAndDimensions(images, n, size, size, channels)
	w := tensors.FromFlatDataAndDimensions(weights, 3, 3, channels, channels)
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Finalize()
	for level := kernel.Generic; level <= kernel.Features(); level++ {
		before := kernel.SetActive(level) // between computations, and before the one that it is for is compiled
		took, err := convolve(backend, x, w)
		kernel.SetActive(before)
		if err != nil {
			log.Print(err)
			return
		}
		fmt.Printf("%-8s %v\n", level, took.Round(10*time.Microsecond))
	}
}

// convolve gives the time of the second of two runs; the first compiles.
func convolve(backend compute.Backend, x, w *tensors.Tensor) (took time.Duration, err error) {
	e, err := NewExec(backend, func(x, w *Node) *Node { return ReduceAllSum(Convolve(x, w).PadSame().Done()) })
	if err != nil {
		return 0, err
	}
	defer e.Finalize()
	for range 2 {
		start := time.Now()
		if _, err := e.Call(x, w); err != nil {
			return 0, err
		}
		took = time.Since(start)
	}
	return took, nil
}
