package cpu_test

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"

	_ "github.com/dvml/dvml/backend/cpu" // the one import that registers the backend
)

// Any GoMLX program runs on the backend: it is imported once, and asked for by its name.
func Example() {
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		fmt.Println(err)
		return
	}
	distance := MustNewExec(backend, func(a, b *Node) *Node {
		return Sqrt(ReduceAllSum(Square(Sub(a, b))))
	})
	fmt.Println(distance.MustCall([]float32{1, 2, 2}, []float32{1, 5, 6})[0])
	// Output: float32(5)
}
