package imageset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// The quadrants of the test image: red, green over blue, yellow, each of one colour.
var quadrants = [4][3]int{{200, 30, 40}, {30, 190, 50}, {40, 60, 210}, {220, 210, 40}}

// fill draws the quadrants.
func fill(set func(x, y int, c color.Color), w, h int) {
	for y := range h {
		for x := range w {
			q := quadrants[2*(2*y/h)+2*x/w]
			set(x, y, color.RGBA{uint8(q[0]), uint8(q[1]), uint8(q[2]), 255})
		}
	}
}

func made(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fill(func(x, y int, c color.Color) { img.Set(x, y, c) }, w, h)
	return img
}

// written returns what an encoder writes.
func written(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	return written(t, func(w io.Writer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 95}) })
}

func asPNG(t testing.TB, img image.Image) []byte {
	return written(t, func(w io.Writer) error { return png.Encode(w, img) })
}

// withEXIF puts an orientation behind the first two bytes of a JPEG.
func withEXIF(data []byte, orientation uint16, order binary.AppendByteOrder, mark string) []byte {
	exif := append([]byte("Exif\x00\x00"), mark...)
	exif = order.AppendUint16(exif, 42)
	exif = order.AppendUint32(exif, 8)
	exif = order.AppendUint16(exif, 1)
	exif = order.AppendUint16(exif, 0x0112)
	exif = order.AppendUint16(exif, 3)
	exif = order.AppendUint32(exif, 1)
	exif = order.AppendUint16(exif, orientation)
	exif = append(exif, 0, 0, 0, 0, 0, 0)
	out := append([]byte{}, data[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(exif)+2))
	return append(append(out, exif...), data[2:]...)
}

// checkQuadrants compares the middle of each quadrant.
func checkQuadrants(t *testing.T, pixels []byte, size int, want [4][3]int, tolerance int) {
	t.Helper()
	if len(pixels) != 3*size*size {
		t.Fatalf("%d bytes, want %d", len(pixels), 3*size*size)
	}
	for q, at := range [4][2]int{{size / 4, size / 4}, {size - size/4, size / 4}, {size / 4, size - size/4}, {size - size/4, size - size/4}} {
		for c := range 3 {
			got := int(pixels[c*size*size+at[1]*size+at[0]])
			if d := got - want[q][c]; d < -tolerance || d > tolerance {
				t.Errorf("quadrant %d, channel %d: %d, want %d", q, c, got, want[q][c])
			}
		}
	}
}

func TestDecodeFormats(t *testing.T) {
	img := made(48, 32)
	file := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	deep := image.NewNRGBA64(img.Rect)
	fill(func(x, y int, c color.Color) { deep.Set(x, y, c) }, 48, 32)
	paletted := image.NewPaletted(img.Rect, color.Palette{color.Black, color.RGBA{200, 30, 40, 255}, color.RGBA{30, 190, 50, 255},
		color.RGBA{40, 60, 210, 255}, color.RGBA{220, 210, 40, 255}})
	fill(func(x, y int, c color.Color) { paletted.Set(x, y, c) }, 48, 32)
	tests := map[string][]byte{
		"JPEG":             asJPEG(t, img),
		"progressive JPEG": file("progressive.jpg"),
		"CMYK JPEG":        file("cmyk.jpg"),
		"8-bit PNG":        asPNG(t, img),
		"16-bit PNG":       asPNG(t, deep),
		"palette PNG":      file("palette.png"),
		"GIF":              written(t, func(w io.Writer) error { return gif.Encode(w, paletted, nil) }),
		"BMP":              written(t, func(w io.Writer) error { return bmp.Encode(w, img) }),
		"TIFF":             written(t, func(w io.Writer) error { return tiff.Encode(w, img, &tiff.Options{Compression: tiff.Deflate}) }),
		"lossy WebP":       file("lossy.webp"),
		"lossless WebP":    file("lossless.webp"),
		"turned JPEG":      file("turned.jpg"),
		"turned PNG":       file("turned.png"),
		"turned WebP":      file("turned.webp"),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			pixels, err := Decode(bytes.NewReader(data), 16, Stretch)
			if err != nil {
				t.Fatal(err)
			}
			checkQuadrants(t, pixels, 16, quadrants, 6)
		})
	}
}

