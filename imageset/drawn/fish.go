package drawn

import (
	"math"
	"math/rand/v2"
)

// fish: seen from the side, its head to the left; it swings its tail.
func fish(b *brush, g []float64, p palette, joint *rand.Rand) {
	length, high := lerp(0.55, 0.72, g[0]), lerp(0.26, 0.58, g[1])
	nose, root := -length-0.12, length*0.82
	swing, flap := 0.35*joint.NormFloat64(), 0.3*joint.NormFloat64()
	swing = max(-0.6, min(0.6, swing))

	tail, fork := lerp(0.28, 0.6, g[2]), lerp(-0.12, 0.26, g[3])
	b.within(turnAt(swing, at(root-0.1, 0)), func() {
		fin := smooth(at(root-0.14, 0.05), at(root+0.12, tail*0.72), at(root+0.34, tail), at(root+0.3-fork, 0), at(root+0.34, -tail), at(root+0.12, -tail*0.72), at(root-0.14, -0.05))
		b.fill(fin, p.second, 0.4)
		for i := -2; i <= 2; i++ {
			b.fill(limb(at(root, 0), at(root+0.22-fork/2, float64(i)*tail*0.32), 0.012, 0.03), p.second.lit(-0.3), 0)
		}
	})
	back, from := lerp(0.14, 0.42, g[4]), lerp(-0.35, 0.05, g[5])
	spread := lerp(0.25, 0.6, g[6])
	dorsal := smooth(at(from-0.08, -high*0.75), at(from+spread*0.25, -high-back*0.9), at(from+spread*0.8, -high-back*0.5), at(from+spread, -high*0.55))
	b.fill(dorsal, p.second, 0.4)
	b.fill(smooth(at(0.0, high*0.75), at(0.2, high+back*0.6), at(0.34, high+back*0.45), at(0.38, high*0.5)), p.second, 0.4)

	body := smooth(at(nose, 0.03), at(nose+0.22, -high*0.62), at(-0.1, -high), at(root*0.62, -high*0.52), at(root, -0.1), at(root, 0.1), at(root*0.62, high*0.52), at(-0.1, high), at(nose+0.22, high*0.66))
	b.fill(body, p.main, 0.5)
	b.inside(body, func() {
		b.glaze(ellipse(-0.1, high*1.1, length*1.1, high*0.7), p.main.lit(0.55), 0, 0.8)
		n := steps(2, 5, g[7])
		switch steps(0, 3, g[8]) {
		case 0: // upright stripes
			for i := range n {
				x := lerp(-0.22, root*0.8, (float64(i)+0.5)/float64(n))
				wide := 0.42 / float64(n)
				b.fill(smooth(at(x-wide/2, -1), at(x+0.06, 0), at(x-wide/2, 1), at(x+wide/2, 1), at(x+wide+0.06, 0), at(x+wide/2, -1)), p.accent, 0.3)
			}
		case 1: // lengthwise stripes
			for i := range n {
				y := lerp(-high*0.8, high*0.7, (float64(i)+0.5)/float64(n))
				b.fill(limb(at(-0.25, y), at(root, y*0.3), 0.5*high/float64(n), 0.02), p.accent, 0.2)
			}
		case 2: // spots
			for i := range 3 * n {
				a := float64(i) * 2.399963
				r := math.Sqrt((float64(i)+0.5)/float64(3*n)) * 0.8
				b.fill(circle(at(0.15+r*math.Cos(a)*length*0.75, r*math.Sin(a)*high), lerp(0.075, 0.045, float64(n-2)/3)), p.accent, 0.2)
			}
		case 3: // a saddle
			b.fill(ellipse(0.15, -high, length*0.55, high*0.95), p.accent, 0.3)
		}
		b.fill(ellipse(nose, 0, 0.42*lerp(0.8, 1.15, g[9]), high*1.3), p.main.lit(-0.18), 0.4) // the head
	})
	b.within(turnAt(flap, at(-0.12, 0.12)), func() {
		w := lerp(0.16, 0.34, g[10])
		b.fill(smooth(at(-0.16, 0.08), at(-0.1+w*0.6, 0.04), at(-0.1+w, 0.2), at(-0.1+w*0.4, 0.26)), p.second.lit(0.1), 0.4)
	})
	r := lerp(0.075, 0.13, g[11])
	eye := at(nose+0.26, -high*0.22)
	b.fill(circle(eye, r), rgb{0.95, 0.95, 0.92}, 0.15)
	b.fill(circle(eye.add(at(-0.015, 0)), r*0.58), p.dark.lit(-0.6), 0)
	b.fill(circle(eye.add(at(-r*0.3, -r*0.3)), r*0.2), rgb{1, 1, 1}, 0)
	b.fill(limb(at(nose+0.015, 0.1), at(nose+0.13, 0.13), 0.02, 0.03), p.dark, 0)
}
