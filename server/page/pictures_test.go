package page_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

var inks = []color.RGBA{{196, 54, 44, 255}, {222, 150, 32, 255}, {62, 140, 74, 255}, {30, 134, 138, 255}, {48, 92, 176, 255}, {118, 78, 168, 255}, {206, 92, 132, 255}, {112, 106, 98, 255}}

// draw makes the photograph, so many pixels wide on its longer side: its class's shape and colour,
// turned and lit as chance has it.
func (c *collection) draw(p *photograph, side int) []byte {
	w, h := side, side*3/4
	if p.h > p.w {
		w, h = h, w
	}
	seed := uint64(min(p.id, p.twin))
	random := rand.New(rand.NewPCG(seed, 7))
	ink, shape := inks[p.class/len(shapes)], p.class%len(shapes)
	turn, size := random.Float64()*2*math.Pi, .24+.16*random.Float64()
	cx, cy := .5+.16*(random.Float64()-.5), .5+.16*(random.Float64()-.5)
	light, warm := .72+.26*random.Float64(), random.Float64()*22
	slope := random.Float64() * 2 * math.Pi
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	unit := float64(min(w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/unit-cx*float64(w)/unit, float64(y)/unit-cy*float64(h)/unit
			shade := light + .16*(u*math.Cos(slope)+v*math.Sin(slope))
			pixel := [3]float64{236 * shade, (232 - warm/3) * shade, (224 - warm) * shade}
			a, b := u*math.Cos(turn)+v*math.Sin(turn), -u*math.Sin(turn)+v*math.Cos(turn)
			edge := distance(shape, a/size, b/size) * size * unit // pixels outside the shape
			shadow := math.Min(1, math.Max(0, .5-(distance(shape, (a-.03)/size, (b-.03)/size)*size*unit)/9))
			cover := math.Min(1, math.Max(0, .5-edge))
			for i, full := range []uint8{ink.R, ink.G, ink.B} {
				pixel[i] *= 1 - .35*shadow
				pixel[i] += (float64(full)*(.9+.25*(shade-light)*2) - pixel[i]) * cover
			}
			img.SetRGBA(x, y, color.RGBA{level(pixel[0]), level(pixel[1]), level(pixel[2]), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 82}); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func level(v float64) uint8 { return uint8(math.Min(255, math.Max(0, v))) }

// distance is about how far a point lies outside the shape of size 1; negative within.
func distance(shape int, x, y float64) float64 {
	r, angle := math.Hypot(x, y), math.Atan2(y, x)
	polygon := func(sides float64) float64 {
		part := 2 * math.Pi / sides
		return r*math.Cos(math.Mod(angle+math.Pi*4, part)-part/2) - math.Cos(part/2)
	}
	switch shapes[shape] {
	case "circle":
		return r - .9
	case "square":
		return math.Max(math.Abs(x), math.Abs(y)) - .8
	case "triangle":
		return polygon(3)
	case "ring":
		return math.Abs(r-.72) - .22
	case "star":
		return r - .62 - .3*math.Cos(5*angle)
	default: // cross
		return math.Min(math.Max(math.Abs(x)-.95, math.Abs(y)-.28), math.Max(math.Abs(y)-.95, math.Abs(x)-.28))
	}
}
