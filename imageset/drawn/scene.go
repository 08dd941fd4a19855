package drawn

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// picture draws one image of a class, and says what it chose.
func picture(d design, size int, rng *rand.Rand) (*image.RGBA, chosen) {
	s := scene{rng: rng, size: size, canvas: newLayer(size)}
	angle := 2 * math.Pi * rng.Float64()
	s.light = at(math.Cos(angle), -math.Abs(math.Sin(angle))-0.25) // from above, more or less
	s.light = s.light.scale(1 / math.Hypot(s.light.x, s.light.y))
	s.chosen[lightX], s.chosen[lightY] = s.light.x, s.light.y
	s.background()
	object := newLayer(size)
	d.draw(newBrush(object, s.pose(), s.light), d.geometry, d.palette, rng)
	far := s.between(1.5, 4) * float64(size) / 64
	object.shadow(s.canvas, -s.light.x*far, -s.light.y*far, 1+size/48, float32(s.between(0.25, 0.6)))
	object.onto(s.canvas)
	s.occlude()
	return s.develop(), s.chosen
}

// scene is an image on its way.
type scene struct {
	rng    *rand.Rand
	size   int
	canvas *layer
	light  pt
	chosen chosen
}

func (s *scene) between(lo, hi float64) float64 { return lerp(lo, hi, s.rng.Float64()) }

// pose maps the object's -1..1 onto the image.
func (s *scene) pose() affine {
	half := float64(s.size) / 2
	scale := half * s.between(0.58, 0.86)
	loose := half - scale*0.8 // the object may touch the edge, not leave
	x, y := loose*s.between(-1, 1)*0.7, loose*s.between(-1, 1)*0.7
	angle := max(-0.7, min(0.7, 0.3*s.rng.NormFloat64()))
	m := move(half+x, half+y).then(turn(angle))
	m = m.then(shear(0.12 * s.rng.NormFloat64()))
	wide, high := scale*s.between(0.9, 1.08), scale*s.between(0.9, 1.08)
	m = m.then(stretch(wide, high))
	if s.rng.IntN(2) == 0 {
		m = m.then(stretch(-1, 1))
		s.chosen[poseMirror] = 1
	}
	s.chosen[poseX], s.chosen[poseY], s.chosen[poseTurn], s.chosen[poseScale] = x/half, y/half, angle, math.Sqrt(wide*high)/half
	s.chosen[poseAside], s.chosen[poseTilt] = math.Abs(x)/half, math.Abs(angle)
	return m
}

// backdrop is a muted colour.
func (s *scene) backdrop() rgb {
	return oklch{s.between(0.3, 0.93), s.between(0, 0.09), s.rng.Float64()}.rgb()
}

// background is a gradient with a texture and blurred discs.
func (s *scene) background() {
	a, c := s.backdrop(), s.backdrop()
	for k, v := range mix(a, c, 0.5) {
		s.chosen[colourRed+k] = float64(v)
	}
	way := polar(2*math.Pi*s.rng.Float64(), 1/float64(s.size))
	texture, depth := s.texture(), float32(s.between(0.1, 0.4))
	for y := range s.size {
		for x := range s.size {
			fx, fy := float64(x), float64(y)
			t := 0.5 + (fx-float64(s.size)/2)*way.x + (fy-float64(s.size)/2)*way.y
			v := mix(a, c, float32(max(0, min(1, t)))).lit(depth * float32(texture(fx/float64(s.size), fy/float64(s.size))))
			px := s.canvas.pix[(y*s.size+x)*4:][:4]
			px[0], px[1], px[2], px[3] = v[0], v[1], v[2], 1
		}
	}
	b := newBrush(s.canvas, stretch(float64(s.size), float64(s.size)), s.light)
	for range s.rng.IntN(6) {
		disc := circle(at(s.rng.Float64(), s.rng.Float64()), s.between(0.04, 0.17))
		b.glaze(disc, oklch{s.between(0.4, 0.95), s.between(0, 0.16), s.rng.Float64()}.rgb(), 0, s.between(0.15, 0.5))
	}
}

