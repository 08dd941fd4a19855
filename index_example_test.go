package dvml_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/classify"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
)

// indexPictures makes the index called name of a folder of photographs, as `dvml index` does, and returns its folder and what is in it.
func indexPictures(ctx context.Context, name string) (folder string, photographs []string) {
	dir, err := trained()
	if err != nil {
		log.Fatal(err)
	}
	m, err := dvml.Open(filepath.Join(dir, "run"))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	made, err := m.ForIndex()
	if err != nil {
		log.Fatal(err)
	}
	folder = filepath.Join(dir, name)
	os.RemoveAll(folder) // of an Example before
	w, err := index.Create(folder, made)
	if err != nil {
		log.Fatal(err)
	}
	summary, err := gather.Update(ctx, w, m, []string{filepath.Join(dir, "pictures")}, gather.Options{Fit: m.Fit()})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	return folder, summary.Indexed
}

// Make an index of a folder of photographs, as `dvml index` does, and search it.
func ExampleOpenIndex() {
	ctx := context.Background()
	folder, photographs := indexPictures(ctx, "photos.dvml")
	fmt.Println(len(photographs), "photographs indexed")

	x, err := dvml.OpenIndex(folder)
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	query := photographs[0]
	found, err := x.SearchFile(ctx, query, 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(found), "found; the nearest is the query itself:", found[0].Item.Path() == query)
	// Output:
	// 24 photographs indexed
	// 3 found; the nearest is the query itself: true
}

// Name a photograph by those of an index, which lie in folders of their classes.
func ExampleIndex_Classify() {
	ctx := context.Background()
	folder, photographs := indexPictures(ctx, "gallery.dvml")
	x, err := dvml.OpenIndex(folder)
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	answers, err := x.Classify(ctx, classify.Options{K: 5}, photographs[0])
	if err != nil {
		log.Fatal(err)
	}
	best := answers[0].Candidates[0]
	fmt.Println(best.Photographs > 0, best.Share > 0)
	// Output: true true
}
