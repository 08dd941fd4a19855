package server

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/dvml/dvml/classify"
	"github.com/dvml/dvml/internal/plural"
)

// naming keeps what names photographs by an index, for one version of it.
type naming struct {
	mu      sync.Mutex
	version int64
	made    map[classify.Options]*classify.Classifier
}

// mostClassifiers is how many ways of naming are kept at a time.
const mostClassifiers = 4

// classifier returns what names photographs by the index as it is now.
func (x *shelf) classifier(ctx context.Context, o classify.Options) (*classify.Classifier, error) {
	n := &x.naming
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.version != x.snap.version || len(n.made) >= mostClassifiers {
		n.version, n.made = x.snap.version, nil
	}
	if c := n.made[o]; c != nil {
		return c, nil
	}
	if classes := x.snap.classes(); len(classes) == 0 || len(classes) == 1 && classes[0].Name == "" {
		return nil, bad(http.StatusConflict, "no photograph of the index has a class to name others by: a class is the folder that a photograph lies in, below the one that is indexed")
	}
	c, err := classify.New(context.WithoutCancel(ctx), x.Index, o) // others wait for it
	if err != nil {
		return nil, err
	}
	if n.made == nil {
		n.made = map[classify.Options]*classify.Classifier{}
	}
	n.made[o] = c
	return c, nil
}

// classifyQuery is what is to be named, beside photographs that come with the request, and how.
type classifyQuery struct {
	IDs []int64 `json:"ids"`
	K   int     `json:"k"`  // neighbours that vote
	By  string  `json:"by"` // neighbours or means
}

func (q classifyQuery) options() (o classify.Options, err error) {
	o = classify.Options{K: q.K, Means: q.By == "means"}
	switch {
	case q.K < 0 || q.K > mostHits:
		return o, invalid("k %d; expected 1 to %d", q.K, mostHits)
	case q.By != "" && q.By != "neighbours" && q.By != "means":
		return o, invalid("by %q; expected neighbours or means", q.By)
	case len(q.IDs) > mostItems:
		return o, invalid("%s; expected at most %d", plural.Of(len(q.IDs), "photograph"), mostItems)
	}
	return o, nil
}

// nameQuery reads a query from an address.
func nameQuery(v url.Values) (q classifyQuery, err error) {
	q.By = v.Get("by")
	q.K, err = number(v, "k", 0, 1, mostHits)
	return q, err
}

// namedView is what a photograph was named.
type namedView struct {
	Class      *string         `json:"class"` // null: none, or the index does not seem to hold it
	Known      *bool           `json:"known"` // null: the index is not calibrated
	Nearest    *hitView        `json:"nearest"`
	Candidates []candidateView `json:"candidates"`
}

type candidateView struct {
	Class       string   `json:"class"`
	Share       float64  `json:"share"`
	Score       float64  `json:"score"`
	Probability *float64 `json:"probability"`
	Photographs int      `json:"photographs"`
}

// mostCandidates is how many candidates an answer has.
const mostCandidates = 10

func (s *Server) postClassify(c *call) error {
	q, images, done, err := asked(s, c, nameQuery)
	if err != nil {
		return err
	}
	defer done()
	o, err := q.options()
	if err != nil {
		return err
	}
	if len(q.IDs)+len(images) == 0 {
		return invalid("nothing to name: give photographs, or the numbers of some")
	}
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	names, err := x.classifier(c.r.Context(), o)
	if err != nil {
		return err
	}
	flat, own, err := s.unnamed(c, x, q, images)
	if err != nil {
		return err
	}
	found, err := names.Name(c.r.Context(), flat, own)
	if err != nil {
		return err
	}
	out := make([]namedView, len(found))
	for i, a := range found {
		out[i] = x.named(a)
	}
	return c.json(http.StatusOK, map[string]any{"photographs": out})
}

// unnamed are the vectors of a query's photographs, one after another, and the number of each that the index has.
func (s *Server) unnamed(c *call, x *shelf, q classifyQuery, images []upload) (flat []float32, own []int64, err error) {
	for _, id := range q.IDs {
		if _, err := x.snap.item(id); err != nil {
			return nil, nil, err
		}
		v, err := x.Vector(id)
		if err != nil {
			return nil, nil, err
		}
		flat, own = append(flat, v...), append(own, id)
	}
	rows, err := s.vectors(c, x.opened, images)
	if err != nil {
		return nil, nil, err
	}
	for i, row := range rows {
		var id int64
		if images[i].crop == nil {
			if item, err := x.ByHash(c.r.Context(), images[i].hash()); err == nil {
				id = item.ID
			}
		}
		flat, own = append(flat, row...), append(own, id)
	}
	return flat, own, nil
}

func (x *shelf) named(a classify.Answer) namedView {
	v := namedView{Known: a.Known, Candidates: []candidateView{}}
	if class := a.Class(); class != "" {
		v.Class = &class
	}
	if a.Nearest.ID != 0 {
		if item, err := x.snap.item(a.Nearest.ID); err == nil {
			near := x.names.hit(item, x.Calibration(), a.Nearest)
			v.Nearest = &near
		}
	}
	for _, one := range a.Candidates[:min(mostCandidates, len(a.Candidates))] {
		v.Candidates = append(v.Candidates, candidateView{one.Class, one.Share, float64(one.Score), one.Probability, one.Photographs})
	}
	return v
}
