package imageset

import (
	"encoding/binary"
	"fmt"
)

// Tags of TIFF that are read.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagFillOrder    = 266
	tagStripOffsets = 273
	tagOrientation  = 274
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripBytes   = 279
	tagPlanar       = 284
	tagT4Options    = 292
	tagPredictor    = 317
	tagColours      = 320
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTileOffsets  = 324
	tagTileBytes    = 325
	tagExtra        = 338
	tagFormat       = 339
	tagXMP          = 700
	tagDNGVersion   = 50706
)

// directory is the first directory of a TIFF file: of the old kind or a BigTIFF, in either byte order.
type directory struct {
	data  []byte
	order binary.ByteOrder
	tags  map[uint16]field
}

// field is a tag's values as they lie in the file.
type field struct {
	kind  uint16
	count int
	body  []byte
}

// fieldSizes are the bytes of a value, by its kind.
var fieldSizes = map[uint16]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

// readDirectory reads the first directory. Fields whose values lie outside the file are left out; partly says that its end may be missing too.
func readDirectory(data []byte, partly bool) (*directory, error) {
	if len(data) < 8 {
		return nil, errShort
	}
	d := &directory{data: data, order: binary.LittleEndian, tags: map[uint16]field{}}
	if data[0] == 'M' {
		d.order = binary.BigEndian
	}
	entry, inline, at, counted := 12, 4, uint64(d.order.Uint32(data[4:])), 2
	switch d.order.Uint16(data[2:]) {
	case 42:
	case 43:
		if len(data) < 16 {
			return nil, errShort
		}
		entry, inline, at, counted = 20, 8, d.order.Uint64(data[8:]), 8
	default:
		return nil, damaged("no TIFF header")
	}
	if at > uint64(len(data)) || uint64(len(data))-at < uint64(counted) {
		return nil, errShort
	}
	rest := data[at:]
	n := uint64(d.order.Uint16(rest))
	if counted == 8 {
		n = d.order.Uint64(rest)
	}
	rest = rest[counted:]
	if n > uint64(len(rest)/entry) {
		if !partly {
			return nil, errShort
		}
		n = uint64(len(rest) / entry)
	}
	for range n {
		d.enter(rest[:entry], inline)
		rest = rest[entry:]
	}
	return d, nil
}

// enter reads an entry, whose value lies in it if it takes no more bytes than inline.
func (d *directory) enter(entry []byte, inline int) {
	tag, kind := d.order.Uint16(entry), d.order.Uint16(entry[2:])
	count, body := uint64(d.order.Uint32(entry[4:])), entry[8:]
	if inline == 8 {
		count, body = d.order.Uint64(entry[4:]), entry[12:]
	}
	size := uint64(fieldSizes[kind])
	if size == 0 || count > uint64(len(d.data)) {
		return
	}
	if n := count * size; n > uint64(inline) {
		at := uint64(d.order.Uint32(body))
		if inline == 8 {
			at = d.order.Uint64(body)
		}
		if at > uint64(len(d.data)) || uint64(len(d.data))-at < n {
			return
		}
		body = d.data[at : at+n]
	}
	if _, twice := d.tags[tag]; !twice {
		d.tags[tag] = field{kind, int(count), body[:count*size]}
	}
}

// at returns value i of a field of whole numbers.
func (d *directory) at(f field, i int) (uint64, bool) {
	if i >= f.count {
		return 0, false
	}
	b := f.body[i*fieldSizes[f.kind]:]
	switch f.kind {
	case 1, 6, 7:
		return uint64(b[0]), true
	case 3, 8:
		return uint64(d.order.Uint16(b)), true
	case 4, 9, 13:
		return uint64(d.order.Uint32(b)), true
	case 16, 17, 18:
		return d.order.Uint64(b), true
	case 5, 10:
		if over, under := d.order.Uint32(b), d.order.Uint32(b[4:]); under != 0 && over%under == 0 {
			return uint64(over / under), true
		}
	}
	return 0, false
}

// number returns the first value of a tag, or other where there is none.
func (d *directory) number(tag uint16, other int) int {
	v, ok := d.at(d.tags[tag], 0)
	if !ok || v > 1<<40 {
		return other
	}
	return int(v)
}

// numbers returns all values of a tag.
func (d *directory) numbers(tag uint16) []int {
	f := d.tags[tag]
	var out []int
	for i := range f.count {
		v, ok := d.at(f, i)
		if !ok || v > 1<<40 {
			return nil
		}
		out = append(out, int(v))
	}
	return out
}

// tiffLayout is what a TIFF file says of its pixels.
type tiffLayout struct {
	*directory
	w, h, bits, samples     int
	compression, fillOrder  int
	photometric, predictor  int
	planar                  bool // a plane for each sample, one after the other
	extra                   int  // what the sample behind the colours is; -1: there is none
	tileW, tileH            int
	offsets, sizes, colours []int
}

// Photometric interpretations.
const (
	whiteIsZero = 0
	blackIsZero = 1
	photoRGB    = 2
	photoIndex  = 3
	photoCMYK   = 5
)

