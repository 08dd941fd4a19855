package server

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/plural"
)

// How many photographs a search finds.
const (
	mostHits       = 1000
	calibratedHits = 200 // where k is not given, and hits end where nothing is likely
	plainHits      = 50  // where k is not given and scores mean nothing
	mostExamples   = 100
)

// searchQuery is what is looked for, beside photographs that come with the request.
type searchQuery struct {
	Like           []int64     `json:"like"`
	Unlike         []int64     `json:"unlike"`
	Vector         []float32   `json:"vector"`
	K              int         `json:"k"`
	Radius         float64     `json:"radius"`
	MinProbability float64     `json:"min_probability"`
	Filter         filterQuery `json:"filter"`
}

func (q searchQuery) check() error {
	switch {
	case q.K < 0 || q.K > mostHits:
		return invalid("k %d; expected 1 to %d", q.K, mostHits)
	case !(q.Radius >= 0 && q.Radius <= 2):
		return invalid("radius %v; expected 0 to 2", q.Radius)
	case !(q.MinProbability >= 0 && q.MinProbability <= 1):
		return invalid("min_probability %v; expected 0 to 1", q.MinProbability)
	case len(q.Like)+len(q.Unlike) > mostExamples:
		return invalid("%d examples; expected at most %d", len(q.Like)+len(q.Unlike), mostExamples)
	}
	return nil
}

// addressQuery is a query whose photograph is the body: the rest is in the address.
func addressQuery(v url.Values) (q searchQuery, err error) {
	q.Filter = addressFilter(v)
	if q.K, err = number(v, "k", 0, 1, mostHits); err != nil {
		return q, err
	}
	for _, of := range []struct {
		name string
		to   *[]int64
	}{{"like", &q.Like}, {"unlike", &q.Unlike}, {"ids", &q.Filter.IDs}} {
		for _, text := range v[of.name] {
			for _, one := range strings.Split(text, ",") {
				id, err := strconv.ParseInt(one, 10, 64)
				if err != nil {
					return q, invalid("%s %q; expected numbers of photographs", of.name, text)
				}
				*of.to = append(*of.to, id)
			}
		}
	}
	for _, of := range []struct {
		name string
		to   *float64
	}{{"radius", &q.Radius}, {"min_probability", &q.MinProbability}} {
		if text := v.Get(of.name); text != "" {
			if *of.to, err = strconv.ParseFloat(text, 64); err != nil {
				return q, invalid("%s %q; expected a number", of.name, text)
			}
		}
	}
	return q, nil
}

// asked reads a query Q in any of its three shapes: JSON, a form, or a photograph with the query in the address, which address reads.
func asked[Q any](s *Server, c *call, address func(url.Values) (Q, error)) (q Q, images []upload, done func(), err error) {
	if t, _ := kind(c.r); t == "application/json" {
		return q, nil, func() {}, s.decodeJSON(c, &q)
	}
	if err := s.admits(); err != nil {
		return q, nil, nil, err
	}
	f, done, err := s.form(c)
	if err != nil {
		return q, nil, nil, err
	}
	if t, _ := kind(c.r); t != "multipart/form-data" {
		q, err = address(c.r.URL.Query())
	} else if f.query != "" {
		err = unmarshal([]byte(f.query), &q)
	}
	if err != nil {
		done()
		return q, nil, nil, err
	}
	c.spent("read", time.Since(c.began))
	return q, f.images, done, nil
}

type searchAnswer struct {
	Known    *bool     `json:"known"`
	Verdict  string    `json:"verdict"`
	Hits     []hitView `json:"hits"`
	Searched int       `json:"searched"`
	TookMS   float64   `json:"took_ms"`
}

func (s *Server) postSearch(c *call) error {
	q, images, done, err := asked(s, c, addressQuery)
	if err != nil {
		return err
	}
	defer done()
	if err := q.check(); err != nil {
		return err
	}
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	look, err := s.look(c, x, q, images)
	if err != nil {
		return err
	}
	fitted := x.Calibration()
	began := time.Now()
	found, err := x.Search(c.r.Context(), look)
	if err != nil {
		return invalid("%v", err)
	}
	took := time.Since(began)
	s.metrics.search.Observe(took.Seconds())
	c.spent("search", took)
	searched, err := x.snap.list(look.Filter, "")
	if err != nil {
		return err
	}
	single := len(look.Like) == 1 && len(look.Unlike) == 0 && q.Vector == nil
	a := searchAnswer{Hits: until(x.names.hits(x.snap, fitted, found), max(q.MinProbability, ends(q))), Searched: len(searched)}
	switch {
	case len(searched) == 0:
		a.Verdict = "No photograph passes the filters."
	case single:
		a.Known, a.Verdict = verdict(fitted, found)
		if a.Known != nil && !*a.Known && q.MinProbability > 0 { // none is of the same thing, however alike
			a.Hits = []hitView{}
		}
	default:
		a.Verdict = plural.Of(len(a.Hits), "photograph") + " in the direction of the examples."
	}
	a.TookMS = float64(time.Since(c.began).Microseconds()) / 1000
	return c.json(http.StatusOK, a)
}

// ends is the probability below which hits end by themselves.
func ends(q searchQuery) float64 {
	if q.K == 0 && q.Radius == 0 {
		return perhaps
	}
	return 0
}

// until cuts hits off where they are less likely than that. Where nothing is known of their probability they stay.
func until(hits []hitView, least float64) []hitView {
	if at := slices.IndexFunc(hits, func(h hitView) bool { return h.Probability != nil && *h.Probability < least }); at >= 0 {
		return hits[:at]
	}
	return hits
}

