package loss_test

import (
	"fmt"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/loss"
	"github.com/dvml/dvml/mine"
)

// The report's loss on four embeddings: two of the four positive pairs have their negative within the margin.
func ExampleNew() {
	triplet, err := loss.New(loss.Config{Name: "triplet", Margin: new(1.)})
	if err != nil {
		fmt.Println(err)
		return
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		fmt.Println(err)
		return
	}
	step, err := model.NewExec(backend, model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		value := triplet.Graph(scope.In("loss"), loss.Batch{Embeddings: in[0], Labels: in[1]})
		return []*Node{value.Loss, value.Active, Gradient(value.Loss, in[0])[0]}
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := step.Call([][]float32{{0, 0}, {0, 1}, {1.2, 0}, {3, 0}}, []int32{0, 0, 1, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("loss %.3f, active %.2f\n", out[0].Value(), out[1].Value())
	fmt.Printf("gradient %.2f\n", out[2].Value())
	// Output:
	// loss 0.590, active 0.50
	// gradient [[0.60 -0.50] [0.60 0.00] [-2.10 0.50] [0.90 0.00]]
}

// A loss as YAML gives it, and what an option that it does not read is answered with.
func ExampleNew_options() {
	margin, err := loss.New(loss.Config{Name: "margin", PerClass: 2, Miner: &mine.Config{Name: "distance-weighted"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(margin.Name(), margin.NeedsUniform())

	_, err = loss.New(loss.Config{Name: "cosface", NumClasses: 98, Dim: 128, Temperature: new(0.1)})
	fmt.Println(err)
	// Output:
	// margin true
	// loss: cosface: option temperature is not read by this loss, which reads margin, scale, proxy_deviation; take it out (null in the settings does)
}