func TestDecodeGrey(t *testing.T) {
	want := [4][3]int{}
	grey16 := image.NewGray16(image.Rect(0, 0, 48, 32))
	for q, c := range quadrants {
		y := (299*c[0] + 587*c[1] + 114*c[2]) / 1000
		want[q] = [3]int{y, y, y}
	}
	fill(func(x, y int, c color.Color) { grey16.Set(x, y, c) }, 48, 32)
	jpg, err := os.ReadFile("testdata/grey.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"8-bit JPEG": jpg, "16-bit PNG": asPNG(t, grey16)} {
		for _, size := range []int{16, 32} {
			pixels, err := Decode(bytes.NewReader(data), size, Stretch)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			checkQuadrants(t, pixels, size, want, 4)
		}
	}
}

// Every orientation, against turning by its definition: where EXIF says the first row and column are.
func TestDecodeOrientation(t *testing.T) {
	corners := map[uint16][4]int{ // which quadrant of the file is shown at top left, top right, bottom left, bottom right
		1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1}, 5: {0, 2, 1, 3}, 6: {2, 0, 3, 1}, 7: {3, 1, 2, 0}, 8: {1, 3, 0, 2},
		0: {0, 1, 2, 3}, 9: {0, 1, 2, 3}, // not defined: as it is
	}
	plain := asJPEG(t, made(48, 32))
	for o, shown := range corners {
		want := [4][3]int{}
		for i, q := range shown {
			want[i] = quadrants[q]
		}
		for mark, order := range map[string]binary.AppendByteOrder{"II": binary.LittleEndian, "MM": binary.BigEndian} {
			for _, fit := range []Fit{Stretch, Crop} {
				t.Run(fmt.Sprint(o, mark, fit), func(t *testing.T) {
					pixels, err := Decode(bytes.NewReader(withEXIF(plain, o, order, mark)), 16, fit)
					if err != nil {
						t.Fatal(err)
					}
					checkQuadrants(t, pixels, 16, want, 12)
				})
			}
		}
	}
}

func TestDecodeFits(t *testing.T) {
	wide := image.NewRGBA(image.Rect(0, 0, 64, 32)) // black, with white columns at the ends
	for y := range 32 {
		for x := range 64 {
			v := uint8(0)
			if x < 8 || x >= 56 {
				v = 255
			}
			wide.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	data := asPNG(t, wide)
	at := func(pixels []byte, x, y int) byte { return pixels[y*16+x] }
	decode := func(fit Fit) []byte {
		pixels, err := Decode(bytes.NewReader(data), 16, fit)
		if err != nil {
			t.Fatal(err)
		}
		return pixels
	}
	if p := decode(Stretch); at(p, 0, 0) != 255 || at(p, 15, 15) != 255 || at(p, 8, 8) != 0 {
		t.Error("stretch does not keep the ends")
	}
	if p := decode(Crop); at(p, 0, 0) != 0 || at(p, 15, 15) != 0 {
		t.Error("crop does not cut the ends off")
	}
	p := decode(Pad)
	if border := at(p, 0, 0); border != at(p, 15, 0) || border != at(p, 8, 15) || border == 0 || border == 255 {
		t.Errorf("pad: borders are %d, %d, %d", border, at(p, 15, 0), at(p, 8, 15))
	}
	if at(p, 0, 8) != 255 || at(p, 8, 8) != 0 {
		t.Error("pad does not keep the image in the middle")
	}
}

func TestParseFit(t *testing.T) {
	for _, f := range []Fit{Stretch, Crop, Pad} {
		if got, err := ParseFit(f.String()); err != nil || got != f {
			t.Errorf("%v: %v, %v", f, got, err)
		}
	}
	if _, err := ParseFit("squash"); err == nil || !strings.Contains(err.Error(), "stretch") {
		t.Errorf("error %v, want one with the names that there are", err)
	}
}

// Pillow's bicubic resize is the measure: it is antialiased, and what PyTorch users get.
func TestScalingAgreesWithPillow(t *testing.T) {
	source, err := os.ReadFile("testdata/texture.png")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{24, 128} {
		golden, err := os.ReadFile(fmt.Sprintf("testdata/texture-%d.png", size))
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(bytes.NewReader(golden))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(bytes.NewReader(source), size, Stretch)
		if err != nil {
			t.Fatal(err)
		}
		worst := 0
		for y := range size {
			for x := range size {
				r, g, b, _ := want.At(x, y).RGBA()
				for c, v := range []uint32{r, g, b} {
					d := int(got[c*size*size+y*size+x]) - int(v>>8)
					worst = max(worst, d, -d)
				}
			}
		}
		if worst > 2 {
			t.Errorf("to %d pixels: up to %d of 255 from Pillow's", size, worst)
		}
	}
}

func TestSameSizeIsCopied(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 32, 32)) // a chessboard of single pixels, which any resampling would blur
	for y := range 32 {
		for x := range 32 {
			img.SetRGBA(x, y, color.RGBA{uint8(255 * ((x + y) % 2)), uint8(8 * x), uint8(8 * y), 255})
		}
	}
	for _, fit := range []Fit{Stretch, Crop, Pad} {
		pixels, err := Decode(bytes.NewReader(asPNG(t, img)), 32, fit)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 32 * 32 {
			if pixels[i] != img.Pix[4*i] || pixels[1024+i] != img.Pix[4*i+1] || pixels[2048+i] != img.Pix[4*i+2] {
				t.Fatalf("%v: pixel %d differs", fit, i)
			}
		}
	}
}

