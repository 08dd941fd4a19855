package dvml_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log"
	"path/filepath"
	"slices"

	"github.com/dvml/dvml"
)

// How near are two photographs? Embeddings have length 1, so that their product is the cosine of the angle between them.
func Example() {
	dir, err := trained() // a small run on drawn pictures
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()

	m, err := dvml.Open(filepath.Join(dir, "run"))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	paths, err := filepath.Glob(filepath.Join(dir, "pictures", "*", "*.png"))
	if err != nil {
		log.Fatal(err)
	}
	a, err := m.EmbedFile(ctx, paths[0])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(a) == m.Dim(), cosine(a, a) > .999)
	// Output: true true
}

// Search a folder by comparing the query with everything in it.
func ExampleModel_EmbedFile() {
	dir, err := trained()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	m, err := dvml.Open(filepath.Join(dir, "run"))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()

	type found struct {
		path string
		near float64
	}
	paths, err := filepath.Glob(filepath.Join(dir, "pictures", "*", "*.png"))
	if err != nil {
		log.Fatal(err)
	}
	query, err := m.EmbedFile(ctx, paths[5])
	if err != nil {
		log.Fatal(err)
	}
	var all []found
	err = filepath.WalkDir(filepath.Join(dir, "pictures"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".png" {
			return err
		}
		e, err := m.EmbedFile(ctx, path)
		all = append(all, found{path, cosine(query, e)})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	slices.SortFunc(all, func(a, b found) int { return cmp.Compare(b.near, a.near) })
	fmt.Println("the nearest of", len(all), "is the query itself:", all[0].path == paths[5])
	// Output: the nearest of 24 is the query itself: true
}
