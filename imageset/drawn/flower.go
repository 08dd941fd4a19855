package drawn

import (
	"math"
	"math/rand/v2"
)

// flower: a blossom on a bent stem with leaves; petals stand unevenly.
func flower(b *brush, g []float64, p palette, joint *rand.Rand) {
	heart := at(0.08*joint.NormFloat64(), -0.28)
	bend := 0.3 * joint.NormFloat64()
	bend = max(-0.5, min(0.5, bend))
	green := mix(oklch{0.55, 0.14, lerp(0.3, 0.4, g[0])}.rgb(), p.dark, 0.15)
	stem := func(t float64) pt { return at(heart.x*(1-t)+bend*math.Sin(math.Pi*t)*0.6, lerp(heart.y, 0.98, t)) }
	const pieces = 8
	for i := range pieces {
		b.fill(limb(stem(float64(i)/pieces), stem(float64(i+1)/pieces), 0.075, 0.075), green.lit(-0.15), 0)
	}
	leaf, broad := lerp(0.35, 0.6, g[1]), lerp(0.09, 0.2, g[2])
	for i := range steps(1, 3, g[3]) {
		s := float64(1 - 2*(i%2))
		root := stem(lerp(0.5, 0.8, float64(i)/3))
		b.within(move(root.x, root.y).then(turn(-math.Pi/2+s*(1.0+0.2*joint.NormFloat64()))), func() {
			b.fill(smooth(at(0, 0), at(leaf*0.4, broad), at(leaf, 0), at(leaf*0.4, -broad)), green, 0.5)
			b.fill(limb(at(0, 0), at(leaf*0.85, 0), 0.03, 0.01), green.lit(-0.35), 0)
		})
	}
	petals := steps(5, 13, g[4])
	long := lerp(0.42, 0.64, g[5])
	width := lerp(0.55, 1.15, g[6]) * math.Pi * long * 0.7 / float64(petals)
	point := lerp(-0.12, 0.2, g[7]) // notched to pointed
	centre := lerp(0.13, 0.26, g[8])
	start := 2 * math.Pi * joint.Float64()
	tilt := lerp(0.72, 1, joint.Float64())
	row := func(n int, long, width, shift float64, c rgb) {
		for i := range n {
			a := start + (float64(i)+shift)*2*math.Pi/float64(n) + 0.05*joint.NormFloat64()
			l := long * (1 + 0.05*joint.NormFloat64())
			b.within(turn(a), func() {
				petal := smooth(at(0.04, -0.04), at(l*0.5, -width*0.85), at(l*0.86, -width*0.7), at(l*(1+point), 0), at(l*0.86, width*0.7), at(l*0.5, width*0.85), at(0.04, 0.04))
				b.fill(petal, c.lit(-0.1*float32(i%2)), 0.45)
				b.glaze(limb(at(centre*0.8, 0), at(l*0.72, 0), 0.05, 0.015), c.lit(-0.45), 0, 0.6)
			})
		}
	}
	b.within(move(heart.x, heart.y).then(turn(0.3*joint.NormFloat64())).then(stretch(1, tilt)), func() {
		row(petals, long, width, 0, p.main)
		if g[9] > 0.5 {
			row(petals, long*0.66, width*0.7, 0.5, p.second)
		}
		b.fill(circle(pt{}, centre), p.accent, 0.45)
		for i := range 14 {
			r := math.Sqrt((float64(i)+0.5)/14) * centre * 0.85
			b.fill(circle(polar(float64(i)*2.399963, r), 0.028), p.dark, 0)
		}
	})
}
