// Command embed prints how alike two photographs are to a model: go run ./examples/embed MODEL
// A.jpg B.jpg. MODEL is a run's folder or a checkpoint.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dvml/dvml"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: embed MODEL A.jpg B.jpg")
	}
	ctx := context.Background()
	m, err := dvml.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	a, err := m.EmbedFile(ctx, os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	b, err := m.EmbedFile(ctx, os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	var cosine float32 // of two embeddings, whose length is 1
	for i := range a {
		cosine += a[i] * b[i]
	}
	fmt.Printf("cosine %.3f\n", cosine)
}
