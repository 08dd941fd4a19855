// Command search finds the photographs of a folder that are most like a given one: go run
// ./examples/search MODEL FOLDER QUERY.jpg. It makes an index of the folder first, as `dvml index`
// does, which a program that searches more than once would keep.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: search MODEL FOLDER QUERY.jpg")
	}
	work, err := os.MkdirTemp("", "search")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)
	if err := search(context.Background(), filepath.Join(work, "index"), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Print(err)
	}
}

func search(ctx context.Context, made, model, folder, query string) error {
	m, err := dvml.Open(model)
	if err != nil {
		return err
	}
	defer m.Close()
	description, err := m.ForIndex()
	if err != nil {
		return err
	}
	w, err := index.Create(made, description)
	if err != nil {
		return err
	}
	if _, err := gather.Update(ctx, w, m, []string{folder}, gather.Options{Fit: m.Fit()}); err != nil {
		w.Close()
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}

	x, err := dvml.OpenIndex(made)
	if err != nil {
		return err
	}
	defer x.Close()
	found, err := x.SearchFile(ctx, query, 5)
	if err != nil {
		return err
	}
	for _, f := range found {
		fmt.Printf("%.3f  %s\n", f.Score, f.Item.Path())
	}
	return nil
}
