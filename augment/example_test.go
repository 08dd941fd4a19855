package augment_test

import (
	"fmt"

	"github.com/dvml/dvml/augment"
)

// The centre of a photograph of 4 x 4 pixels as a network of BVLC's takes it: blue, green, red, less the mean of ImageNet.
func ExamplePlan_Apply() {
	photograph := make([]byte, 3*4*4)
	for i := range 16 {
		photograph[i], photograph[16+i], photograph[32+i] = byte(100+i), 50, 10 // red, green, blue
	}
	plan := augment.Plan{Crop: 2, Norm: augment.Caffe}
	input := make([]float32, 2*2*3)
	plan.Apply(input, photograph, 4, nil)
	fmt.Println(input)
	// Output: [-94 -67 -18 -94 -67 -17 -94 -67 -14 -94 -67 -13]
}