func TestTransparentIsLaidOnWhite(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 16, 16))
	for i := range 16 * 16 {
		copy(img.Pix[4*i:], []byte{200, 0, 0, 128})
	}
	for _, size := range []int{16, 8} {
		pixels, err := Decode(bytes.NewReader(asPNG(t, img)), size, Stretch)
		if err != nil {
			t.Fatal(err)
		}
		want := [3]int{227, 127, 127}
		checkQuadrants(t, pixels, size, [4][3]int{want, want, want, want}, 2)
	}
}

func TestTransparentWebP(t *testing.T) {
	data, err := os.ReadFile("testdata/veiled.webp")
	if err != nil {
		t.Fatal(err)
	}
	pixels, err := Decode(bytes.NewReader(data), 16, Stretch)
	if err != nil {
		t.Fatal(err)
	}
	want := quadrants
	for q := range want {
		for c := range want[q] {
			want[q][c] = (want[q][c]*128 + 255*127) / 255
		}
	}
	checkQuadrants(t, pixels, 16, want, 4)
}

// pngHeader is a PNG that promises w x h pixels and holds none.
func pngHeader(w, h uint32) []byte {
	chunk := func(name string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, name...), body...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)
	header = append(header, 8, 6, 0, 0, 0)
	return append(append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", header)...), chunk("IDAT", nil)...)
}

// broken are files that cannot be decoded, and what the error must say.
func broken(t testing.TB) map[string]struct {
	data []byte
	want string
} {
	whole := asJPEG(t, made(64, 64))
	return map[string]struct {
		data []byte
		want string
	}{
		"zero bytes":         {nil, "empty"},
		"text":               {[]byte("This photograph has been removed.\n"), "This photograph"},
		"HTML":               {[]byte("<!DOCTYPE html><html>"), "DOCTYPE"},
		"JPEG cut short":     {whole[:len(whole)/2], "cut short"},
		"JPEG header only":   {whole[:20], "cut short"},
		"PNG cut short":      {asPNG(t, made(64, 64))[:60], "cut short"},
		"HEIC header only":   {append([]byte("\x00\x00\x00\x18ftypheic"), make([]byte, 64)...), "damaged"},
		"JPEG XL":            {[]byte("\xff\x0a and more"), "not supported here: convert it to JPEG or PNG (JXL)"},
		"decompression bomb": {pngHeader(100_000, 100_000), "100000"},
		"wide and flat bomb": {pngHeader(1<<31-1, 1), ""},
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, test := range broken(t) {
		_, err := Decode(bytes.NewReader(test.data), 16, Stretch)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, test.want)
		}
	}
	good := asPNG(t, made(16, 16))
	if _, err := Decode(bytes.NewReader(good), 0, Stretch); err == nil {
		t.Error("size 0 is taken")
	}
	if _, err := Decode(bytes.NewReader(good), 16, Fit(7)); err == nil {
		t.Error("fit 7 is taken")
	}
}

func FuzzDecode(f *testing.F) {
	small := made(12, 8)
	f.Add(withEXIF(asJPEG(f, small), 6, binary.LittleEndian, "II"))
	seeds, err := filepath.Glob("testdata/variants/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range seeds {
		if ext := filepath.Ext(name); strings.Contains(name, ".want.") || ext == ".heic" || ext == ".avif" { // slow, and in a sandbox
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if k := kind(data[:min(sniffed, len(data))]); k == "heic" || k == "avif" {
			t.Skip("slow")
		}
		if e, err := probe(data, 8); err == nil && e.header.w*e.header.h > 1<<20 {
			t.Skip("large: slow, and TestDecodeRefuses has it")
		}
		pixels, err := Decode(bytes.NewReader(data), 8, Pad)
		if err == nil && len(pixels) != 3*8*8 {
			t.Fatalf("%d bytes", len(pixels))
		}
		if err != nil && strings.Contains(err.Error(), "panics") {
			t.Fatal(err)
		}
	})
}
