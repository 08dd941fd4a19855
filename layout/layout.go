package layout

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// Options say how points are laid out. The zero value is the default.
type Options struct {
	Seed   uint64
	Epochs int // 0: 500 up to 10,000 points, 200 beyond
	// Fixed are places that points have and keep: Fixed[i] is that of point i where Held[i]. Both nil: none.
	Fixed [][2]float32
	Held  []bool
	// Progress, where not nil, is told of the epochs done.
	Progress func(done, total int)
}

// The curve of nearness in the plane for a least distance of .1 and a spread of 1, as UMAP fits it.
const (
	curveA = 1.5769434
	curveB = 0.8950609
)

const (
	pushes    = 5   // points that are pushed away for one that is drawn near
	steepest  = 4.0 // the most that a point moves along an axis, before the rate
	firstSide = 10  // of the square that points begin in
	jitter    = 1e-4
)

// Of lays the points of g out. vectors, row after row of dim values, are where they begin, by their
// two principal axes; it is read by vector(i), which may reuse what it returned before. The result
// is one place a point; a point without a neighbour lies where it began.
func Of(ctx context.Context, g Graph, dim int, vector func(i int) ([]float32, error), o Options) ([][2]float32, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	n := g.Len()
	if o.Held != nil && (len(o.Held) != n || len(o.Fixed) != n) {
		return nil, fmt.Errorf("%d points, of which %d are said to be held at %d places", n, len(o.Held), len(o.Fixed))
	}
	places, err := begin(ctx, g, dim, vector, o)
	if err != nil {
		return nil, err
	}
	epochs := o.Epochs
	if epochs == 0 {
		epochs = 500
		if n > 10000 {
			epochs = 200
		}
	}
	return places, descend(ctx, places, g.edges(), epochs, o)
}

// begin places the points before the first epoch: those that are held where they are, others amid
// their held neighbours or, where nothing is held, on the principal axes.
func begin(ctx context.Context, g Graph, dim int, vector func(i int) ([]float32, error), o Options) ([][2]float32, error) {
	n := g.Len()
	rng := rand.New(rand.NewPCG(o.Seed, 1))
	shake := func(p [2]float32) [2]float32 {
		return [2]float32{p[0] + jitter*float32(rng.NormFloat64()), p[1] + jitter*float32(rng.NormFloat64())}
	}
	if o.Held == nil {
		places, err := principal(ctx, n, dim, vector, o.Seed)
		for i := range places {
			places[i] = shake(places[i])
		}
		return places, err
	}
	places := make([][2]float32, n)
	for i := range n {
		if o.Held[i] {
			places[i] = o.Fixed[i]
			continue
		}
		list, d := g.row(i)
		var sum [2]float64
		var weight float64
		for at, j := range list {
			if o.Held[j] {
				w := 1 / (1e-3 + float64(d[at]))
				sum[0], sum[1], weight = sum[0]+w*float64(o.Fixed[j][0]), sum[1]+w*float64(o.Fixed[j][1]), weight+w
			}
		}
		if weight > 0 {
			places[i] = [2]float32{float32(sum[0] / weight), float32(sum[1] / weight)}
		}
		places[i] = shake(places[i])
	}
	return places, nil
}

// descend moves the places along the edges, see the package's documentation.
func descend(ctx context.Context, places [][2]float32, edges []edge, epochs int, o Options) error {
	var heaviest float32
	for _, e := range edges {
		heaviest = max(heaviest, e.weight)
	}
	if heaviest == 0 {
		return nil
	}
	// An edge is taken every `every` epochs; those that would never be are left out.
	kept := edges[:0:0]
	for _, e := range edges {
		if e.weight*float32(epochs) >= heaviest {
			kept = append(kept, e)
		}
	}
	due := make([]float32, len(kept))
	for i, e := range kept {
		due[i] = heaviest / e.weight
	}
	rng := rand.NewPCG(o.Seed, 2)
	n := uint64(len(places))
	held := func(i int32) bool { return o.Held != nil && o.Held[i] }
	for epoch := range epochs {
		if err := ctx.Err(); err != nil {
			return err
		}
		rate := 1 - float32(epoch)/float32(epochs)
		for at := range kept {
			e := &kept[at]
			if due[at] > float32(epoch+1) {
				continue
			}
			due[at] += heaviest / e.weight
			if held(e.from) && held(e.to) {
				continue
			}
			from := &places[e.from]
			if !held(e.from) {
				pull(from, &places[e.to], rate, !held(e.to))
				for range pushes {
					other := &places[rng.Uint64()%n]
					push(from, other, rate)
				}
			}
		}
		if o.Progress != nil {
			o.Progress(epoch+1, epochs)
		}
	}
	return nil
}

// pull draws a, and with both b, towards the other.
func pull(a, b *[2]float32, rate float32, both bool) {
	dx, dy := a[0]-b[0], a[1]-b[1]
	d2 := dx*dx + dy*dy
	if d2 == 0 {
		return
	}
	c := curve.attraction(d2)
	gx, gy := rate*clip(c*dx), rate*clip(c*dy)
	a[0], a[1] = a[0]+gx, a[1]+gy
	if both {
		b[0], b[1] = b[0]-gx, b[1]-gy
	}
}

// push drives a away from b.
func push(a, b *[2]float32, rate float32) {
	dx, dy := a[0]-b[0], a[1]-b[1]
	d2 := dx*dx + dy*dy
	if d2 == 0 {
		return // itself, or a photograph in the very same place: its other pushes part them
	}
	c := curve.repulsion(d2)
	a[0], a[1] = a[0]+rate*clip(c*dx), a[1]+rate*clip(c*dy)
}

func clip(v float32) float32 { return min(max(v, -steepest), steepest) }

// curve is the gradients of nearness by squared distance.
var curve = newForces()

// forces holds both gradients by the exponent and the first bits of the mantissa of a squared
// distance, and what a step to the next entry adds: powers are what a layout would spend its time
// on.
type forces struct{ pull, push []float32 }

const (
	mantissaBits = 7
	lowest       = 127 - 40 // biased exponents of the table: squared distances of 2^-40 to 2^40
	highest      = 127 + 40
)

func newForces() forces {
	n := (highest-lowest)<<mantissaBits + 1
	f := forces{make([]float32, n), make([]float32, n)}
	for i := range n {
		bits := uint32(lowest<<mantissaBits+i) << (23 - mantissaBits)
		d2 := float64(math.Float32frombits(bits))
		p := math.Pow(d2, curveB)
		f.pull[i] = float32(-2 * curveA * curveB * p / d2 / (1 + curveA*p))
		f.push[i] = float32(2 * curveB / ((0.001 + d2) * (1 + curveA*p)))
	}
	return f
}

func (f forces) attraction(d2 float32) float32 { return between(f.pull, d2) }
func (f forces) repulsion(d2 float32) float32  { return between(f.push, d2) }

// between interpolates a table at d2, which is positive.
func between(table []float32, d2 float32) float32 {
	bits := math.Float32bits(d2)
	at := int(bits>>(23-mantissaBits)) - lowest<<mantissaBits
	if at < 0 {
		return table[0]
	}
	if at >= len(table)-1 {
		return table[len(table)-1]
	}
	const step = 1 << (23 - mantissaBits)
	part := float32(bits&(step-1)) * (1.0 / step)
	return table[at] + part*(table[at+1]-table[at])
}
