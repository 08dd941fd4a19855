// Command scalars prints the last value of every curve in a folder of TensorBoard's files: go run
// ./examples/scalars RUN/events. Package tensorboard reads what any program wrote there.
package main

import (
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	"github.com/dvml/dvml/tensorboard"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: scalars FOLDER")
	}
	events, err := tensorboard.Read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	last := map[string]string{}
	for _, e := range events {
		for _, v := range e.Values {
			if v.Image == nil && v.Histogram == nil {
				last[v.Tag] = fmt.Sprintf("%10.4g at step %d", v.Scalar, e.Step)
			}
		}
	}
	for _, tag := range slices.Sorted(maps.Keys(last)) {
		fmt.Printf("%-32s %s\n", tag, last[tag])
	}
}
