package imageset

import (
	"encoding/binary"
	"image"
	"slices"
)

var little = binary.LittleEndian

// bitmap is the header of a BMP file. x/image/bmp reads some of the headers and none of the packings.
type bitmap struct {
	w, h        int
	down        bool // rows from the top
	bits        int
	compression uint32
	masks       [4]uint32 // red, green, blue, alpha
	palette     [][3]byte
	data        []byte // the pixels, to the file's end
}

// How pixels are packed.
const (
	bmpRaw    = 0
	bmpRLE8   = 1
	bmpRLE4   = 2
	bmpFields = 3
)

func bmpConfig(data []byte) (header, error) {
	b, err := readBitmap(data)
	return header{w: b.w, h: b.h, perPixel: 9}, err
}

// readBitmap reads every header: OS/2's of 12 and 64 bytes, Windows' of 40 to 124.
func readBitmap(data []byte) (b bitmap, err error) {
	if len(data) < 26 {
		return b, errShort
	}
	at, size := int(little.Uint32(data[10:])), int(little.Uint32(data[14:]))
	if !isBMP(data) || size == 16 {
		return b, unsupported("a header of %d bytes", size)
	}
	if len(data) < 14+size {
		return b, errShort
	}
	head, entry, colours := data[14:14+size], 4, 0
	if size == 12 {
		b.w, b.h, b.bits, entry = int(little.Uint16(head[4:])), int(little.Uint16(head[6:])), int(little.Uint16(head[10:])), 3
	} else {
		b.w, b.h, b.bits = int(int32(little.Uint32(head[4:]))), int(int32(little.Uint32(head[8:]))), int(little.Uint16(head[14:]))
		b.compression, colours = little.Uint32(head[16:]), int(little.Uint32(head[32:]))
	}
	if b.h < 0 {
		b.h, b.down = -b.h, true
	}
	if b.w < 1 || b.h < 1 || b.w > 1<<16 || b.h > 1<<16 {
		return b, damaged("%d x %d pixels", b.w, b.h)
	}
	if b.compression == bmpFields {
		fields := head[min(40, size):]
		if size == 40 {
			if len(data) < 66 {
				return b, errShort
			}
			fields = data[54:66]
		}
		for i := range min(4, len(fields)/4) {
			b.masks[i] = little.Uint32(fields[4*i:])
		}
	}
	if b.bits <= 8 {
		if colours == 0 || colours > 1<<b.bits {
			colours = 1 << b.bits
		}
		if err := b.readPalette(data[14+size:], colours, entry); err != nil {
			return b, err
		}
		if at == 14+size { // some programs do not count the palette
			at += entry * colours
		}
	}
	if at > len(data) || at < 14 {
		return b, errShort
	}
	b.data = data[at:]
	return b, nil
}

// readPalette reads colours of blue, green and red.
func (b *bitmap) readPalette(data []byte, colours, entry int) error {
	if len(data) < colours*entry {
		return errShort
	}
	b.palette = make([][3]byte, 256)
	for i := range b.palette { // what Pillow shows for an index beyond the palette
		b.palette[i] = [3]byte{byte(i), byte(i), byte(i)}
	}
	for i := range colours {
		c := data[i*entry:]
		b.palette[i] = [3]byte{c[2], c[1], c[0]}
	}
	return nil
}

func decodeBMP(data []byte) (image.Image, error) {
	b, err := readBitmap(data)
	if err != nil {
		return nil, err
	}
	pixel, err := b.pixels()
	if err != nil {
		return nil, err
	}
	bits := b.bits
	switch {
	case b.compression == bmpRLE8 && b.bits == 8, b.compression == bmpRLE4 && b.bits == 4:
		if b.data, err = b.unpack(); err != nil {
			return nil, err
		}
		bits, pixel = 8, b.indexed(8)
	case b.compression != bmpRaw && b.compression != bmpFields:
		return nil, unsupported("compression %d of %d bits", b.compression, b.bits)
	}
	stride := (b.w*bits + 31) / 32 * 4
	if bits != b.bits || b.compression == bmpRLE8 {
		stride = b.w // unpacked
	}
	if (b.h-1)*stride+(b.w*bits+7)/8 > len(b.data) {
		return nil, errShort
	}
	out, clear := image.NewNRGBA(image.Rect(0, 0, b.w, b.h)), true
	for y := range b.h {
		row := b.data[y*stride:]
		line := out.Pix[(b.h-1-y)*out.Stride:]
		if b.down {
			line = out.Pix[y*out.Stride:]
		}
		for x := range b.w {
			p := pixel(row, x)
			copy(line[4*x:], p[:])
			clear = clear && p[3] == 0
		}
	}
	if clear { // programs that know nothing of alpha leave it 0
		for i := 3; i < len(out.Pix); i += 4 {
			out.Pix[i] = 255
		}
	}
	return out, nil
}

