package drawn

import (
	"math"
	"math/rand/v2"
)

// family draws one kind of object.
type family struct {
	name    string
	numbers int // of geometry
	draw    func(b *brush, g []float64, p palette, joint *rand.Rand)
}

var families = []family{
	{"vase", 12, vase},
	{"fish", 12, fish},
	{"beetle", 12, beetle},
	{"robot", 13, robot},
	{"car", 11, car},
	{"flower", 10, flower},
}

// design is a class.
type design struct {
	family
	geometry []float64 // each 0..1
	palette  palette
}

// words say what the class looks like; several classes may look so.
func (d design) words() string { return d.palette.word() + "_" + d.family.name }

// designs makes the classes. Each takes, of several candidates, the one farthest from those of its family so far, so that classes differ.
func designs(classes int, seed uint64) []design {
	out := make([]design, 0, classes)
	for class := range classes {
		rng := rand.New(rand.NewPCG(seed, uint64(class)))
		f := families[class%len(families)]
		var best design
		far := -1.0
		for range 12 {
			d := design{family: f, geometry: make([]float64, f.numbers)}
			for i := range d.geometry {
				d.geometry[i] = rng.Float64()
			}
			d.palette = newPalette(rng.IntN(len(bases)), [4]float64{rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()})
			near := math.Inf(1)
			for _, o := range out {
				if o.family.name == f.name {
					near = min(near, apart(d, o))
				}
			}
			if near > far {
				best, far = d, near
			}
		}
		out = append(out, best)
	}
	return out
}

// apart is the distance of two designs of a family.
func apart(a, b design) float64 {
	var sum float64
	for i, v := range a.geometry {
		sum += (v - b.geometry[i]) * (v - b.geometry[i])
	}
	hue := math.Abs(a.palette.hue - b.palette.hue)
	hue = min(hue, 1-hue)
	return math.Sqrt(sum/float64(len(a.geometry))) + 0.5*hue
}
