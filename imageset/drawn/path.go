package drawn

import "math"

// pt is a point; in object coordinates the object fills about -1..1, y downwards.
type pt struct{ x, y float64 }

func (a pt) add(b pt) pt              { return pt{a.x + b.x, a.y + b.y} }
func (a pt) scale(k float64) pt       { return pt{a.x * k, a.y * k} }
func (a pt) to(b pt, t float64) pt    { return pt{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t} }
func polar(angle, r float64) pt       { s, c := math.Sincos(angle); return pt{r * c, r * s} }
func at(x, y float64) pt              { return pt{x, y} }
func lerp(a, b, t float64) float64    { return a + (b-a)*t }
func steps(lo, hi int, t float64) int { return min(hi, lo+int(t*float64(hi-lo+1))) }

// affine maps (x, y) to (a x + b y + c, d x + e y + f).
type affine struct{ a, b, c, d, e, f float64 }

func (m affine) apply(p pt) pt { return pt{m.a*p.x + m.b*p.y + m.c, m.d*p.x + m.e*p.y + m.f} }

// then is m after n: n is applied first.
func (m affine) then(n affine) affine {
	return affine{
		m.a*n.a + m.b*n.d, m.a*n.b + m.b*n.e, m.a*n.c + m.b*n.f + m.c,
		m.d*n.a + m.e*n.d, m.d*n.b + m.e*n.e, m.d*n.c + m.e*n.f + m.f,
	}
}

func move(x, y float64) affine    { return affine{1, 0, x, 0, 1, y} }
func stretch(x, y float64) affine { return affine{x, 0, 0, 0, y, 0} }
func shear(k float64) affine      { return affine{1, k, 0, 0, 1, 0} }
func turn(angle float64) affine   { s, c := math.Sincos(angle); return affine{c, -s, 0, s, c, 0} }
func turnAt(angle float64, p pt) affine {
	return move(p.x, p.y).then(turn(angle)).then(move(-p.x, -p.y))
}

// contour is a closed curve of cubic pieces: a start, then three points a piece.
type contour []pt

// path is filled by the non-zero rule; a contour the other way round is a hole.
type path []contour

func polygon(p ...pt) path {
	c := contour{p[0]}
	for i := range p {
		a, b := p[i], p[(i+1)%len(p)]
		c = append(c, a.to(b, 1./3), a.to(b, 2./3), b)
	}
	return path{c}
}

// smooth runs a closed curve through the points (Catmull-Rom).
func smooth(p ...pt) path {
	n := len(p)
	c := contour{p[0]}
	for i := range p {
		a, b, d, e := p[(i+n-1)%n], p[i], p[(i+1)%n], p[(i+2)%n]
		c = append(c, b.add(d.add(a.scale(-1)).scale(1./6)), d.add(e.add(b.scale(-1)).scale(-1./6)), d)
	}
	return path{c}
}

func ellipse(x, y, rx, ry float64) path {
	const k = 0.5522847498
	return path{{
		at(x+rx, y),
		at(x+rx, y+k*ry), at(x+k*rx, y+ry), at(x, y+ry),
		at(x-k*rx, y+ry), at(x-rx, y+k*ry), at(x-rx, y),
		at(x-rx, y-k*ry), at(x-k*rx, y-ry), at(x, y-ry),
		at(x+k*rx, y-ry), at(x+rx, y-k*ry), at(x+rx, y),
	}}
}

func circle(p pt, r float64) path { return ellipse(p.x, p.y, r, r) }

// ring is an ellipse without its middle.
func ring(x, y, rx, ry, width float64) path {
	inner := ellipse(x, y, max(0, rx-width), max(0, ry-width))[0]
	hole := make(contour, len(inner))
	for i, p := range inner {
		hole[len(inner)-1-i] = p
	}
	return path{ellipse(x, y, rx, ry)[0], hole}
}

// box is a rectangle with round corners.
func box(x0, y0, x1, y1, r float64) path {
	r = min(r, (x1-x0)/2, (y1-y0)/2)
	k := r * 0.4477152502
	line := func(c contour, b pt) contour {
		a := c[len(c)-1]
		return append(c, a.to(b, 1./3), a.to(b, 2./3), b)
	}
	c := contour{at(x0+r, y0)}
	c = line(c, at(x1-r, y0))
	c = append(c, at(x1-k, y0), at(x1, y0+k), at(x1, y0+r))
	c = line(c, at(x1, y1-r))
	c = append(c, at(x1, y1-k), at(x1-k, y1), at(x1-r, y1))
	c = line(c, at(x0+r, y1))
	c = append(c, at(x0+k, y1), at(x0, y1-k), at(x0, y1-r))
	c = line(c, at(x0, y0+r))
	c = append(c, at(x0, y0+k), at(x0+k, y0), at(x0+r, y0))
	return path{c}
}

// limb is a stroke from a to b, wa and wb wide, with round ends.
func limb(a, b pt, wa, wb float64) path {
	d := b.add(a.scale(-1))
	l := math.Hypot(d.x, d.y)
	if l == 0 {
		return circle(a, wa/2)
	}
	u := d.scale(1 / l)
	n := pt{-u.y, u.x}
	const k = 2. / 3
	ra, rb := wa/2, wb/2
	a1, a2 := a.add(n.scale(ra)), a.add(n.scale(-ra))
	b1, b2 := b.add(n.scale(rb)), b.add(n.scale(-rb))
	return path{{
		a1, a1.to(b1, 1./3), a1.to(b1, 2./3), b1,
		b1.add(u.scale(rb * 2 * k)), b2.add(u.scale(rb * 2 * k)), b2,
		b2.to(a2, 1./3), b2.to(a2, 2./3), a2,
		a2.add(u.scale(-ra * 2 * k)), a1.add(u.scale(-ra * 2 * k)), a1,
	}}
}
