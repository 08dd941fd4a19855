package figure_test

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/figure"
)

// A query and its three nearest neighbours, of which the second is of another class.
func ExampleNeighbours() {
	picture := image.NewRGBA(image.Rect(0, 0, 256, 256))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(color.RGBA{200, 120, 40, 255}), image.Point{}, draw.Src)
	img := figure.Neighbours([]figure.Query{{
		Image:      picture,
		Caption:    "Acura RL Sedan 2012",
		Neighbours: []figure.Neighbour{{Image: picture, Right: true}, {Image: picture}, {Image: picture, Right: true}},
	}})
	fmt.Println(img.Bounds().Size())
	// Output: (624,252)
}

// Curves of a run whose loss was not finite at one step; the second phase of training begins at step 2.
func ExampleCurves() {
	img, err := figure.Curves([]figure.Panel{{
		Title: "Training", XLabel: "step", YLabel: "loss", Marks: []float64{2},
		Series: []figure.Series{
			{Name: "triplet", X: []float64{0, 1, 2, 3}, Y: []float64{0.9, 0.7, math.NaN(), 0.4}},
			{Name: "divergence", X: []float64{0, 1, 2, 3}, Y: []float64{0.2, 0.2, 0.1, 0.1}},
		},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	folder, err := os.MkdirTemp("", "curves")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	fmt.Println(figure.WritePNG(filepath.Join(folder, "curves.png"), img), img.Bounds().Size())
	// Output: <nil> (776,516)
}
