package augment

import (
	"fmt"
	"math/rand/v2"
)

// Plan says how a stored photograph of S x S becomes an input of Crop x Crop. The zero values of
// all but Crop and Norm give the centre crop.
//
// In this order: the photograph is scaled to Resize x Resize where Resize is set (bilinear,
// antialiased), a crop is taken, the crop is mirrored.
type Plan struct {
	Crop       int           // side of the input in pixels, at most the side of the (resized) photograph
	RandomCrop bool          // uniform over all positions; otherwise the centre, at ((S-Crop)/2, (S-Crop)/2) rounded down
	Mirror     bool          // left and right are exchanged with probability 1/2
	Resize     int           // side to which the photograph is scaled before the crop; 0 keeps S
	MinArea    float64       // in (0, 1): random resized crop instead, see below; 0 is off
	Norm       Normalisation // of the output

	// A random resized crop (Szegedy et al. 2015, section 6) takes a window that covers a share of the photograph's area uniform in
	// [MinArea, 1], of an aspect ratio log-uniform in [3/4, 4/3], and scales it to Crop x Crop. RandomCrop and Resize play no part then.
}

// Check reports a plan that cannot be carried out on photographs of size x size.
func (p Plan) Check(size int) error {
	switch {
	case p.Crop < 1:
		return fmt.Errorf("augment: a crop of %d pixels: at least 1", p.Crop)
	case p.Resize < 0:
		return fmt.Errorf("augment: resize to %d pixels: 0 (off) or positive", p.Resize)
	case p.MinArea < 0 || p.MinArea >= 1:
		return fmt.Errorf("augment: the least area of a random resized crop is %v: 0 (off) or below 1", p.MinArea)
	case p.MinArea == 0 && p.Resize == 0 && p.Crop > size:
		return fmt.Errorf("augment: a crop of %d pixels out of photographs of %d: crop at most %d, or set resize", p.Crop, size, size)
	case p.MinArea == 0 && p.Resize > 0 && p.Crop > p.Resize:
		return fmt.Errorf("augment: a crop of %d pixels out of photographs resized to %d: raise resize or lower crop", p.Crop, p.Resize)
	}
	return p.Norm.Check()
}

// Random reports whether Apply draws from its generator.
func (p Plan) Random() bool { return p.RandomCrop || p.Mirror || p.MinArea > 0 }

// Apply writes the input dst [Crop,Crop,3] for the photograph src [3,size,size]. It draws from rng, which may be nil where the plan is not
// random: the window first (row, then column; or area, aspect, row, column), then the mirror. Nothing is allocated once scratch memory of
// resizing plans exists. Plan, sizes and lengths must agree: Check tells.
func (p Plan) Apply(dst []float32, src []byte, size int, rng *rand.Rand) {
	if len(dst) != 3*p.Crop*p.Crop || len(src) != 3*size*size {
		panic(fmt.Sprintf("augment: a crop of %d and photographs of %d do not fit dst [%d] and src [%d]", p.Crop, size, len(dst), len(src)))
	}
	switch {
	case p.MinArea > 0:
		w := p.resizedWindow(size, rng)
		p.scaled(dst, src, size, w, p.mirrored(rng))
	case p.Resize > 0 && p.Resize != size:
		row, col := p.position(p.Resize, rng)
		scale := float64(size) / float64(p.Resize)
		side := float64(p.Crop) * scale
		w := window{y: float64(row) * scale, x: float64(col) * scale, h: side, w: side}
		p.scaled(dst, src, size, w, p.mirrored(rng))
	default:
		row, col := p.position(size, rng)
		p.cut(dst, src, size, row, col, p.mirrored(rng))
	}
}

// position is the crop's first row and column in a photograph of side pixels.
func (p Plan) position(side int, rng *rand.Rand) (row, col int) {
	free := side - p.Crop
	if !p.RandomCrop {
		return free / 2, free / 2
	}
	row = rng.IntN(free + 1)
	col = rng.IntN(free + 1)
	return row, col
}

func (p Plan) mirrored(rng *rand.Rand) bool { return p.Mirror && rng.Uint64()&1 == 1 }

// cut copies the crop at (row, col), normalised by table, in one pass.
func (p Plan) cut(dst []float32, src []byte, size, row, col int, mirror bool) {
	table := p.Norm.table()
	t0, t1, t2 := &table[0], &table[1], &table[2]
	crop, area := p.Crop, size*size
	for y := range crop {
		at := (row+y)*size + col
		s0 := src[p.Norm.plane(0)*area+at:][:crop]
		s1 := src[p.Norm.plane(1)*area+at:][:crop]
		s2 := src[p.Norm.plane(2)*area+at:][:crop]
		d := dst[3*y*crop:][:3*crop]
		if mirror {
			for x := crop - 1; x >= 0 && len(d) >= 3; x-- {
				d[0], d[1], d[2] = t0[s0[x]], t1[s1[x]], t2[s2[x]]
				d = d[3:]
			}
			continue
		}
		for x := range s0 {
			if len(d) < 3 {
				break
			}
			d[0], d[1], d[2] = t0[s0[x]], t1[s1[x]], t2[s2[x]]
			d = d[3:]
		}
	}
}
