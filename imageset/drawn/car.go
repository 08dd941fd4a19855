package drawn

import (
	"math"
	"math/rand/v2"
)

// car: seen from the side, its front to the left; its wheels turn.
func car(b *brush, g []float64, p palette, joint *rand.Rand) {
	const sill = 0.38
	long := lerp(0.78, 0.95, g[0])
	deck := sill - lerp(0.36, 0.6, g[1])                          // bonnet's height
	roof := deck - lerp(0.26, 0.5, g[2])                          // cabin's
	front, back := lerp(-0.5, -0.1, g[3]), lerp(0.25, 0.92, g[4]) // of the cabin at deck level
	back = min(back, long-0.03)
	rake, tail := lerp(0.05, 0.34, g[5]), lerp(0.0, 0.3, g[6])
	wheel := lerp(0.17, 0.27, g[7])
	nose := lerp(0.0, 0.16, g[8])
	spin := 2 * math.Pi * joint.Float64()
	glass := mix(rgb{0.45, 0.62, 0.72}, p.dark, 0.35)

	if kind := steps(0, 3, g[9]); kind == 1 { // rails on the roof, with luggage
		b.fill(box(front+rake+0.05, roof-0.15, back-tail-0.08, roof+0.04, 0.05), p.accent, 0.4)
		b.fill(limb(at(front+rake, roof-0.02), at(back-tail, roof-0.02), 0.04, 0.04), p.dark, 0)
	} else if kind == 2 { // a lamp
		b.fill(box((front+rake+back-tail)/2-0.1, roof-0.11, (front+rake+back-tail)/2+0.1, roof+0.05, 0.06), p.accent, 0.4)
	} else if kind == 3 { // a wing
		b.fill(limb(at(long-0.1, deck+0.05), at(long-0.06, deck-0.16), 0.05, 0.05), p.dark, 0)
		b.fill(limb(at(long-0.2, deck-0.17), at(long+0.02, deck-0.2), 0.07, 0.07), p.second, 0.3)
	}
	cabin := smooth(at(front, deck+0.06), at(front+rake*0.55, (deck+roof)/2), at(front+rake+0.03, roof+0.02), at(lerp(front+rake, back-tail, 0.5), roof-0.02), at(back-tail-0.03, roof+0.02), at(back-tail*0.5, (deck+roof)/2), at(back, deck+0.06))
	b.fill(cabin, p.main.lit(-0.06), 0.4)
	b.inside(cabin, func() {
		n := steps(1, 3, g[10])
		x0, x1 := front+0.09, back-0.09
		for i := range n {
			a, c := lerp(x0, x1, float64(i)/float64(n)), lerp(x0, x1, float64(i+1)/float64(n))
			top := roof + 0.07
			lean := func(x, y float64) pt { // window posts follow the cabin's sides
				t := (deck - y) / (deck - roof)
				return at(lerp(x, lerp(front+rake, back-tail, (x-front)/(back-front)), t), y)
			}
			b.fill(polygon(lean(a+0.03, deck-0.01), lean(a+0.03, top), lean(c-0.03, top), lean(c-0.03, deck-0.01)), glass, 0.5)
		}
	})
	body := smooth(at(-long, sill-0.1), at(-long+0.02, deck+0.12+nose), at(-long+0.2, deck+0.02+nose*0.5), at(front, deck), at(0, deck-0.01), at(back, deck), at(long-0.1, deck+0.02), at(long, deck+0.14), at(long, sill-0.08), at(long-0.08, sill), at(0, sill+0.01), at(-long+0.08, sill))
	b.fill(body, p.main, 0.5)
	b.inside(body, func() {
		middle := (deck + sill) / 2
		switch steps(0, 2, g[6]*0.5+g[1]*0.5) {
		case 0: // two colours
			b.fill(box(-2, middle+0.02, 2, 1, 0), p.second, 0.3)
		case 1: // a stripe
			b.fill(box(-2, middle-0.06, 2, middle+0.03, 0), p.accent, 0.2)
		case 2: // a flash
			b.fill(polygon(at(-0.6, middle+0.1), at(0.9, middle-0.12), at(0.9, middle+0.08), at(-0.3, middle+0.14)), p.accent, 0.2)
		}
	})
	b.fill(ellipse(-long+0.07, deck+0.17+nose, 0.07, 0.075), rgb{1, 0.93, 0.65}, 0.3)
	b.fill(box(long-0.07, deck+0.1, long, deck+0.22, 0.02), rgb{0.7, 0.04, 0.03}, 0.3)
	b.fill(box(-long-0.04, sill-0.1, -long+0.2, sill, 0.05), mix(p.dark, rgb{0.6, 0.6, 0.6}, 0.5), 0.4)
	b.fill(box(long-0.2, sill-0.1, long+0.04, sill, 0.05), mix(p.dark, rgb{0.6, 0.6, 0.6}, 0.5), 0.4)
	for _, x := range []float64{-long * 0.58, long * 0.58} {
		hub := at(x, sill+0.02)
		b.fill(circle(hub, wheel+0.05), p.dark.lit(-0.55), 0)
		b.fill(circle(hub, wheel), rgb{0.035, 0.035, 0.04}, 0.35)
		b.fill(circle(hub, wheel*0.62), mix(p.second, rgb{0.75, 0.75, 0.75}, 0.55), 0.5)
		for i := range 5 {
			b.fill(limb(hub, hub.add(polar(spin+float64(i)*2*math.Pi/5, wheel*0.5)), 0.05, 0.04), p.dark, 0)
		}
		b.fill(circle(hub, wheel*0.17), p.accent, 0.3)
	}
}
