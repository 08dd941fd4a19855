package imageset

import (
	"bytes"
	"encoding/binary"
	"image"
	"testing"
)

// FuzzOrientation feeds foreign bytes to the parser of EXIF in every container.
func FuzzOrientation(f *testing.F) {
	img := image.NewGray(image.Rect(0, 0, 2, 2))
	f.Add(withEXIF(asJPEG(f, img), 6, binary.BigEndian, "MM"))
	f.Add(withEXIF(asJPEG(f, img), 3, binary.LittleEndian, "II"))
	f.Add(asPNG(f, img))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\x08\x00\x00\x00II*\x00\x08\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		for _, format := range []string{"jpeg", "png", "webp", "tiff", "gif"} {
			if o := orientation(data, format); o < 1 || o > 8 {
				t.Errorf("%s: orientation %d", format, o)
			}
		}
		if !bytes.Equal(before, data) {
			t.Error("the data are changed")
		}
	})
}
