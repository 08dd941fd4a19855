package store

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// Grey and colour JPEGs of every subsampling decode to what the standard library's pixels are.
func TestDecodeJPEG(t *testing.T) {
	const size = 17
	grey := image.NewGray(image.Rect(0, 0, size, size))
	for i := range grey.Pix {
		grey.Pix[i] = byte(i)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, grey, nil); err != nil {
		t.Fatal(err)
	}
	colour, err := encodeJPEG(picture(3, size), size)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"grey": b.Bytes(), "colour": colour} {
		img, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 3*size*size)
		if err := decodeJPEG(got, data, size); err != nil {
			t.Fatal(err)
		}
		for y := range size {
			for x := range size {
				want := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
				at := y*size + x
				if got[at] != want.R || got[size*size+at] != want.G || got[2*size*size+at] != want.B {
					t.Fatalf("%s: pixel (%d, %d) is %d %d %d, want %v", name, x, y, got[at], got[size*size+at], got[2*size*size+at], want)
				}
			}
		}
	}
}

func BenchmarkDecodeJPEG(b *testing.B) {
	const size = 256
	smooth := make([]byte, 3*size*size)
	for i := range smooth {
		smooth[i] = byte(i/size/2 + i%size/2 + i*i%7)
	}
	data, err := encodeJPEG(smooth, size)
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]byte, len(smooth))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := decodeJPEG(dst, data, size); err != nil {
			b.Fatal(err)
		}
	}
}
