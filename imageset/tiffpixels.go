package imageset

import (
	"bytes"
	"compress/zlib"
	"errors"
	"image"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"
)

// Compressions of TIFF.
const (
	tiffNone     = 1
	tiffGroup3   = 3
	tiffGroup4   = 4
	tiffLZW      = 5
	tiffDeflate  = 8
	tiffDeflate2 = 32946
	tiffPackBits = 32773
)

// decodeTIFF reads the first image of a TIFF file. x/image/tiff reads no planes, no BigTIFF, no grey of 2 or 4 bits, and takes
// black for white in some faxes; only its decompressors are used.
func decodeTIFF(data []byte) (image.Image, error) {
	t, err := readTIFF(data)
	if err != nil {
		return nil, err
	}
	per := t.samples
	if t.planar {
		per = 1
	}
	stride := (t.tileW*per*t.bits + 7) / 8
	out := image.NewNRGBA(image.Rect(0, 0, t.w, t.h))
	across, down := t.pieces()
	var planes [8][]byte
	for ty := range down {
		rows := min(t.tileH, t.h-ty*t.tileH)
		for tx := range across {
			for p := range t.planes() {
				i := (p*down+ty)*across + tx
				if planes[p], err = t.piece(i, stride, rows, per); err != nil {
					return nil, err
				}
			}
			t.paint(out, planes, tx*t.tileW, ty*t.tileH, rows, stride, per)
		}
	}
	return out, nil
}

// piece returns the samples of a strip or tile, of which the first rows are needed: rows of stride bytes.
func (t *tiffLayout) piece(i, stride, rows, per int) ([]byte, error) {
	stored, err := t.stored(i)
	if err != nil {
		return nil, err
	}
	if t.fillOrder == 2 {
		turned := make([]byte, len(stored))
		for i, b := range stored {
			turned[i] = bits.Reverse8(b)
		}
		stored = turned
	}
	data, err := t.unpack(stored, stride*rows, rows)
	if err != nil {
		return nil, err
	}
	if len(data) < stride*rows {
		return nil, errShort
	}
	if t.predictor == 2 {
		t.undiff(data, stride, rows, per)
	}
	return data, nil
}

// unpack decompresses n bytes.
func (t *tiffLayout) unpack(stored []byte, n, rows int) ([]byte, error) {
	var r io.Reader
	switch t.compression {
	case tiffNone:
		if t.predictor == 2 {
			return bytes.Clone(stored), nil
		}
		return stored, nil
	case tiffPackBits:
		return packBits(stored, n), nil
	case tiffLZW:
		r = lzw.NewReader(bytes.NewReader(stored), lzw.MSB, 8)
	case tiffDeflate, tiffDeflate2:
		z, err := zlib.NewReader(bytes.NewReader(stored))
		if err != nil {
			return nil, damaged("%v", err)
		}
		r = z
	case tiffGroup3, tiffGroup4:
		if t.bits != 1 || t.samples != 1 {
			return nil, damaged("a fax of %d bits", t.bits*t.samples)
		}
		kind, options := ccitt.Group4, t.number(tagT4Options, 0)
		if t.compression == tiffGroup3 {
			kind = ccitt.Group3
			if options&^4 != 0 { // but for the alignment of line ends
				return nil, unsupported("Group 3 in two dimensions or uncompressed")
			}
		}
		r = ccitt.NewReader(bytes.NewReader(stored), ccitt.MSB, kind, t.tileW, rows, &ccitt.Options{Invert: true})
	default:
		return nil, unsupported("compression %d", t.compression)
	}
	data := make([]byte, n)
	switch _, err := io.ReadFull(r, data); {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return nil, errShort
	case err != nil:
		return nil, damaged("%v", err)
	}
	return data, nil
}

// packBits unpacks at most n bytes.
func packBits(in []byte, n int) []byte {
	out := make([]byte, 0, n)
	for len(in) > 1 && len(out) < n {
		c := int(int8(in[0]))
		in = in[1:]
		switch {
		case c >= 0:
			c = min(c+1, len(in))
			out, in = append(out, in[:c]...), in[c:]
		case c > -128:
			out, in = append(out, bytes.Repeat(in[:1], 1-c)...), in[1:]
		}
	}
	return out
}

// undiff adds up differences along each row.
func (t *tiffLayout) undiff(data []byte, stride, rows, per int) {
	for y := range rows {
		row := data[y*stride:][:stride]
		if t.bits == 8 {
			for i := per; i < len(row); i++ {
				row[i] += row[i-per]
			}
			continue
		}
		for i := 2 * per; i+1 < len(row); i += 2 {
			t.order.PutUint16(row[i:], t.order.Uint16(row[i:])+t.order.Uint16(row[i-2*per:]))
		}
	}
}

// paint writes a piece whose corner is at x0, y0.
func (t *tiffLayout) paint(out *image.NRGBA, planes [8][]byte, x0, y0, rows, stride, per int) {
	high := 0 // where the high byte of a sample of 16 bits lies
	if t.order == little {
		high = 1
	}
	var v [8]byte
	for y := range rows {
		line := out.Pix[out.PixOffset(x0, y0+y):]
		for x := range min(t.tileW, t.w-x0) {
			for s := range t.samples {
				plane, at := planes[0], x*per+s
				if t.planar {
					plane, at = planes[s], x
				}
				row := plane[y*stride:]
				switch t.bits {
				case 8:
					v[s] = row[at]
				case 16:
					v[s] = row[2*at+high]
				default:
					each := 8 / t.bits
					v[s] = row[at/each] >> (8 - t.bits - at%each*t.bits) & (1<<t.bits - 1)
				}
			}
			p := t.colour(&v)
			copy(line[4*x:], p[:])
		}
	}
}

// colour returns red, green, blue and alpha of a pixel's samples.
func (t *tiffLayout) colour(v *[8]byte) (p [4]byte) {
	colours := 1
	switch t.photometric {
	case whiteIsZero, blackIsZero:
		grey := v[0]
		if t.bits < 8 {
			grey *= 255 / (1<<t.bits - 1)
		}
		if t.photometric == whiteIsZero {
			grey = 255 - grey
		}
		p = [4]byte{grey, grey, grey, 255}
	case photoIndex:
		n := 1 << t.bits
		for c := range 3 {
			p[c] = byte(t.colours[c*n+int(v[0])] >> 8)
		}
		p[3] = 255
	case photoCMYK:
		return fromCMYK(v[0], v[1], v[2], v[3])
	default:
		colours = 3
		p = [4]byte{v[0], v[1], v[2], 255}
	}
	switch a := v[colours]; t.extra {
	case 1: // colours that are multiplied with it
		p[3] = a
		for c := range 3 {
			if a > 0 {
				p[c] = byte(min(255*int(p[c])/int(a), 255))
			}
		}
	case 2:
		p[3] = a
	}
	return p
}

// fromCMYK converts as Pillow does, without a profile.
func fromCMYK(c, m, y, k byte) [4]byte {
	nk := 255 - int(k)
	one := func(v byte) byte {
		t := int(v)*nk + 128
		return byte(max(nk-(t>>8+t)>>8, 0))
	}
	return [4]byte{one(c), one(m), one(y), 255}
}
