package review

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dvml/dvml/index"
)

// Told is a review with the paths and classes of its photographs, without what was decided; its names in JSON stay.
type Told struct {
	Photographs int              `json:"photographs"`
	Sides       []string         `json:"sides"` // null: there is no split
	Copies      []Photograph     `json:"copies"`
	Confused    []ToldConfused   `json:"confused"`
	Queues      map[string][]One `json:"queues"`
	Decided     int              `json:"decided"` // entries that are left out because something was decided of them
}

// ToldConfused is Confused in JSON.
type ToldConfused struct {
	A           string  `json:"a"`
	B           string  `json:"b"`
	Share       float64 `json:"share"`
	Photographs int     `json:"photographs"`
}

// Photograph is one of an entry.
type Photograph struct {
	ID    int64    `json:"id"`
	Path  string   `json:"path"`
	Class string   `json:"class"`
	Paths []string `json:"paths"` // all places that are not gone

	other bool // it is of the other index
}

// One is an entry, see Entry.
type One struct {
	A           Photograph  `json:"a"`
	B           *Photograph `json:"b"`
	Given       string      `json:"given,omitempty"`
	Suggested   string      `json:"suggested,omitempty"`
	Score       float64     `json:"score"`
	Pixels      float64     `json:"pixels,omitempty"`
	Deviations  float64     `json:"deviations,omitempty"`
	Probability *float64    `json:"probability"`
}

// Tell looks up what the review of x is about. other is the second index of Between, else nil.
func (r *Review) Tell(ctx context.Context, x, other *index.Index) (*Told, error) {
	t := &Told{Photographs: r.Photographs, Sides: r.Sides, Copies: []Photograph{}, Confused: []ToldConfused{}, Queues: map[string][]One{}}
	for _, c := range r.Confused {
		t.Confused = append(t.Confused, ToldConfused(c))
	}
	for _, id := range r.Copies {
		p, err := photographIn(ctx, x, id)
		if err != nil {
			return nil, err
		}
		t.Copies = append(t.Copies, p)
	}
	for _, name := range Queues() {
		entries := r.queues[name]
		t.Queues[name] = []One{}
		for _, e := range entries {
			if e.Decision != "" {
				t.Decided++
				continue
			}
			one := One{Given: e.Given, Suggested: e.Suggested, Score: e.Score, Pixels: e.Pixels, Deviations: e.Deviations, Probability: e.Probability}
			var err error
			if one.A, err = photographIn(ctx, x, e.A); err != nil {
				return nil, err
			}
			if e.B != 0 {
				in := x
				if other != nil {
					in = other
				}
				b, err := photographIn(ctx, in, e.B)
				if err != nil {
					return nil, err
				}
				b.other = other != nil
				one.B = &b
			}
			t.Queues[name] = append(t.Queues[name], one)
		}
	}
	return t, nil
}

func photographIn(ctx context.Context, x *index.Index, id int64) (Photograph, error) {
	item, err := x.Item(ctx, id)
	if err != nil {
		return Photograph{}, err
	}
	p := Photograph{ID: id, Path: item.Path(), Class: item.Class(), Paths: []string{}}
	for _, place := range placesOf(item) {
		p.Paths = append(p.Paths, place.Path)
	}
	return p, nil
}

// Tables are the names of what WriteTable writes: the queues, and the two lists beside them.
func Tables() []string { return append(Queues(), "copies", "classes") }

// WriteTable writes a list as CSV.
func (t *Told) WriteTable(name string, out io.Writer) error {
	rows, err := t.table(name)
	if err != nil {
		return err
	}
	return csv.NewWriter(out).WriteAll(rows)
}

func (t *Told) table(name string) (rows [][]string, err error) {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	switch name {
	case "copies":
		rows = [][]string{{"path", "copy_of"}}
		for _, p := range t.Copies {
			for _, path := range p.Paths[1:] {
				rows = append(rows, []string{path, p.Paths[0]})
			}
		}
		return rows, nil
	case "classes":
		rows = [][]string{{"a", "b", "share", "photographs"}}
		for _, c := range t.Confused {
			rows = append(rows, []string{c.A, c.B, number(c.Share), strconv.Itoa(c.Photographs)})
		}
		return rows, nil
	case Duplicates, Leaks:
		rows = [][]string{{"a", "b", "class_a", "class_b", "cosine", "pixels", "probability"}}
		for _, e := range t.Queues[name] {
			b, class, likely := strings.Join(e.A.Paths[min(1, len(e.A.Paths)):], " "), e.A.Class, "" // one content in both halves
			if e.B != nil {
				b, class = e.B.Path, e.B.Class
			}
			if e.Probability != nil {
				likely = number(*e.Probability)
			}
			rows = append(rows, []string{e.A.Path, b, e.A.Class, class, number(e.Score), number(e.Pixels), likely})
		}
		return rows, nil
	case Labels, Confusions:
		rows = [][]string{{"path", "label", "suggested", "share"}}
		for _, e := range t.Queues[name] {
			rows = append(rows, []string{e.A.Path, e.Given, e.Suggested, number(e.Score)})
		}
		return rows, nil
	case Odd:
		rows = [][]string{{"path", "label", "cosine", "deviations"}}
		for _, e := range t.Queues[name] {
			rows = append(rows, []string{e.A.Path, e.Given, number(e.Score), number(e.Deviations)})
		}
		return rows, nil
	}
	return nil, fmt.Errorf("there is no list %q; expected one of %s", name, strings.Join(Tables(), ", "))
}
