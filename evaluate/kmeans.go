package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// KMeansOptions are the choices of [KMeans].
type KMeansOptions struct {
	Clusters   int
	Seed       uint64
	Restarts   int                   // runs from other centres, the one with the least inertia counts; 0: 1
	Iterations int                   // passes over the data at most; 0: 100
	MiniBatch  int                   // rows of a step (Sculley, "Web-scale k-means clustering", WWW 2010); 0: whole passes (Lloyd)
	Workers    int                   // 0: one a core. The result does not depend on it
	Progress   func(done, total int) // passes, that of the first centres counted as one of each restart; may be nil
}

// Clustering is what [KMeans] found.
type Clustering struct {
	Assignment []int32   // [N] cluster of each row
	Centres    []float32 // [clusters, dim]; fewer than asked for where the rows hold fewer distinct ones
	Inertia    float64   // sum of squared distances of rows to their centres
	Iterations int       // passes over the data that the best run took
	Converged  bool      // the last pass changed nothing (never said of mini-batches)
}

// KMeans clusters the rows of x [N, dim] by Euclidean distance; normalise first to cluster directions.
//
// The first centres are drawn by k-means++ (Arthur, Vassilvitskii, SODA 2007): each row with a chance in proportion to its squared distance from
// the centres so far. As in scikit-learn 2 + ln k candidates are drawn for each centre and the best one is taken; where that would take more than 2^40
// multiplications (60,000 rows of 512 in 11,000 clusters) there is one candidate. Then Lloyd's passes: rows go to the nearest centre (a tie to the lower number), centres go to the mean of their rows. A
// centre that lost all its rows is put on the row farthest from its own centre. It ends when a pass changes nothing, or after Iterations.
// Rows that differ by less than float32's rounding count as one for the first centres.
func KMeans(x []float32, dim int, o KMeansOptions) (Clustering, error) {
	n, err := checkRows("k-means", x, dim)
	if err != nil {
		return Clustering{}, err
	}
	if err := checkNorms("k-means", x, dim); err != nil {
		return Clustering{}, err
	}
	if o.Clusters < 1 || o.Clusters > n {
		return Clustering{}, fmt.Errorf("evaluate: k-means: %d clusters of %d rows: want 1 to %d", o.Clusters, n, n)
	}
	if o.Restarts < 0 || o.Iterations < 0 || o.MiniBatch < 0 {
		return Clustering{}, fmt.Errorf("evaluate: k-means: %d restarts, %d iterations, mini-batches of %d: none may be negative", o.Restarts, o.Iterations, o.MiniBatch)
	}
	if o.Restarts == 0 {
		o.Restarts = 1
	}
	if o.Iterations == 0 {
		o.Iterations = 100
	}
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	best := Clustering{Inertia: math.Inf(1)}
	total := o.Restarts * (1 + o.Iterations)
	for restart := range o.Restarts {
		c := newClusterer(x, dim, o, rand.New(rand.NewPCG(o.Seed, uint64(restart))))
		base := restart * (1 + o.Iterations)
		c.draw(o.Clusters)
		o.Progress(base+1, total)
		pass := func(done int) { o.Progress(base+1+done, total) }
		if o.MiniBatch > 0 && o.MiniBatch < n {
			c.miniBatches(o.MiniBatch, o.Iterations, pass)
		} else {
			c.lloyd(o.Iterations, pass)
		}
		pass(o.Iterations)
		if inertia := c.inertia(); inertia < best.Inertia {
			best = Clustering{Assignment: c.assignment, Centres: c.centres, Inertia: inertia, Iterations: c.passes, Converged: c.converged}
		}
	}
	return best, nil
}

// clusterer is one run of k-means. A row's nearness to a centre is row.centre - |centre|^2/2, which orders centres as the distance does.
type clusterer struct {
	x          []float32
	dim, n     int
	half       []float32 // [N] |row|^2 / 2
	rng        *rand.Rand
	workers    int
	scratches  []scratch
	centres    []float32 // [k, dim]
	centreHalf []float32 // [k] |centre|^2 / 2
	assignment []int32   // [N] nearest centre
	nearness   []float32 // [N] to that centre
	bound      []float32 // [N] no other centre is nearer than this
	passes     int
	converged  bool
}