// texture is a function of the place in the image (0..1 each way) with values about -1..1.
func (s *scene) texture() func(x, y float64) float64 {
	m := turn(2 * math.Pi * s.rng.Float64()).then(stretch(s.between(3, 9), s.between(3, 9)))
	phase := s.rng.Float64()
	frac := func(v float64) float64 { return v - math.Floor(v) }
	switch s.rng.IntN(6) {
	case 0: // stripes
		return func(x, y float64) float64 { return math.Sin(2 * math.Pi * (m.apply(at(x, y)).x + phase)) }
	case 1: // checks
		return func(x, y float64) float64 {
			p := m.apply(at(x, y))
			if (frac(p.x/2+phase) < 0.5) == (frac(p.y/2) < 0.5) {
				return 0.5
			}
			return -0.5
		}
	case 2: // dots
		return func(x, y float64) float64 {
			p := m.apply(at(x, y))
			return max(-0.2, 1-4*math.Hypot(frac(p.x)-0.5, frac(p.y)-0.5))
		}
	case 3: // planks
		return func(x, y float64) float64 {
			p := m.apply(at(x, y))
			if frac(p.x+phase) < 0.06 {
				return -1
			}
			return 0.4 * math.Sin(math.Floor(p.x+phase)*12.9898)
		}
	}
	return s.clouds() // twice as likely: nature's own
}

// clouds is noise of three octaves between random values on a grid.
func (s *scene) clouds() func(x, y float64) float64 {
	const n = 32
	grid := make([]float64, n*n)
	for i := range grid {
		grid[i] = s.between(-1, 1)
	}
	base := s.between(2, 5)
	value := func(x, y float64) float64 {
		ix, iy := int(math.Floor(x)), int(math.Floor(y))
		fx, fy := x-math.Floor(x), y-math.Floor(y)
		fx, fy = fx*fx*(3-2*fx), fy*fy*(3-2*fy)
		g := func(x, y int) float64 { return grid[(y%n)*n+x%n] }
		return lerp(lerp(g(ix, iy), g(ix+1, iy), fx), lerp(g(ix, iy+1), g(ix+1, iy+1), fx), fy)
	}
	return func(x, y float64) float64 {
		return value(x*base, y*base) + 0.5*value(x*base*2+7, y*base*2+3) + 0.25*value(x*base*4+1, y*base*4+13)
	}
}

// occlude lays a thing or two in front of the object, often at its edge.
func (s *scene) occlude() {
	front := newLayer(s.size)
	b := newBrush(front, stretch(float64(s.size), float64(s.size)), s.light)
	for range []int{0, 0, 1, 1, 1, 2}[s.rng.IntN(6)] {
		c := oklch{s.between(0.35, 0.85), s.between(0.02, 0.14), s.rng.Float64()}.rgb()
		middle := at(0.5, 0.5).add(polar(2*math.Pi*s.rng.Float64(), s.between(0.22, 0.45)))
		switch s.rng.IntN(3) {
		case 0: // a ribbon
			way := polar(2*math.Pi*s.rng.Float64(), 2)
			wide := s.between(0.04, 0.1)
			b.fill(limb(middle.add(way), middle.add(way.scale(-1)), wide, wide), c, 0.15)
		case 1: // a leaf
			b.within(move(middle.x, middle.y).then(turn(2*math.Pi*s.rng.Float64())), func() {
				l, w := s.between(0.15, 0.3), s.between(0.06, 0.11)
				b.fill(smooth(at(-l, 0), at(0, w), at(l, 0), at(0, -w)), c, 0.4)
				b.fill(limb(at(-l, 0), at(l*0.9, 0), 0.015, 0.006), c.lit(-0.3), 0)
			})
		case 2: // a ball
			b.fill(circle(middle, s.between(0.06, 0.13)), c, 0.5)
		}
	}
	front.shadow(s.canvas, -s.light.x*2, -s.light.y*2, 1, 0.35)
	front.onto(s.canvas)
}

// develop applies the light of the whole scene and the camera, and gives the image in sRGB.
func (s *scene) develop() *image.RGBA {
	gain := s.between(0.65, 1.25)
	warm := 0.12 * s.rng.NormFloat64()
	tint := 0.05 * s.rng.NormFloat64()
	white := [3]float64{gain * math.Exp(warm), gain * math.Exp(tint), gain * math.Exp(-warm)}
	fall := s.between(0, 0.45) // from the light's side to the other
	s.chosen[lightGain], s.chosen[lightFall], s.chosen[colourWarm], s.chosen[colourTint] = gain, fall, warm, tint
	noise := s.between(0.003, 0.02)
	img := image.NewRGBA(image.Rect(0, 0, s.size, s.size))
	half := float64(s.size) / 2
	for y := range s.size {
		for x := range s.size {
			side := ((float64(x)-half)*s.light.x + (float64(y)-half)*s.light.y) / half
			px := s.canvas.pix[(y*s.size+x)*4:][:4]
			var v [3]uint8
			for k := range v {
				linear := float64(px[k]) * white[k] * (1 + fall*side)
				v[k] = toByte(float32(linear + noise*s.rng.NormFloat64()*math.Sqrt(max(linear, 0.02))))
			}
			img.SetRGBA(x, y, color.RGBA{v[0], v[1], v[2], 255})
		}
	}
	return img
}
