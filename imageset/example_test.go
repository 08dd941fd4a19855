package imageset_test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/store"
)

// Photographs in a folder for each class become a file to train on. One of them is broken.
func Example() {
	dir, err := os.MkdirTemp("", "photographs")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for i, name := range []string{"heron/1.png", "heron/2.png", "kingfisher/1.png", "kingfisher/2.png"} {
		if err := save(filepath.Join(dir, "birds", name), color.Gray{Y: uint8(60 * i)}); err != nil {
			log.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "birds", "heron", "3.jpg"), nil, 0o644); err != nil {
		log.Fatal(err)
	}

	set, err := imageset.Open(filepath.Join(dir, "birds"), imageset.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer set.Close()
	fmt.Println(set.Name, set.Classes, len(set.Images))

	out := filepath.Join(dir, "birds.h5")
	summary, err := imageset.Prepare(context.Background(), set, out, imageset.PrepareOptions{Size: 64})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d stored: %d to train, %d to test\n", summary.Written, summary.Train, summary.Test)
	for _, s := range summary.Skipped {
		fmt.Printf("%s: %v\n", filepath.Base(s.Path), s.Err)
	}

	r, err := store.Open(out)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println(r.N(), r.Size(), r.Labels())
	// Output:
	// folders [heron kingfisher] 5
	// 4 stored: 2 to train, 2 to test
	// 3.jpg: the file is empty
	// 4 64 [0 0 1 1]
}

// save writes a plain image.
func save(path string, c color.Color) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	img := image.NewGray(image.Rect(0, 0, 80, 60))
	for y := range 60 {
		for x := range 80 {
			img.Set(x, y, c)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
