package drawn

import "math"

// rgb is a colour in linear light, 0..1.
type rgb [3]float32

// oklch is a colour by lightness (0..1), chroma (0..0.3) and hue (in turns), perceptually even (Ottosson, "A perceptual color space for image
// processing", 2020).
type oklch struct{ l, c, h float64 }

// rgb converts, lowering the chroma until the colour can be shown.
func (o oklch) rgb() rgb {
	for c := o.c; ; c -= 0.01 {
		v, ok := oklch{o.l, max(0, c), o.h}.try()
		if ok || c <= 0 {
			return v
		}
	}
}

func (o oklch) try() (rgb, bool) {
	sin, cos := math.Sincos(2 * math.Pi * o.h)
	a, b := o.c*cos, o.c*sin
	l := cube(o.l + 0.3963377774*a + 0.2158037573*b)
	m := cube(o.l - 0.1055613458*a - 0.0638541728*b)
	s := cube(o.l - 0.0894841775*a - 1.2914855480*b)
	v := [3]float64{
		4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s,
	}
	out, ok := rgb{}, true
	for i, x := range v {
		ok = ok && x >= -1e-4 && x <= 1+1e-4
		out[i] = float32(min(1, max(0, x)))
	}
	return out, ok
}

func cube(x float64) float64 { return x * x * x }

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b rgb, t float32) rgb {
	for i := range a {
		a[i] += (b[i] - a[i]) * t
	}
	return a
}

// lit is the colour under more (light > 0) or less light; much light whitens.
func (c rgb) lit(light float32) rgb {
	if light > 0 {
		return mix(c, rgb{1, 1, 1}, min(1, light))
	}
	k := max(0, 1+light)
	return rgb{c[0] * k, c[1] * k, c[2] * k}
}

// srgb holds the byte of each linear value in steps of 1/4095.
var srgb = func() (t [4096]uint8) {
	for i := range t {
		v := float64(i) / 4095
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		t[i] = uint8(math.Round(v * 255))
	}
	return t
}()

func toByte(v float32) uint8 { return srgb[int(min(1, max(0, v))*4095+0.5)] }

// palette are the colours of a class.
type palette struct {
	main, second, accent, dark rgb
	hue                        float64 // of main, in turns
	light, chroma              float64 // of main
}

// bases are the schemes that palettes vary on: hue of main in turns, lightness, chroma, how far the hue of second and accent lies from main.
var bases = []struct{ hue, light, chroma, second, accent float64 }{
	{0.07, 0.58, 0.20, 0.12, 0.50}, // red, orange, cyan
	{0.15, 0.72, 0.16, 0.45, 0.90}, // orange, blue
	{0.25, 0.84, 0.16, 0.60, 0.85}, // yellow, violet
	{0.37, 0.66, 0.17, 0.55, 0.80}, // green, pink
	{0.48, 0.60, 0.11, 0.62, 0.75}, // teal, coral
	{0.62, 0.60, 0.14, 0.55, 0.62}, // blue, orange, yellow
	{0.75, 0.48, 0.20, 0.45, 0.10}, // indigo, yellow
	{0.86, 0.56, 0.22, 0.38, 0.55}, // violet, lime
	{0.97, 0.68, 0.17, 0.62, 0.30}, // pink, blue
	{0.20, 0.92, 0.04, 0.42, 0.85}, // cream
	{0.66, 0.36, 0.06, 0.55, 0.45}, // slate
}

// newPalette varies base by u, four numbers in 0..1.
func newPalette(base int, u [4]float64) palette {
	b := bases[base%len(bases)]
	p := palette{hue: math.Mod(b.hue+0.03*(u[0]-0.5)+1, 1), light: b.light + 0.06*(u[1]-0.5), chroma: b.chroma}
	p.main = oklch{p.light, b.chroma, p.hue}.rgb()
	p.second = oklch{0.62 + 0.25*u[2], 0.15, p.hue + b.second}.rgb()
	p.accent = oklch{0.55 + 0.35*u[3], 0.17, p.hue + b.accent}.rgb()
	p.dark = oklch{0.27, 0.04, p.hue + b.second}.rgb()
	return p
}

// word names the main colour.
func (p palette) word() string {
	switch {
	case p.chroma < 0.05 && p.light > 0.8:
		return "cream"
	case p.chroma < 0.08 && p.light < 0.5:
		return "slate"
	}
	words := []string{"crimson", "orange", "golden", "green", "teal", "azure", "indigo", "violet", "pink"}
	best, at := 2.0, 0
	for i := range words {
		d := math.Abs(p.hue - bases[i].hue)
		if d = min(d, 1-d); d < best {
			best, at = d, i
		}
	}
	return words[at]
}
