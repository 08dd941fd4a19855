package drawn

import "math/rand/v2"

// beetle: seen from above, its head up; it moves its legs and opens its wing cases.
func beetle(b *brush, g []float64, p palette, joint *rand.Rand) {
	wide, long := lerp(0.32, 0.56, g[0]), lerp(0.5, 0.72, g[1])
	waist := 0.9 - 2*long + 0.28 // where the wing cases begin
	middle := 0.9 - long
	thorax, head := wide*lerp(0.62, 0.95, g[2]), lerp(0.15, 0.24, g[3])
	leg, thick := lerp(0.3, 0.52, g[4]), lerp(0.05, 0.1, g[5])

	for _, s := range []float64{-1, 1} {
		for i := range 3 {
			root := at(s*wide*0.6, lerp(waist, middle+long*0.45, float64(i)/2))
			a := []float64{-0.75, 0.1, 0.8}[i] + 0.22*joint.NormFloat64()
			knee := root.add(polar(a, leg+0.1))
			if s < 0 {
				knee.x = 2*root.x - knee.x
			}
			foot := knee.add(at(s*leg*0.25, []float64{-0.75, 0.55, 0.9}[i]*leg))
			b.fill(limb(root, knee, thick*1.2, thick), p.dark, 0.3)
			b.fill(limb(knee, foot, thick, thick*0.45), p.dark.lit(0.06), 0.3)
		}
	}
	headAt := at(0, waist-0.3-head*0.35)
	feeler, curl := lerp(0.2, 0.5, g[6]), 0.25*joint.NormFloat64()
	horn := steps(0, 2, g[7])
	for _, s := range []float64{-1, 1} {
		a := headAt.add(at(s*head*0.45, -head*0.5))
		tip := a.add(at(s*(feeler*0.7+0.1*curl), -feeler*0.7))
		b.fill(limb(a, tip, 0.035, 0.03), p.dark, 0)
		b.fill(circle(tip, 0.045), p.accent.lit(-0.2), 0.3)
		if horn == 2 { // stag's jaws
			m := headAt.add(at(s*head*0.95, -head*1.3))
			b.fill(limb(headAt.add(at(s*head*0.6, -head*0.4)), m, 0.11, 0.08), p.dark.lit(0.05), 0.4)
			b.fill(limb(m, headAt.add(at(s*head*0.35, -head*2)), 0.08, 0.03), p.dark.lit(0.05), 0.4)
		}
	}
	if horn == 1 {
		b.fill(smooth(headAt.add(at(-0.09, 0)), headAt.add(at(-0.03, -head*2.2)), headAt.add(at(0.03, -head*2.2)), headAt.add(at(0.09, 0))), p.dark.lit(0.05), 0.5)
	}
	b.fill(ellipse(headAt.x, headAt.y, head*1.1, head), p.dark.lit(0.1), 0.5)
	for _, s := range []float64{-1, 1} {
		b.fill(circle(headAt.add(at(s*head*0.85, -head*0.25)), head*0.3), p.accent, 0.4)
	}

	open := max(0, min(0.28, 0.09+0.1*joint.NormFloat64()))
	b.fill(ellipse(0, middle+0.05, wide*0.8, long*0.85), p.dark.lit(0.18), 0.3) // the back under the wing cases
	for _, s := range []float64{-1, 1} {
		b.within(turnAt(-s*open, at(0, waist-0.05)), func() {
			square := lerp(0.7, 1, g[8])
			half := smooth(at(0, waist-0.12), at(s*wide*0.75*square, waist-0.06), at(s*wide, middle-0.05), at(s*wide*0.8*square, middle+long*0.62), at(s*wide*0.12, middle+long), at(0, middle+long))
			b.fill(half, p.main, 0.55)
			b.inside(half, func() { beetleBack(b, g, p, s, wide, long, middle) })
		})
	}
	shield := smooth(at(-thorax*0.55, waist-0.3), at(thorax*0.55, waist-0.3), at(thorax, waist-0.02), at(thorax*0.5, waist+0.05), at(-thorax*0.5, waist+0.05), at(-thorax, waist-0.02))
	b.fill(shield, p.second, 0.55)
	if g[11] > 0.5 {
		b.fill(ellipse(0, waist-0.12, thorax*0.3, 0.08), p.dark, 0.3)
	}
}

// beetleBack is the pattern of one wing case.
func beetleBack(b *brush, g []float64, p palette, s, wide, long, middle float64) {
	n := steps(1, 4, g[9])
	switch steps(0, 3, g[10]) {
	case 0: // spots
		for i := range n + 1 {
			y := lerp(middle-long*0.55, middle+long*0.65, (float64(i)+0.5)/float64(n+1))
			x := wide * 0.5
			if i%2 == 1 {
				x = wide * 0.36
			}
			b.fill(circle(at(s*x, y), lerp(0.13, 0.085, float64(n-1)/3)), p.accent, 0.3)
		}
	case 1: // bars
		for i := range n {
			y := lerp(middle-long*0.6, middle+long*0.8, (float64(i)+0.5)/float64(n))
			b.fill(limb(at(0, y), at(s*wide, y-0.08), 0.28/float64(n)+0.03, 0.28/float64(n)+0.03), p.accent, 0.3)
		}
	case 2: // furrows
		for i := range n + 1 {
			x := s * wide * (float64(i) + 0.6) / float64(n+1)
			b.fill(limb(at(x*0.7, middle-long*0.6), at(x, middle+long*0.8), 0.035, 0.03), p.main.lit(-0.45), 0)
		}
	case 3: // a coloured tip
		b.fill(box(-1, middle+long*lerp(0.1, 0.5, g[9]), 1, 2, 0), p.accent, 0.3)
	}
}
