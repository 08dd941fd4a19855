package imageset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"sync"
)

func jpegConfig(data []byte) (header, error) {
	data, err := mendJPEG(data)
	if err != nil {
		return header{}, err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return header{}, err
	}
	head := scanJPEG(data)
	h := header{w: c.Width, h: c.Height, perPixel: 4 + head.samples, cmyk: c.ColorModel == color.CMYKModel}
	if head.progressive { // keeps the coefficients too
		h.perPixel += 4 * head.samples
	}
	if h.cmyk || c.ColorModel == color.RGBAModel {
		h.perPixel += 8
	}
	return h, nil
}

func decodeJPEG(data []byte) (image.Image, error) {
	data, err := mendJPEG(data)
	if err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(data))
}

// mendJPEG returns the file with what image/jpeg stumbles over, and libjpeg does not, put right: segments of a length below 2,
// Huffman tables that are not there (a frame of a film in MJPEG relies on the standard's), and restart markers out of order.
func mendJPEG(data []byte) ([]byte, error) {
	var gone [][2]int // parts that are dropped
	tables, progressive := false, false
	at := 2
	for at+4 <= len(data) && data[at] == 0xff {
		marker := data[at+1]
		if marker == 0xff || marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 {
			at++
			continue
		}
		n := int(binary.BigEndian.Uint16(data[at+2:]))
		if n < 2 && marker >= 0xe0 {
			gone = append(gone, [2]int{at, at + 4})
			at += 4
			continue
		}
		tables = tables || marker == 0xc4
		progressive = progressive || marker == 0xc2
		if marker == 0xda || marker == 0xd9 {
			break
		}
		at += 2 + n
	}
	if at+2 > len(data) {
		return data, nil
	}
	scan := data[at:]
	if !progressive {
		var err error
		if scan, err = renumber(scan); err != nil {
			return nil, err
		}
	}
	if len(gone) == 0 && tables && len(scan) > 0 && &scan[0] == &data[at] {
		return data, nil
	}
	var out []byte
	from := 0
	for _, g := range gone {
		out, from = append(out, data[from:g[0]]...), g[1]
	}
	out = append(out, data[from:at]...)
	if !tables {
		out = append(out, huffmanTables()...)
	}
	return append(out, scan...), nil
}

// renumber gives the restart markers of a scan their numbers. libjpeg takes a number far off for a mistake; one that is near
// stands for a part that was lost.
func renumber(scan []byte) ([]byte, error) {
	out, next := scan, byte(0)
	for i := 2; i+1 < len(scan); i++ {
		if scan[i] != 0xff {
			continue
		}
		marker := scan[i+1]
		if marker == 0xda {
			next = 0
		}
		if marker < 0xd0 || marker > 0xd7 {
			continue
		}
		if off := (marker - 0xd0 - next) & 7; off != 0 {
			if off <= 2 || off >= 6 {
				return nil, damaged("a restart marker is %d, expected %d", marker-0xd0, next)
			}
			if &out[0] == &scan[0] {
				out = bytes.Clone(scan)
			}
			out[i+1] = 0xd0 + next
		}
		next = (next + 1) & 7
	}
	return out, nil
}

// huffmanTables are those of the standard, ITU-T T.81, annex K.3, as a segment of a file: image/jpeg writes no others.
var huffmanTables = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		panic(err) // into memory
	}
	at := bytes.Index(b.Bytes(), []byte("\xff\xc4"))
	return b.Bytes()[at:][:2+binary.BigEndian.Uint16(b.Bytes()[at+2:])]
})
