package classify

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
)

// Temperature divides cosines in the weights of votes.
const Temperature = 0.07

// Neighbours is how many neighbours vote where nobody says.
const Neighbours = 20

// atOnce is how many queries are searched for together.
const atOnce = 64

// Options says how photographs are named.
type Options struct {
	K     int  // the number of neighbours that vote; 0: Neighbours
	Means bool // name by the means of classes instead
}

// Classifier names photographs by an index as it was when New read it. Several goroutines may use it.
type Classifier struct {
	x      *index.Index
	o      Options
	class  map[int64]string // of each photograph that has one
	fitted *calibrate.Calibration
	means  *means // nil: by neighbours
}

// Answer is what a photograph was named.
type Answer struct {
	Known      *bool       // whether the index holds what it shows; nil: the index is not calibrated
	Nearest    index.Hit   // the nearest photograph that has a class; ID 0: there is none
	Candidates []Candidate // the classes that got votes, the largest share first
}

// Candidate is a class that a photograph may be of.
type Candidate struct {
	Class       string
	Share       float64 // of all votes
	Score       float32 // the cosine of its nearest photograph, or of its mean
	Photographs int     // that voted for it, or of which it is the mean

	// Probability is that of its nearest photograph to show what the query shows, in a collection like
	// the held-out one (calibrate.Calibration.OfHit); nil: the index is not calibrated, or by means.
	Probability *float64
}

// Class is the name: that of the first candidate. It is "" where there is none, or the index is known
// not to hold the class.
func (a Answer) Class() string {
	if len(a.Candidates) == 0 || a.Known != nil && !*a.Known {
		return ""
	}
	return a.Candidates[0].Class
}

// New reads the classes of an index. It is an error where none of its photographs has one.
func New(ctx context.Context, x *index.Index, o Options) (*Classifier, error) {
	if o.K < 0 {
		return nil, fmt.Errorf("%d neighbours; expected at least 1", o.K)
	}
	o.K = cmp.Or(o.K, Neighbours)
	c := &Classifier{x: x, o: o, class: map[int64]string{}}
	for item, err := range x.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if class := item.Class(); class != "" {
			c.class[item.ID] = class
		}
	}
	c.fitted = x.Calibration() // as of what was just read
	if len(c.class) == 0 {
		return nil, fmt.Errorf("no photograph of index %s has a class: a class is the folder that a photograph lies in, below the folder that is indexed", x.Folder())
	}
	if !o.Means {
		return c, nil
	}
	var err error
	c.means, err = meansOf(ctx, x, c.class)
	return c, err
}

// Name names queries by their vectors, [Q, Dim] row after row of length 1. own is, for each, its own
// id in the index, which has no vote, or 0; nil: none is there.
func (c *Classifier) Name(ctx context.Context, vectors []float32, own []int64) ([]Answer, error) {
	dim := c.x.Dim()
	n := len(vectors) / dim
	if len(vectors) != n*dim || own != nil && len(own) != n {
		return nil, fmt.Errorf("%d values and %d ids for vectors of %d dimensions", len(vectors), len(own), dim)
	}
	k := c.o.K
	if c.means != nil {
		k = 1
	}
	out := make([]Answer, 0, n)
	for first := 0; first < n; first += atOnce {
		last := min(n, first+atOnce)
		found, err := c.x.SearchAll(ctx, vectors[first*dim:last*dim], index.Query{K: k + 1, Filter: index.Filter{Labelled: true}})
		if err != nil {
			return nil, err
		}
		for i, hits := range found {
			var self int64
			if own != nil {
				self = own[first+i]
			}
			out = append(out, c.answer(vectors[(first+i)*dim:(first+i+1)*dim], self, c.voters(hits, self, k)))
		}
	}
	return out, nil
}

// voters are the first k hits beside the query itself. What came to the index after New has no class
// here.
func (c *Classifier) voters(hits []index.Hit, self int64, k int) []index.Hit {
	hits = slices.DeleteFunc(hits, func(h index.Hit) bool { return h.ID == self || c.class[h.ID] == "" })
	return hits[:min(k, len(hits))]
}

func (c *Classifier) answer(v []float32, self int64, hits []index.Hit) Answer {
	var a Answer
	if len(hits) > 0 {
		a.Nearest = hits[0]
	}
	if c.fitted != nil {
		known := len(hits) > 0 && c.fitted.Open.Known(float64(hits[0].Score))
		a.Known = &known
	}
	if c.means != nil {
		a.Candidates = c.means.candidates(v, c.class[self])
		return a
	}
	a.Candidates = Vote(hits, func(id int64) string { return c.class[id] })
	if c.fitted != nil {
		for i := range a.Candidates {
			p := c.fitted.OfHit(float64(a.Candidates[i].Score))
			a.Candidates[i].Probability = &p
		}
	}
	return a
}

// Vote has hits, nearest first, vote for their classes. A hit of class "" does not vote.
func Vote(hits []index.Hit, class func(id int64) string) []Candidate {
	var of []Candidate
	at := map[string]int{}
	for _, h := range hits {
		name := class(h.ID)
		if name == "" {
			continue
		}
		i, known := at[name]
		if !known {
			i = len(of)
			at[name] = i
			of = append(of, Candidate{Class: name, Score: h.Score})
		}
		of[i].Photographs++
		of[i].Share += weight(float64(h.Score))
	}
	return shared(of)
}

// weight of a vote: relative to one of a cosine of 1.
func weight(score float64) float64 { return math.Exp((score - 1) / Temperature) }

// shared turns weights into shares and puts candidates in order.
func shared(of []Candidate) []Candidate {
	total := 0.0
	for _, c := range of {
		total += c.Share
	}
	for i := range of {
		of[i].Share /= total
	}
	slices.SortFunc(of, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Score, a.Score), cmp.Compare(a.Class, b.Class))
	})
	return of
}
