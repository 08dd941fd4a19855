package sampler_test

import (
	"fmt"
	"log"

	"github.com/dvml/dvml/sampler"
)

func ExamplePxK() {
	labels := []int32{0, 0, 0, 1, 1, 1, 2, 2, 2} // of the rows of a store
	train := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
	s, err := sampler.NewPxK(labels, train, 2, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range s.Batch(1000) { // no step before needs to be asked for
		fmt.Print(labels[row], " ")
	}
	// Output: 2 2 1 1
}
