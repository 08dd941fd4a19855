package drawn

import (
	"math/rand/v2"
	"slices"
)

// vase: a turned body, with bands or dots, on a foot, with or without handles.
func vase(b *brush, g []float64, p palette, joint *rand.Rand) {
	top, bottom := lerp(-0.95, -0.7, g[0]), 0.92
	height := bottom - top
	belly, bellyAt := lerp(0.38, 0.72, g[1]), top+height*lerp(0.35, 0.72, g[2])
	neck, neckAt := lerp(0.12, 0.34, g[3]), top+height*lerp(0.12, 0.28, g[4])
	lip, foot := neck+lerp(0.02, 0.2, g[5]), lerp(0.18, 0.4, g[6])
	side := []pt{
		at(lip, top), at(lip*0.96, top+0.04), at(neck, neckAt), at(lerp(neck, belly, 0.62), (neckAt+bellyAt)/2),
		at(belly, bellyAt), at(lerp(belly, foot, 0.5), (bellyAt+bottom)/2+0.08), at(foot, bottom-0.08), at(foot*1.08, bottom),
	}
	outline := slices.Clone(side)
	for _, q := range slices.Backward(side) {
		outline = append(outline, at(-q.x, q.y))
	}
	body := smooth(outline...)

	handles := steps(0, 2, g[7])
	y, r := (neckAt+bellyAt)/2-0.04, lerp(0.2, 0.32, g[8])
	for i := range handles {
		x := lerp(neck, belly, 0.45) + 0.06
		if i == 1 {
			x = -x
		}
		b.fill(ring(x, y, r*0.85, r*1.1, 0.09), p.second.lit(-0.1), 0.35)
	}
	b.fill(body, p.main, 0.55)
	b.inside(body, func() {
		bands := steps(1, 3, g[9])
		wide := lerp(0.07, 0.17, g[10])
		for i := range bands {
			y := bellyAt + (float64(i)-float64(bands-1)/2)*wide*1.9
			band := smooth(at(-1, y-wide/2), at(0, y-wide/2+0.09), at(1, y-wide/2), at(1, y+wide/2), at(0, y+wide/2+0.09), at(-1, y+wide/2))
			c := p.second
			if i%2 == 1 {
				c = p.accent
			}
			b.fill(band, c, 0.45)
		}
		switch n := steps(0, 3, g[11]); n {
		case 1: // dots
			for i := range 7 {
				x := float64(i-3) * 0.2
				b.fill(circle(at(x, bellyAt+0.09*(1-x*x*2)), 0.055), p.dark, 0)
			}
		case 2: // zigzag
			for i := range 9 {
				x := float64(i-4) * 0.18
				b.fill(polygon(at(x-0.09, bellyAt+0.14), at(x, bellyAt-0.03), at(x+0.09, bellyAt+0.14)), p.dark, 0)
			}
		case 3: // a dipped foot
			b.fill(box(-1, lerp(bellyAt, bottom, 0.5), 1, 1, 0), p.accent, 0.4)
		}
	})
	b.fill(ellipse(0, top+0.015, lip, 0.065), p.main.lit(0.25), 0.1)
	b.fill(ellipse(0, top+0.02, lip*0.84, 0.045), p.dark, 0.2)
	b.glaze(ellipse(-belly*0.5*sign(-b.light.x), bellyAt-0.12, 0.06, 0.2), rgb{1, 1, 1}, 0, lerp(0.35, 0.6, joint.Float64()))
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}