// look makes a search of the index of a query: photographs that come with it are embedded, unless
// the index has their very content.
func (s *Server) look(c *call, x *shelf, q searchQuery, images []upload) (out index.Query, err error) {
	if out.Filter, err = q.Filter.filter(x.names); err != nil {
		return out, err
	}
	for _, of := range []struct {
		ids []int64
		to  *[][]float32
	}{{q.Like, &out.Like}, {q.Unlike, &out.Unlike}} {
		for _, id := range of.ids {
			if _, err := x.snap.item(id); err != nil {
				return out, fmt.Errorf("photograph %d: %w", id, err)
			}
			v, err := x.Vector(id)
			if err != nil {
				return out, err
			}
			*of.to = append(*of.to, v)
			out.Without = append(out.Without, id)
		}
	}
	if q.Vector != nil {
		if err := checkVector(q.Vector, x.Dim()); err != nil {
			return out, err
		}
		out.Like = append(out.Like, q.Vector)
	}
	rows, err := s.vectors(c, x.opened, images)
	if err != nil {
		return out, err
	}
	out.Like = append(out.Like, rows...)
	if len(out.Like) == 0 {
		return out, invalid("nothing to look for: give a photograph, the number of one, or a vector")
	}
	fitted := x.Calibration()
	if q.MinProbability > 0 && fitted == nil {
		return out, invalid("min_probability: %s", uncalibrated)
	}
	out.Radius, out.K = q.Radius, q.K
	if out.K == 0 {
		switch {
		case q.Radius > 0 || q.MinProbability > 0:
			out.K = mostHits
		case fitted != nil:
			out.K = calibratedHits
		default:
			out.K = plainHits
		}
	}
	return out, nil
}

func checkVector(v []float32, dim int) error {
	if len(v) != dim {
		return invalid("a vector of %d values; this index holds vectors of %d", len(v), dim)
	}
	for _, f := range v {
		if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
			return invalid("a vector with a value that is not finite")
		}
	}
	return nil
}

// vectors returns the vectors of photographs that came with a request.
func (s *Server) vectors(c *call, x *opened, images []upload) ([][]float32, error) {
	rows := make([][]float32, len(images))
	var todo []upload
	var at []int
	for i, u := range images {
		if u.crop == nil {
			if item, err := x.ByHash(c.r.Context(), u.hash()); err == nil {
				if rows[i], err = x.Vector(item.ID); err == nil {
					continue
				}
			}
		}
		todo, at = append(todo, u), append(at, i)
	}
	if len(todo) == 0 {
		return rows, nil
	}
	m, err := s.embeds(x)
	if err != nil {
		return nil, err
	}
	made, err := s.embed(c, m, todo)
	if err != nil {
		return nil, err
	}
	for i, row := range made {
		rows[at[i]] = row
	}
	return rows, nil
}

// uncalibrated says why scores mean nothing, and what to do.
const uncalibrated = "the index does not know what scores mean; calibrate its model (`dvml calibrate`) and run `dvml index` again, which embeds nothing anew"

// verdict says whether the index holds what a single photograph shows; nil where that cannot be told.
func verdict(fitted *calibrate.Calibration, found []index.Hit) (*bool, string) {
	switch {
	case len(found) == 0:
		return nil, "Nothing was found."
	case fitted == nil:
		return nil, "What scores mean is not known: the index is not calibrated."
	}
	known := fitted.Open.Known(float64(found[0].Score))
	if known {
		return &known, fmt.Sprintf("The index holds it: the nearest photograph is the same with a probability of %.2f.", fitted.OfHit(float64(found[0].Score)))
	}
	return &known, "The index does not seem to hold it: these are the nearest."
}

// compareQuery names two photographs of the index.
type compareQuery struct {
	A *int64 `json:"a"`
	B *int64 `json:"b"`
}

type compareAnswer struct {
	Same        *bool    `json:"same"`
	Probability *float64 `json:"probability"`
	Score       float64  `json:"score"`
	Distance    float64  `json:"distance"`
	RestsOn     string   `json:"rests_on"`
}

func (s *Server) postCompare(c *call) error {
	x, err := s.library.acquire()
	if err != nil {
		return err
	}
	defer x.release()
	var rows [][]float32
	if t, _ := kind(c.r); t == "application/json" {
		var q compareQuery
		if err := s.decodeJSON(c, &q); err != nil {
			return err
		}
		if q.A == nil || q.B == nil {
			return invalid("expected the numbers of two photographs, a and b")
		}
		for _, id := range []int64{*q.A, *q.B} {
			v, err := x.Vector(id)
			if err != nil {
				return err
			}
			rows = append(rows, v)
		}
	} else {
		if err := s.admits(); err != nil {
			return err
		}
		f, done, err := s.form(c)
		if err != nil {
			return err
		}
		defer done()
		if len(f.images) != 2 {
			return invalid("%s; expected two", plural.Of(len(f.images), "photograph"))
		}
		c.spent("read", time.Since(c.began))
		if rows, err = s.vectors(c, x, f.images); err != nil {
			return err
		}
	}
	score := min(1, max(-1, dot(rows[0], rows[1])))
	a := compareAnswer{Score: score, Distance: math.Sqrt(max(0, 2-2*score)), RestsOn: "nothing: " + uncalibrated}
	if fitted := x.Calibration(); fitted != nil {
		p := fitted.Curve.At(score)
		alike := p >= likely
		a.Same, a.Probability = &alike, &p
		a.RestsOn = fmt.Sprintf("the pairs of %s of %s that the model was not trained on; same and different are taken as equally likely beforehand",
			plural.Of(fitted.Images, "image"), plural.Of(fitted.Classes, "class"))
	}
	return c.json(http.StatusOK, a)
}
