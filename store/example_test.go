package store_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "store")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "two.h5")

	w, err := store.Create(path, store.Spec{N: 2, Size: 2, Classes: []string{"dusk", "dawn"}})
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort() // does nothing after Commit
	dusk := []byte{200, 200, 200, 200 /* red */, 80, 80, 80, 80 /* green */, 60, 60, 60, 60 /* blue */}
	dawn := []byte{90, 90, 90, 90, 120, 120, 120, 120, 220, 220, 220, 220}
	if err := w.Put(0, dusk, 0, store.Train); err != nil {
		log.Fatal(err)
	}
	if err := w.Put(1, dawn, 1, store.Test); err != nil {
		log.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}

	r, err := store.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	pixels := make([]byte, 3*r.Size()*r.Size())
	for _, i := range r.Indices(store.Test) {
		if err := r.ReadImage(i, pixels); err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.Classes()[r.Labels()[i]], pixels)
	}
	// Output: dawn [90 90 90 90 120 120 120 120 220 220 220 220]
}