func newClusterer(x []float32, dim int, o KMeansOptions, rng *rand.Rand) *clusterer {
	n := len(x) / dim
	c := &clusterer{x: x, dim: dim, n: n, rng: rng, workers: workerCount(o.Workers, (n+blockRows-1)/blockRows)}
	c.scratches = make([]scratch, c.workers)
	c.half = make([]float32, n)
	for i := range n {
		c.half[i] = float32(squaredNorm(c.row(i)) / 2)
	}
	c.assignment, c.nearness, c.bound = make([]int32, n), make([]float32, n), make([]float32, n)
	for i := range n {
		c.nearness[i], c.bound[i] = float32(math.Inf(-1)), float32(math.Inf(-1))
	}
	return c
}

func (c *clusterer) k() int              { return len(c.centreHalf) }
func (c *clusterer) row(i int) []float32 { return c.x[i*c.dim : (i+1)*c.dim] }

func (c *clusterer) centre(j int) []float32 { return c.centres[j*c.dim : (j+1)*c.dim] }

// subset are some of the centres.
type subset struct {
	id      []int32 // ascending
	centres []float32
	half    []float32
}

// subset gathers the centres whose number has the wanted mark; all where marks is nil.
func (c *clusterer) subset(marks []bool, want bool) subset {
	var s subset
	for j := range c.k() {
		if marks != nil && marks[j] != want {
			continue
		}
		s.id = append(s.id, int32(j))
		s.half = append(s.half, c.centreHalf[j])
	}
	if len(s.id) == c.k() {
		s.centres = c.centres
		return s
	}
	s.centres = make([]float32, 0, len(s.id)*c.dim)
	for _, j := range s.id {
		s.centres = append(s.centres, c.centre(int(j))...)
	}
	return s
}

// nearest finds the two best of s for the given rows (nil: all) and hands them to take, which runs on several workers, once for each row.
func (c *clusterer) nearest(points []int32, s subset, take func(i int, t two)) {
	n := c.n
	if points != nil {
		n = len(points)
	}
	pieces := packAll(s.centres, c.dim, c.workers)
	parallel(c.workers, (n+blockRows-1)/blockRows, func(w, job int) {
		lo, hi := job*blockRows, min((job+1)*blockRows, n)
		scratch := &c.scratches[w]
		var rows []float32
		if points == nil {
			rows = c.x[lo*c.dim : hi*c.dim]
		} else {
			rows = grow(&scratch.rows, (hi-lo)*c.dim)
			for i := lo; i < hi; i++ {
				copy(rows[(i-lo)*c.dim:(i-lo+1)*c.dim], c.row(int(points[i])))
			}
		}
		found := grow(&scratch.found, hi-lo)
		for i := range found {
			found[i] = none
		}
		for b, p := range pieces {
			j0, j1 := b*blockColumns, b*blockColumns+p.columns
			out := grow(&scratch.out, (hi-lo)*p.columns)
			dotBlock(rows, p, out, c.dim)
			for i := range found {
				found[i].scan(out[i*p.columns:(i+1)*p.columns], s.half[j0:j1], s.id[j0:j1])
			}
		}
		for i, t := range found {
			at := lo + i
			if points != nil {
				at = int(points[at])
			}
			take(at, t)
		}
	}, nil)
}

// inertia is taken from the differences themselves: the nearness carries float32's rounding.
func (c *clusterer) inertia() float64 {
	chunks := make([]float64, (c.n+blockRows-1)/blockRows)
	parallel(c.workers, len(chunks), func(_, job int) {
		for i := job * blockRows; i < min((job+1)*blockRows, c.n); i++ {
			m := c.centre(int(c.assignment[i]))
			for d, v := range c.row(i) {
				e := float64(v) - float64(m[d])
				chunks[job] += e * e
			}
		}
	}, nil)
	var sum float64
	for _, v := range chunks {
		sum += v
	}
	return sum
}
