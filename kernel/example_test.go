package kernel_test

import (
	"fmt"

	"github.com/dvml/dvml/kernel"
)

// A 3x3 convolution that keeps the image's size, with a kernel that takes the sum of the neighbourhood.
func ExampleConv() {
	conv, err := kernel.NewConv(kernel.ConvShape{N: 1, H: 3, W: 3, Cin: 1, Cout: 1, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1},
		kernel.ConvOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	x := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
	w := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
	y := make([]float32, 9)
	conv.Forward(kernel.Default(), y, 0, x, 0, w, kernel.Epilogue{Bias: []float32{-20}, ReLU: true})
	fmt.Println(y)
	// Output: [0 1 0 7 25 13 4 19 8]
}

// The product of a 2x3 and a 3x2 matrix, the second stored transposed.
func ExampleProduct() {
	a := []float32{1, 2, 3, 4, 5, 6}
	b := []float32{1, 0, 1, 0, 1, 0}
	c := make([]float32, 4)
	kernel.Product{M: 2, N: 2, K: 3, TransB: true}.Run(kernel.Default(), c, a, b, kernel.Epilogue{})
	fmt.Println(c)
	// Output: [4 2 10 5]
}
