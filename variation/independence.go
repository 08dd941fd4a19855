package variation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
)

// Independence says how alike the classes of a sample vary.
type Independence struct {
	Classes int `json:"classes"` // compared: those with enough images
	Pairs   int `json:"pairs"`   // of classes
	// Statistic is the mean over pairs and dimensions of the two-sample Kolmogorov-Smirnov statistic, in [0,1]: 0 where all are distributed alike.
	Statistic float64 `json:"statistic"`
	// P is the mean over pairs and dimensions of its p-value.
	P float64 `json:"p"`
	// Rejected is the share of pairs and dimensions whose p-value is below .05.
	Rejected float64 `json:"rejected"`
	// Deviation is the relative deviation of the variances: the standard deviation over classes of a dimension's variance within the class, divided by
	// its mean, and then the mean over dimensions. Dimensions that do not vary are left out of it.
	Deviation float64 `json:"deviation"`
}

// Options say what Test compares. The zero value takes the defaults.
type Options struct {
	MinImages int    // of a class; default 8
	MaxPairs  int    // of classes, drawn under Seed where there are more; default 5000
	Seed      uint64 // of the pairs
}

// rejection is the level of Independence.Rejected.
const rejection = 0.05

// Test compares the vectors of s as they stand (take the centres off with [Sample.Centred] first, to compare the variation alone). It costs
// O(Dim (N log N + pairs n)) for n images a class.
func Test(s Sample, o Options) (Independence, error) {
	if err := s.check(); err != nil {
		return Independence{}, err
	}
	if o.MinImages == 0 {
		o.MinImages = 8
	}
	if o.MaxPairs == 0 {
		o.MaxPairs = 5000
	}
	_, members := s.classes()
	members = slices.DeleteFunc(members, func(m []int) bool { return len(m) < max(o.MinImages, 2) })
	if len(members) < 2 {
		return Independence{}, fmt.Errorf("variation: the test compares at least two classes of %d images or more, and finds %d", max(o.MinImages, 2), len(members))
	}
	pairs := pairsOf(len(members), o.MaxPairs, o.Seed)
	each := make([]dimension, s.Dim)
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(runtime.GOMAXPROCS(0), s.Dim) {
		wait.Go(func() {
			for j := range next {
				each[j] = s.compare(j, members, pairs)
			}
		})
	}
	for j := range s.Dim {
		next <- j
	}
	close(next)
	wait.Wait()
	r := Independence{Classes: len(members), Pairs: len(pairs)}
	varying := 0
	for _, d := range each { // in order, so that sums do not depend on the threads
		r.Statistic += d.statistic
		r.P += d.p
		r.Rejected += d.rejected
		if d.varies {
			r.Deviation += d.deviation
			varying++
		}
	}
	tests := float64(len(pairs) * s.Dim)
	r.Statistic, r.P, r.Rejected = r.Statistic/tests, r.P/tests, r.Rejected/tests
	r.Deviation /= float64(max(varying, 1))
	return r, nil
}

// dimension is what one dimension adds: sums over pairs, and its relative deviation.
type dimension struct {
	statistic, p, rejected float64
	deviation              float64
	varies                 bool
}

// compare tests dimension j.
func (s Sample) compare(j int, members [][]int, pairs [][2]int) dimension {
	values := make([][]float64, len(members))
	variances := make([]float64, len(members))
	for c, m := range members {
		for _, i := range m {
			values[c] = append(values[c], float64(s.Rows[i*s.Dim+j]))
		}
		slices.Sort(values[c])
		_, v := meanVariance(values[c])
		variances[c] = v
	}
	var d dimension
	for _, pair := range pairs {
		statistic, p := KolmogorovSmirnov(values[pair[0]], values[pair[1]])
		d.statistic += statistic
		d.p += p
		if p < rejection {
			d.rejected++
		}
	}
	mean, v := meanVariance(variances)
	if d.varies = mean > 0; d.varies {
		d.deviation = math.Sqrt(v) / mean
	}
	return d
}

// meanVariance is the mean and the unbiased variance of two or more values.
func meanVariance(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x)-1)
}

// pairsOf lists all pairs of n classes, or most of them drawn under seed where there are more.
func pairsOf(n, most int, seed uint64) [][2]int {
	var pairs [][2]int
	if n*(n-1)/2 <= most {
		for a := range n {
			for b := a + 1; b < n; b++ {
				pairs = append(pairs, [2]int{a, b})
			}
		}
		return pairs
	}
	rng := rand.New(rand.NewPCG(seed, 0x9a125))
	seen := map[[2]int]bool{}
	for len(pairs) < most {
		a, b := rng.IntN(n), rng.IntN(n)
		if pair := [2]int{min(a, b), max(a, b)}; a != b && !seen[pair] {
			seen[pair] = true
			pairs = append(pairs, pair)
		}
	}
	return pairs
}
