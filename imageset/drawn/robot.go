package drawn

import (
	"math"
	"math/rand/v2"
)

// robot: seen from the front; it moves its arms, legs and head.
func robot(b *brush, g []float64, p palette, joint *rand.Rand) {
	wide, low := lerp(0.28, 0.48, g[0]), lerp(0.24, 0.48, g[1]) // half widths of shoulders and hips
	headW, headH := lerp(0.2, 0.42, g[2]), lerp(0.16, 0.28, g[3])
	round := lerp(0.03, 0.28, g[4])
	const shoulder, hip = -0.22, 0.42
	arm, thick := lerp(0.3, 0.42, g[5]), lerp(0.1, 0.18, g[6])
	metal := mix(p.dark, rgb{0.5, 0.52, 0.55}, 0.6)

	if g[7] < 0.7 { // legs
		for _, s := range []float64{-1, 1} {
			a := math.Pi/2 - s*0.06 + 0.16*joint.NormFloat64()
			root := at(s*low*0.55, hip-0.02)
			foot := root.add(polar(a, 0.38))
			b.fill(limb(root, foot, thick*1.05, thick*0.9), metal, 0.45)
			b.fill(box(foot.x-0.15+s*0.03, foot.y, foot.x+0.15+s*0.03, foot.y+0.13, 0.06), p.second, 0.45)
		}
	} else { // tracks
		b.fill(box(-low-0.12, hip+0.04, low+0.12, 0.92, 0.22), p.dark.lit(0.05), 0.4)
		for i := range 3 {
			b.fill(circle(at(float64(i-1)*low*0.8, (hip+0.96)/2), 0.13), metal.lit(0.15), 0.5)
			b.fill(circle(at(float64(i-1)*low*0.8, (hip+0.96)/2), 0.05), p.dark, 0)
		}
	}
	for _, s := range []float64{-1, 1} {
		a := math.Pi/2 - s*(0.45+0.5*joint.NormFloat64())
		root := at(s*(wide+0.03), shoulder+0.1)
		elbow := root.add(polar(a, arm))
		hand := elbow.add(polar(a-s*(0.5+0.4*joint.Float64()), arm*0.75))
		b.fill(limb(root, elbow, thick, thick*0.85), metal, 0.45)
		b.fill(limb(elbow, hand, thick*0.85, thick*0.8), p.main.lit(-0.12), 0.45)
		b.fill(circle(root, thick*0.75), p.second, 0.5)
		if g[8] < 0.5 {
			b.fill(circle(hand, thick*0.72), p.second, 0.5)
			continue
		}
		toward := hand.add(elbow.scale(-1))
		way := math.Atan2(toward.y, toward.x)
		for _, k := range []float64{-0.6, 0.6} {
			b.fill(limb(hand, hand.add(polar(way+k, 0.17)), 0.09, 0.05), p.second, 0.4)
		}
	}
	b.fill(box(-0.09, shoulder-0.16, 0.09, shoulder+0.1, 0.03), metal.lit(-0.3), 0.4)
	torso := smooth(at(-wide, shoulder+0.04), at(-wide*0.8, shoulder-0.03), at(wide*0.8, shoulder-0.03), at(wide, shoulder+0.04),
		at(lerp(wide, low, 0.7), 0.2), at(low, hip-0.03), at(low*0.85, hip+0.05), at(-low*0.85, hip+0.05), at(-low, hip-0.03), at(-lerp(wide, low, 0.7), 0.2))
	b.fill(torso, p.main, 0.5)
	robotChest(b, g[9], p, min(wide, low))

	nod := 0.12 * joint.NormFloat64()
	b.within(turnAt(nod, at(0, shoulder-0.1)), func() {
		y := shoulder - 0.12 - headH
		feelers := steps(0, 2, g[10])
		for i := range feelers {
			x := (float64(i) - float64(feelers-1)/2) * headW * 1.2
			b.fill(limb(at(x, y-headH*0.8), at(x*1.35, y-headH-0.16), 0.035, 0.03), metal, 0)
			b.fill(circle(at(x*1.35, y-headH-0.17), 0.06), p.accent, 0.5)
		}
		b.fill(box(-headW-0.07, y-0.08, headW+0.07, y+0.08, 0.04), p.second, 0.4)
		b.fill(box(-headW, y-headH, headW, y+headH, round), p.main.lit(0.12), 0.5)
		robotFace(b, g[11], g[12], p, y, headW, headH)
	})
}

func robotChest(b *brush, kind float64, p palette, half float64) {
	switch steps(0, 3, kind) {
	case 0: // a dial
		b.fill(circle(at(0, 0.02), half*0.52), p.second, 0.4)
		b.fill(circle(at(0, 0.02), half*0.36), p.accent.lit(0.2), 0.3)
	case 1: // a grille
		b.fill(box(-half*0.65, -0.12, half*0.65, 0.24, 0.05), p.dark, 0.3)
		for i := range 3 {
			y := -0.05 + 0.11*float64(i)
			b.fill(limb(at(-half*0.5, y), at(half*0.5, y), 0.045, 0.045), p.accent, 0.2)
		}
	case 2: // lamps
		b.fill(box(-half*0.75, -0.1, half*0.75, 0.08, 0.08), p.dark, 0.3)
		for i := range 3 {
			b.fill(circle(at(float64(i-1)*half*0.48, -0.01), 0.055), []rgb{p.accent, p.second, p.accent.lit(0.4)}[i], 0.3)
		}
		b.fill(box(-half*0.4, 0.18, half*0.4, 0.28, 0.04), p.second, 0.3)
	case 3: // a sash
		b.fill(polygon(at(-half*0.85, -0.2), at(-half*0.4, -0.2), at(half*0.85, 0.36), at(half*0.4, 0.36)), p.accent, 0.3)
	}
}

func robotFace(b *brush, eyes, mouth float64, p palette, y, w, h float64) {
	white := rgb{0.95, 0.96, 0.9}
	up := y - h*0.22
	switch steps(0, 3, eyes) {
	case 0:
		b.fill(circle(at(0, up), h*0.55), white, 0.2)
		b.fill(circle(at(0, up), h*0.3), p.dark.lit(-0.5), 0)
	case 1:
		for _, s := range []float64{-1, 1} {
			b.fill(circle(at(s*w*0.45, up), h*0.38), white, 0.2)
			b.fill(circle(at(s*w*0.45, up), h*0.19), p.dark.lit(-0.5), 0)
		}
	case 2:
		for _, s := range []float64{-1, 1} {
			b.fill(box(s*w*0.45-0.075, up-0.06, s*w*0.45+0.075, up+0.06, 0.01), p.accent.lit(0.3), 0.2)
		}
	case 3: // a visor
		b.fill(box(-w*0.8, up-h*0.3, w*0.8, up+h*0.3, 0.08), p.dark, 0.3)
		b.fill(limb(at(-w*0.5, up), at(w*0.5, up), 0.05, 0.05), p.accent.lit(0.25), 0)
	}
	down := y + h*0.58
	switch steps(0, 2, mouth) {
	case 0:
		b.fill(limb(at(-w*0.4, down), at(w*0.4, down), 0.05, 0.05), p.dark, 0)
	case 1:
		b.fill(box(-w*0.5, down-0.06, w*0.5, down+0.06, 0.02), white, 0)
		for i := range 4 {
			x := lerp(-w*0.5, w*0.5, float64(i+1)/5)
			b.fill(limb(at(x, down-0.05), at(x, down+0.05), 0.02, 0.02), p.dark, 0)
		}
	case 2:
		b.fill(ellipse(0, down, w*0.18, 0.06), p.dark, 0)
	}
}
