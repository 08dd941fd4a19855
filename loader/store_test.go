package loader_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/sampler"
	"github.com/dvml/dvml/store"
)

// file makes a file of n images of size x size in 98 classes.
func file(path string, n, size int, jpeg bool) error {
	spec := store.Spec{N: n, Size: size, JPEG: jpeg}
	for c := range 98 {
		spec.Classes = append(spec.Classes, fmt.Sprint("class ", c))
	}
	w, err := store.Create(path, spec)
	if err != nil {
		return err
	}
	defer w.Abort()
	pixels := make([]byte, 3*size*size)
	for i := range n {
		for j := range pixels {
			pixels[j] = byte(i + (j%size+j/size)/4)
		}
		if err := w.Put(i, pixels, int32(i%98), store.Train); err != nil {
			return err
		}
	}
	return w.Commit()
}

// BenchmarkLoader reads batches of 128 random 227 crops with mirror out of a file of 1,960 photographs of 256 x 256 with two workers.
func BenchmarkLoader(b *testing.B) {
	for _, jpeg := range []bool{false, true} {
		b.Run(map[bool]string{false: "pixels", true: "jpeg"}[jpeg], func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "x.h5")
			if err := file(path, 1960, 256, jpeg); err != nil {
				b.Fatal(err)
			}
			r, err := store.Open(path)
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			s, err := sampler.NewPxK(r.Labels(), r.Indices(store.Train), 64, 2, 1)
			if err != nil {
				b.Fatal(err)
			}
			plan := augment.Plan{Crop: 227, RandomCrop: true, Mirror: true, Norm: augment.Caffe}
			l, err := loader.New(r, s, plan, 1, 0, 2, 2)
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			b.ReportAllocs()
			for b.Loop() {
				batch, err := l.Next()
				if err != nil {
					b.Fatal(err)
				}
				l.Release(batch)
			}
			b.ReportMetric(float64(128*b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "loader")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "x.h5")
	if err := file(path, 200, 32, false); err != nil {
		log.Fatal(err)
	}

	r, err := store.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	s, err := sampler.NewPxK(r.Labels(), r.Indices(store.Train), 8, 2, 1)
	if err != nil {
		log.Fatal(err)
	}
	plan := augment.Plan{Crop: 28, RandomCrop: true, Mirror: true, Norm: augment.ImageNet}
	l, err := loader.New(r, s, plan, 1, 0, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	for range 2 {
		b, err := l.Next()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("step", b.Step, "images", len(b.Images), "labels", len(b.Labels))
		l.Release(b)
	}
	// Output:
	// step 0 images 37632 labels 16
	// step 1 images 37632 labels 16
}
