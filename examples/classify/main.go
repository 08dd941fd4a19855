// Command classify names photographs by those of an index, which lie in folders of their classes:
// go run ./examples/classify INDEX PHOTOGRAPH...
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/classify"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: classify INDEX PHOTOGRAPH...")
	}
	if err := name(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func name(ctx context.Context, path string, photographs []string) error {
	x, err := dvml.OpenIndex(path)
	if err != nil {
		return err
	}
	defer x.Close()
	answers, err := x.Classify(ctx, classify.Options{}, photographs...)
	if err != nil {
		return err
	}
	for i, a := range answers {
		class := a.Class()
		if class == "" {
			class = "unknown"
		}
		fmt.Printf("%s: %s (cosine of the nearest: %.3f)\n", photographs[i], class, a.Nearest.Score)
	}
	return nil
}
