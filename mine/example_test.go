package mine_test

import (
	"fmt"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/mine"
)

// The farthest positive and the closest negative of each of four embeddings on a line.
func ExampleNew() {
	miner, err := mine.New(mine.Config{Name: "batch-hard", Normalise: new(false)})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	pick, err := NewExec(backend, func(x, labels *Node) (positive, negative *Node) {
		positive, negative = distance.Masks(labels, labels, true)
		pairs := miner.Pairs(mine.Input{Embeddings: x, References: x, Positive: positive, Negative: negative})
		return pairs.Positive, pairs.Negative
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pairs, err := pick.Call([][]float32{{0}, {1}, {3}, {4}}, []int32{0, 0, 0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("positive", pairs[0].Value())
	fmt.Println("negative", pairs[1].Value())
	// Output:
	// positive [[0 0 1 0] [0 0 1 0] [1 0 0 0] [0 0 0 0]]
	// negative [[0 0 0 1] [0 0 0 1] [0 0 0 1] [0 0 1 0]]
}
