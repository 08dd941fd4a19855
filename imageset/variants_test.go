package imageset

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// upright turns an image by EXIF's definition of the orientations.
func upright(img image.Image, orientation int) *image.RGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := x, y
			switch orientation {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = y, w-1-x
			case 7:
				u, v = h-1-y, w-1-x
			case 8:
				u, v = h-1-y, x
			}
			out.Set(x, y, img.At(u, v))
		}
	}
	return out
}

// TestVariants holds every variant of every format against what Pillow reads, which scripts/golden/images.py wrote beside it:
// pixel for pixel where the format says what the pixels are. Decoders of JPEG, HEIC and AVIF differ in how they widen the
// colour planes, at edges between saturated colours, by little on average.
func TestVariants(t *testing.T) {
	files, err := filepath.Glob("testdata/variants/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no variants: %v", err)
	}
	for _, path := range files {
		if strings.Contains(path, ".want.") {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(path + ".want.txt")
			if err == nil {
				leftOut(t, data, strings.TrimSpace(string(want)))
				return
			}
			if want, err = os.ReadFile(path + ".want.png"); err != nil {
				t.Fatal(err)
			}
			golden, err := png.Decode(bytes.NewReader(want))
			if err != nil {
				t.Fatal(err)
			}
			e, err := probe(data, 8)
			if err != nil {
				t.Fatal(err)
			}
			img, err := decoders[e.format].decode(data)
			if err != nil {
				t.Fatal(defect(e.format, data, err))
			}
			agree(t, upright(e.flatten(img), e.orientation), golden, map[string]float64{"jpeg": 3, "heic": 3, "avif": 3}[e.format])
		})
	}
}

// agree compares images: no pixel may differ if mean is 0.
func agree(t *testing.T, got, want image.Image, mean float64) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("%v pixels, Pillow has %v", got.Bounds().Size(), want.Bounds().Size())
	}
	sum, worst, count := 0, 0, 0
	b := want.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			p, q := color.RGBAModel.Convert(got.At(x, y)).(color.RGBA), color.RGBAModel.Convert(want.At(x, y)).(color.RGBA)
			for c, v := range [3]uint8{p.R, p.G, p.B} {
				d := int(v) - int([3]uint8{q.R, q.G, q.B}[c])
				sum, worst = sum+max(d, -d), max(worst, d, -d)
				count++
			}
		}
	}
	if got := float64(sum) / float64(count); got > mean {
		t.Errorf("mean difference %.2f, worst %d", got, worst)
	}
}

func leftOut(t *testing.T, data []byte, want string) {
	t.Helper()
	_, err := Decode(bytes.NewReader(data), 8, Stretch)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if !errors.Is(err, errShort) && !errors.Is(err, errDamaged) && !errors.Is(err, errUnsupported) {
		t.Errorf("error %v is none of the three", err)
	}
}
