package imageset

import (
	"image"
	"math"
)

// netpbm is the header of a PBM, PGM or PPM file, as text (P1 to P3) or as bytes (P4 to P6).
type netpbm struct {
	kind    byte // '1' to '6'
	w, h    int
	samples int // per pixel
	most    int // the value that is white
	data    []byte
}

func pnmConfig(data []byte) (header, error) {
	p, err := readNetpbm(data)
	return header{w: p.w, h: p.h, perPixel: 9}, err
}

func readNetpbm(data []byte) (p netpbm, err error) {
	if !isPNM(data) {
		return p, damaged("no header")
	}
	p.kind, p.samples, p.most, p.data = data[1], 1, 1, data[2:]
	if p.w, err = p.number(); err == nil {
		p.h, err = p.number()
	}
	if err == nil && p.kind != '1' && p.kind != '4' {
		p.most, err = p.number()
	}
	if p.kind == '3' || p.kind == '6' {
		p.samples = 3
	}
	switch {
	case err != nil:
	case p.w < 1 || p.h < 1 || p.w > 1<<20 || p.h > 1<<20:
		err = damaged("%d x %d pixels", p.w, p.h)
	case p.most < 1 || p.most > 65535:
		err = damaged("a white of %d", p.most)
	}
	return p, err
}

func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// number reads a number and the one byte of white space behind it. Remarks go from # to the line's end.
func (p *netpbm) number() (int, error) {
	n, digits := 0, 0
	for i := 0; i < len(p.data); i++ {
		switch c := p.data[i]; {
		case c == '#':
			for i < len(p.data) && p.data[i] != '\n' && p.data[i] != '\r' {
				i++
			}
		case c >= '0' && c <= '9' && digits < 9:
			n, digits = 10*n+int(c-'0'), digits+1
		case space(c) && digits > 0:
			p.data = p.data[i+1:]
			return n, nil
		case !space(c):
			return 0, damaged("%q where a number is expected", c)
		}
	}
	p.data = nil
	if digits == 0 {
		return 0, errShort
	}
	return n, nil
}

func decodePNM(data []byte) (image.Image, error) {
	p, err := readNetpbm(data)
	if err != nil {
		return nil, err
	}
	next := p.next()
	out := image.NewNRGBA(image.Rect(0, 0, p.w, p.h))
	for y := range p.h {
		for x := range p.w {
			var v [3]byte
			for c := range p.samples {
				if v[c], err = next(x); err != nil {
					return nil, err
				}
			}
			if p.samples == 1 {
				v[1], v[2] = v[0], v[0]
			}
			copy(out.Pix[out.PixOffset(x, y):], []byte{v[0], v[1], v[2], 255})
		}
	}
	return out, nil
}

// next returns what reads the next sample, which is in column x, as 0 to 255.
func (p *netpbm) next() func(x int) (byte, error) {
	switch {
	case p.kind == '1':
		return p.digit
	case p.kind == '4':
		stride, y := (p.w+7)/8, -1
		return func(x int) (byte, error) {
			if x == 0 {
				y++
			}
			at := y*stride + x/8
			if at >= len(p.data) {
				return 0, errShort
			}
			return 255 * (^p.data[at] >> (7 - x%8) & 1), nil
		}
	case p.kind < '4':
		return func(int) (byte, error) {
			v, err := p.number()
			if err == nil && v > p.most {
				err = damaged("the value %d above %d", v, p.most)
			}
			return p.scale(v), err
		}
	}
	wide := 1
	if p.most > 255 {
		wide = 2
	}
	return func(int) (byte, error) {
		if len(p.data) < wide {
			return 0, errShort
		}
		v := int(p.data[0])
		if wide == 2 {
			v = v<<8 | int(p.data[1])
		}
		p.data = p.data[wide:]
		return p.scale(min(v, p.most)), nil
	}
}

// scale brings a value to 0 to 255. Grey of 16 bits is cut as in other formats, colours are rounded, both as Pillow has it.
func (p *netpbm) scale(v int) byte {
	if p.samples == 1 && p.most > 255 {
		return byte(int(math.RoundToEven(float64(v)/float64(p.most)*65535)) >> 8)
	}
	return byte(math.RoundToEven(float64(v) / float64(p.most) * 255))
}

// digit reads a bit of a text file, whose digits need no space between them.
func (p *netpbm) digit(int) (byte, error) {
	for len(p.data) > 0 {
		c := p.data[0]
		p.data = p.data[1:]
		switch {
		case c == '0':
			return 255, nil
		case c == '1':
			return 0, nil
		case c == '#':
			for len(p.data) > 0 && p.data[0] != '\n' && p.data[0] != '\r' {
				p.data = p.data[1:]
			}
		case !space(c):
			return 0, damaged("%q where 0 or 1 is expected", c)
		}
	}
	return 0, errShort
}