func tiffConfig(data []byte) (header, error) {
	t, err := readTIFF(data)
	if err != nil {
		return header{}, err
	}
	return header{w: t.w, h: t.h, perPixel: 9 + float64(2*t.samples*max(t.bits, 8)/8)}, nil
}

func readTIFF(data []byte) (*tiffLayout, error) {
	d, err := readDirectory(data, false)
	if err != nil {
		return nil, err
	}
	t := &tiffLayout{directory: d, w: d.number(tagWidth, 0), h: d.number(tagHeight, 0), bits: 1,
		samples: d.number(tagSamples, 1), compression: d.number(tagCompression, 1), fillOrder: d.number(tagFillOrder, 1),
		photometric: d.number(tagPhotometric, 0), predictor: d.number(tagPredictor, 1), planar: d.number(tagPlanar, 1) == 2, extra: -1}
	if t.w < 1 || t.h < 1 || t.w > 1<<20 || t.h > 1<<20 || t.samples < 1 || t.samples > 8 {
		return nil, damaged("%d x %d pixels of %d samples", t.w, t.h, t.samples)
	}
	if _, raw := d.tags[tagDNGVersion]; raw {
		return nil, unsupported("a camera's raw file")
	}
	t.planar = t.planar && t.samples > 1
	bits := d.numbers(tagBits)
	for i, b := range bits {
		if i > 0 && b != bits[0] {
			return nil, unsupported("samples of %v bits", bits)
		}
		t.bits = b
	}
	if kind := d.number(tagFormat, 1); kind != 1 && kind != 4 {
		return nil, unsupported("samples that are no whole numbers from 0 on")
	}
	if err := t.readColours(); err != nil {
		return nil, err
	}
	return t, t.readPlaces()
}

// readColours checks that the samples are of a kind that is read.
func (t *tiffLayout) readColours() error {
	colours := map[int]int{whiteIsZero: 1, blackIsZero: 1, photoRGB: 3, photoIndex: 1, photoCMYK: 4}[t.photometric]
	deep := t.bits == 8 || t.bits == 16
	flat := colours == 1 && t.samples == 1 && (t.bits == 1 || t.bits == 2 || t.bits == 4)
	switch {
	case colours == 0:
		return unsupported("photometric interpretation %d", t.photometric)
	case !deep && !flat || t.photometric == photoIndex && t.bits == 16:
		return unsupported("%d samples of %d bits", t.samples, t.bits)
	case t.samples < colours:
		return damaged("%d samples, expected %d", t.samples, colours)
	case t.predictor != 1 && (t.predictor != 2 || !deep):
		return unsupported("predictor %d of %d bits", t.predictor, t.bits)
	}
	if t.samples > colours {
		t.extra = t.number(tagExtra, 2) // colours and one sample more without a word are taken for alpha, as Pillow does
		if t.photometric == photoCMYK {
			t.extra = -1
		}
	}
	if t.photometric == photoIndex {
		t.colours = t.numbers(tagColours)
		if len(t.colours) < 3<<t.bits {
			return damaged("%d values of colours, expected %d", len(t.colours), 3<<t.bits)
		}
	}
	return nil
}

// readPlaces finds the strips or tiles.
func (t *tiffLayout) readPlaces() error {
	t.offsets, t.sizes = t.numbers(tagStripOffsets), t.numbers(tagStripBytes)
	t.tileW, t.tileH = t.w, min(t.number(tagRowsPerStrip, t.h), t.h)
	if _, tiled := t.tags[tagTileWidth]; tiled {
		t.offsets, t.sizes = t.numbers(tagTileOffsets), t.numbers(tagTileBytes)
		t.tileW, t.tileH = t.number(tagTileWidth, 0), t.number(tagTileHeight, 0)
	}
	if t.tileW < 1 || t.tileH < 1 || t.tileW > 1<<20 || t.tileH > 1<<20 || t.tileW*t.tileH > 4*t.w*t.h+1<<22 {
		return damaged("pieces of %d x %d pixels", t.tileW, t.tileH)
	}
	across, down := t.pieces()
	n := across * down * t.planes()
	if len(t.offsets) < n {
		if len(t.offsets) == 0 {
			return errShort
		}
		return damaged("%d pieces, expected %d", len(t.offsets), n)
	}
	if len(t.sizes) < n && len(t.sizes) > 0 {
		return damaged("%d sizes of pieces, expected %d", len(t.sizes), n)
	}
	return nil
}

// pieces is how many strips or tiles lie side by side, and one below the other.
func (t *tiffLayout) pieces() (across, down int) {
	return (t.w + t.tileW - 1) / t.tileW, (t.h + t.tileH - 1) / t.tileH
}

func (t *tiffLayout) planes() int {
	if t.planar {
		return t.samples
	}
	return 1
}

// stored returns the bytes of piece i as they lie in the file.
func (t *tiffLayout) stored(i int) ([]byte, error) {
	at := t.offsets[i]
	if at > len(t.data) {
		return nil, errShort
	}
	n := len(t.data) - at
	if len(t.sizes) > i {
		if t.sizes[i] > n && t.compression != 1 {
			return nil, fmt.Errorf("piece %d: %w", i, errShort)
		}
		n = min(n, t.sizes[i])
	}
	return t.data[at : at+n], nil
}
