package page_test

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// collection is a generated index: each photograph shows a shape in a colour, which are its class.
// It stands at a point of the plane, near the others of its class, and two are as alike as their
// points are near. All of it follows from n.
type collection struct {
	items   []photograph
	classes []string
}

type photograph struct {
	id     uint32
	class  int
	path   string
	hash   string
	x, y   float64 // a class's spread is 1
	w, h   int
	bytes  int
	added  time.Time
	twin   uint32 // a near-duplicate of this one; itself where there is none
	broken bool   // labelled as another class than it shows
}

var colours = []string{"red", "amber", "green", "teal", "blue", "violet", "rose", "stone"}
var shapes = []string{"circle", "square", "triangle", "ring", "star", "cross"}
var folders = []string{"circles", "squares", "triangles", "rings", "stars", "crosses"}

func newCollection(n int) *collection {
	c := &collection{}
	for _, colour := range colours {
		for _, shape := range shapes {
			c.classes = append(c.classes, colour+" "+shape)
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	// Classes lie on a spiral of the golden angle: apart from each other, without a grid.
	centre := func(class int) (float64, float64) {
		r, a := 3.4*math.Sqrt(float64(class)+.5), float64(class)*2.399963
		return r * math.Cos(a), r * math.Sin(a)
	}
	begin := time.Date(2024, 3, 1, 9, 0, 0, 0, time.UTC)
	for i := range n {
		class := random.IntN(len(c.classes))
		x, y := centre(class)
		p := photograph{id: uint32(i), class: class, x: x + random.NormFloat64(), y: y + random.NormFloat64(), w: 640, h: 480, bytes: 40_000 + random.IntN(90_000),
			added: begin.Add(time.Duration(i) * 7 * time.Minute), twin: uint32(i)}
		if random.IntN(3) == 0 {
			p.w, p.h = 480, 640
		}
		if i > 0 && i%50 == 0 { // a near-duplicate of the one before
			before := c.items[i-1]
			p.class, p.x, p.y, p.twin = before.class, before.x+.01, before.y, before.id
			c.items[i-1].twin = p.id
		}
		p.broken = i%97 == 13
		p.path = fmt.Sprintf("%s/%s/img_%06d.jpg", folders[p.class%len(shapes)], strings.ReplaceAll(c.classes[p.class], " ", "-"), i)
		digest := fnv.New64a()
		fmt.Fprint(digest, "photograph ", i)
		p.hash = fmt.Sprintf("%016x%016x", digest.Sum64(), digest.Sum64()*31)
		c.items = append(c.items, p)
	}
	return c
}

// label is the class that the index holds, which for broken ones is the next.
func (c *collection) label(p *photograph) string {
	if p.broken {
		return c.classes[(p.class+1)%len(c.classes)]
	}
	return c.classes[p.class]
}

func (c *collection) item(p *photograph) map[string]any {
	place := map[string]any{"path": p.path, "class": c.label(p), "root": "photographs", "gone": false, "modified": p.added.Format(time.RFC3339)}
	return map[string]any{
		"id": p.id, "hash": p.hash, "path": p.path, "class": c.label(p), "places": []any{place}, "width": p.w, "height": p.h, "bytes": p.bytes,
		"added": p.added.Format(time.RFC3339), "thumb": fmt.Sprintf("/v1/thumb/%d?h=%s", p.id, p.hash[:8]),
	}
}

// filter is what /v1/items and /v1/search take.
type filter struct{ classes, folder, after, before string }

func (c *collection) passes(p *photograph, f filter) bool {
	day := p.added.Format(time.DateOnly)
	return (f.classes == "" || strings.Contains("\n"+f.classes+"\n", "\n"+c.label(p)+"\n")) && (f.folder == "" || strings.HasPrefix(p.path, f.folder+"/")) &&
		(f.after == "" || day >= f.after) && (f.before == "" || day <= f.before)
}

func (c *collection) matching(f filter) []*photograph {
	var found []*photograph
	for i := range c.items {
		if c.passes(&c.items[i], f) {
			found = append(found, &c.items[i])
		}
	}
	return found
}

// alike is a cosine and the probability that both show the same.
func alike(a, b *photograph) (score, probability float64) {
	d := math.Hypot(a.x-b.x, a.y-b.y)
	return math.Exp(-d * d / 18), 1 / (1 + math.Exp(2.4*(d-1.9)))
}
