package drawn

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

// Options of a set. Zero values stand for the defaults.
type Options struct {
	Classes  int // 40
	PerClass int // images a class: 30
	Size     int // pixels each way: 96
	Seed     uint64
	// Factors is a CSV file that Draw writes beside the set: picture, class and what was chosen of the image's pose, colour and light (pose.x, pose.turn,
	// colour.warm, light.gain ...), a line for each image in the order of classes and images, which is that of the prepared data. Not a file in the set's own folder, which would pass for a list of its images. Empty: none.
	Factors string
}

// withDefaults fills in what was left out and refuses what cannot be drawn.
func (o Options) withDefaults() (Options, error) {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	set(&o.Classes, 40)
	set(&o.PerClass, 30)
	set(&o.Size, 96)
	if o.Classes < 1 || o.Classes > 999 {
		return o, fmt.Errorf("drawn: %d classes: want 1 to 999", o.Classes)
	}
	if o.PerClass < 1 {
		return o, fmt.Errorf("drawn: %d images a class: want at least 1", o.PerClass)
	}
	if o.Size < 16 || o.Size > 1024 {
		return o, fmt.Errorf("drawn: size %d: want 16 to 1024 pixels", o.Size)
	}
	return o, nil
}

// Set draws images of the classes that its options name.
type Set struct {
	options Options
	designs []design
}

// New designs the classes.
func New(o Options) (*Set, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Set{o, designs(o.Classes, o.Seed)}, nil
}

// Names are the classes' names, which are their folders: a number that keeps them in order, then
// words that no two classes share (001.azure_car, 031.azure_car_2).
func (s *Set) Names() []string {
	names, times := make([]string, len(s.designs)), map[string]int{}
	for i, d := range s.designs {
		words := d.words()
		if times[words]++; times[words] > 1 {
			words = fmt.Sprintf("%s_%d", words, times[words])
		}
		names[i] = fmt.Sprintf("%03d.%s", i+1, words)
	}
	return names
}

// Image draws image index (0-based, not limited to PerClass) of class. Both must not be negative, and class must exist.
func (s *Set) Image(class, index int) *image.RGBA {
	img, _ := s.draw(class, index)
	return img
}

func (s *Set) draw(class, index int) (*image.RGBA, chosen) {
	seed := s.options.Seed*0x9e3779b97f4a7c15 + uint64(class)
	return picture(s.designs[class], s.options.Size, rand.New(rand.NewPCG(seed, 1+uint64(index))))
}

func fileName(index int) string { return fmt.Sprintf("%03d.png", index+1) }

// Draw writes the set as PNG files dir/CLASS/NNN.png. dir is made where it lacks; files of the same names are overwritten.
func Draw(dir string, o Options) error {
	s, err := New(o)
	if err != nil {
		return err
	}
	names := s.Names()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o777); err != nil {
			return fmt.Errorf("drawn: %w", err)
		}
	}
	total := len(names) * s.options.PerClass
	all := make([]chosen, total)
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, runtime.GOMAXPROCS(0))
	for w := range failed {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= total {
					return
				}
				class, index := i/s.options.PerClass, i%s.options.PerClass
				img, c := s.draw(class, index)
				all[i] = c
				if err := write(filepath.Join(dir, names[class], fileName(index)), img); err != nil {
					failed[w] = fmt.Errorf("drawn: %w", err)
					next.Store(int64(total))
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	if o.Factors == "" {
		return nil
	}
	return s.writeFactors(o.Factors, all)
}

func write(path string, img image.Image) error {
	var buf bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&buf, img); err != nil {
		return err
	}
	return os.WriteFile(path, buf.Bytes(), 0o666)
}