// bmpMasks are the fields that are read, with the place of red, green, blue and alpha among a pixel's bytes; -1 is no alpha.
var bmpMasks = []struct {
	masks [4]uint32
	at    [4]int
}{
	{[4]uint32{0xff0000, 0xff00, 0xff, 0}, [4]int{2, 1, 0, -1}},
	{[4]uint32{0xff000000, 0xff0000, 0xff00, 0}, [4]int{3, 2, 1, -1}},
	{[4]uint32{0xff, 0xff00, 0xff0000, 0}, [4]int{0, 1, 2, -1}},
	{[4]uint32{0xff0000, 0xff00, 0xff, 0xff000000}, [4]int{2, 1, 0, 3}},
	{[4]uint32{0xff, 0xff00, 0xff0000, 0xff000000}, [4]int{0, 1, 2, 3}},
	{[4]uint32{0xff000000, 0xff0000, 0xff00, 0xff}, [4]int{3, 2, 1, 0}},
	{[4]uint32{}, [4]int{2, 1, 0, 3}},
}

// pixels returns what reads pixel x of a row.
func (b *bitmap) pixels() (func(row []byte, x int) [4]byte, error) {
	fields := b.compression == bmpFields
	switch b.bits {
	case 1, 4, 8:
		return b.indexed(b.bits), nil
	case 16:
		masks := [3]uint32(b.masks[:3])
		switch {
		case !fields || masks == [3]uint32{0x7c00, 0x3e0, 0x1f}:
			return packed16(10, 5, 31), nil
		case masks == [3]uint32{0xf800, 0x7e0, 0x1f}:
			return packed16(11, 5, 63), nil
		}
	case 24:
		if !fields || [3]uint32(b.masks[:3]) == [3]uint32{0xff0000, 0xff00, 0xff} {
			return func(row []byte, x int) [4]byte { return [4]byte{row[3*x+2], row[3*x+1], row[3*x], 255} }, nil
		}
	case 32:
		if !fields {
			return placed([4]int{2, 1, 0, -1}), nil
		}
		for _, m := range bmpMasks {
			if m.masks == b.masks {
				return placed(m.at), nil
			}
		}
	}
	return nil, unsupported("%d bits with the masks %x", b.bits, b.masks)
}

func placed(at [4]int) func([]byte, int) [4]byte {
	return func(row []byte, x int) [4]byte {
		p := row[4*x:][:4]
		out := [4]byte{p[at[0]], p[at[1]], p[at[2]], 255}
		if at[3] >= 0 {
			out[3] = p[at[3]]
		}
		return out
	}
}

// packed16 reads 5 bits of red and blue, and as many of green as its maximum takes.
func packed16(red, green, most int) func([]byte, int) [4]byte {
	return func(row []byte, x int) [4]byte {
		p := int(little.Uint16(row[2*x:]))
		return [4]byte{byte(p >> red & 31 * 255 / 31), byte(p >> green & most * 255 / most), byte(p & 31 * 255 / 31), 255}
	}
}

func (b *bitmap) indexed(bits int) func([]byte, int) [4]byte {
	each, mask := 8/bits, byte(1<<bits-1)
	return func(row []byte, x int) [4]byte {
		c := b.palette[row[x/each]>>(8-bits-x%each*bits)&mask]
		return [4]byte{c[0], c[1], c[2], 255}
	}
}

// unpack returns an index a byte, rows without padding. What the runs skip has index 0.
func (b *bitmap) unpack() ([]byte, error) {
	out := make([]byte, b.w*b.h)
	for in, x, y := b.data, 0, 0; y < b.h; {
		if len(in) < 2 {
			if y == b.h-1 && x == b.w {
				return out, nil
			}
			return nil, errShort
		}
		n, v := int(in[0]), in[1]
		in = in[2:]
		var run []byte
		switch {
		case n > 0:
			run = slices.Repeat([]byte{v}, n)
			if b.bits == 4 {
				run = nibbles(run)[:n]
			}
		case v == 0:
			x, y = 0, y+1
			continue
		case v == 1:
			return out, nil
		case v == 2:
			if len(in) < 2 {
				return nil, errShort
			}
			x, y = x+int(in[0]), y+int(in[1])
			in = in[2:]
			continue
		default:
			n = int(v)
			size := (n*b.bits + 7) / 8
			if len(in) < size {
				return nil, errShort
			}
			run = in[:size]
			if b.bits == 4 {
				run = nibbles(run)[:n]
			}
			in = in[min(size+size%2, len(in)):]
		}
		if x < b.w {
			copy(out[y*b.w+x:(y+1)*b.w], run)
		}
		x = min(x+n, b.w)
	}
	return out, nil
}

// nibbles parts bytes into their halves.
func nibbles(data []byte) []byte {
	out := make([]byte, 0, 2*len(data))
	for _, v := range data {
		out = append(out, v>>4, v&15)
	}
	return out
}
