package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/internal/spelling"
)

type searchCmd struct {
	Index   string   `arg:"" help:"An index that 'dvml index' made."`
	Queries []string `arg:"" optional:"" help:"Photographs: each is a search of its own."`
	K       int      `short:"k" help:"How many photographs are found at most. Default: 10, or all that --radius or --min-probability leave." min:"1"`
	Radius  float64  `help:"The largest distance of what is found, 0 to 2. Default: any." min:"0" max:"2"`
	Least   *float64 `name:"min-probability" placeholder:"P" help:"Only photographs that show the query's thing with this probability, 0 to 1, for a calibrated model; none where nothing like it is there." min:"0" max:"1"`
	Class   []string `help:"Only photographs of these classes, and of those below them."`
	Folder  string   `help:"Only photographs in this folder and below it."`
	After   string   `placeholder:"DATE" help:"Only files modified on this day or later: 2026-01-31, or with a time, 2026-01-31T18:00:00Z."`
	Before  string   `placeholder:"DATE" help:"Only files modified before this day."`
	ID      []int64  `name:"id" help:"Only these photographs, by the numbers that --json and --csv print."`
	Like    []string `help:"Further photographs of what is looked for: all searches are for what they have in common."`
	Unlike  []string `help:"Photographs of what is not looked for."`
	Crop    string   `placeholder:"X,Y,W,H" help:"Search for a part of the query: left, top, width and height in pixels of the upright photograph."`
	Model   string   `help:"Where the index's model lies, if it has moved."`
	JSON    bool     `name:"json" help:"Print JSON."`
	CSV     bool     `name:"csv" help:"Print CSV."`
	Picture string   `placeholder:"OUT.png" help:"Draw each query with what is found." output:".png"`
	Backend string   `help:"The engine. Default: as the model was trained." values:"engines"`
}

// searched is a query and what was found for it.
type searched struct {
	Query string          `json:"query"`
	Known *bool           `json:"known"`          // whether what was searched holds the query's thing; null: not known
	Open  *calibrate.Open `json:"open,omitempty"` // how often that is wrong, and the similarity that decides
	Hits  []found         `json:"hits"`
	class string          // of the query, where it is in the index
	data  []byte
}

// found is a photograph that was found.
type found struct {
	Rank     int      `json:"rank"` // from 1
	ID       int64    `json:"id"`
	Score    float32  `json:"score"`    // the cosine
	Distance float64  `json:"distance"` // of the vectors of length 1: 0 to 2
	Class    string   `json:"class"`
	Path     string   `json:"path"`
	Paths    []string `json:"paths"` // all places that are not gone

	Probability *float64 `json:"probability"` // that it shows the query's thing, in a collection like the held-out one; null: not known
}

// Run searches.
func (c *searchCmd) Run(ctx context.Context) error {
	if c.JSON && c.CSV {
		return errors.New("--json and --csv cannot be combined")
	}
	if err := c.checkPicture(); err != nil {
		return err
	}
	x, err := openIndex(c.Index, dvml.Backend(c.Backend))
	if err != nil {
		return err
	}
	defer x.Close()
	if c.Model != "" {
		x.ModelAt(c.Model)
	}
	all, err := c.search(ctx, x)
	if err != nil {
		return err
	}
	if c.Picture != "" {
		if err := drawSearches(x, all, c.Crop, c.Picture); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "queries and what is found nearest:", c.Picture)
	}
	switch {
	case c.JSON:
		return printJSON(stdout, all)
	case c.CSV:
		return printCSV(stdout, all)
	}
	return printTable(stdout, all)
}

// checkPicture refuses to draw over a photograph that is searched for.
func (c *searchCmd) checkPicture() error {
	made, err := os.Stat(c.Picture)
	if c.Picture == "" || err != nil {
		return nil
	}
	for _, path := range slices.Concat(c.Queries, c.Like, c.Unlike) {
		if info, err := os.Stat(path); err == nil && os.SameFile(made, info) {
			return fmt.Errorf("--picture %s would overwrite a photograph that is searched for; name another file", c.Picture)
		}
	}
	return nil
}

// checkFilter refuses classes and folders that the index does not have: a name that is mistyped would look like an answer.
func (c *searchCmd) checkFilter(ctx context.Context, x *dvml.Index) error {
	for _, class := range c.Class {
		if n, err := x.Count(ctx, index.Filter{Classes: []string{class}}); err != nil || n > 0 {
			if err != nil {
				return err
			}
			continue
		}
		classes, err := x.Classes(ctx)
		if err != nil {
			return err
		}
		var names []string
		for _, known := range classes {
			names = append(names, known.Name)
		}
		return fmt.Errorf("--class %s: %s has no such class, but %s%s", class, c.Index, plural.Of(len(names), "other"), spelling.Hint(class, names))
	}
	if c.Folder == "" {
		return nil
	}
	n, err := x.Count(ctx, index.Filter{Folder: c.Folder})
	if err == nil && n == 0 {
		err = fmt.Errorf("--folder %s: %s has no photographs in it or below it", c.Folder, c.Index)
	}
	return err
}

// search does one search for each query, or one for the liked examples alone.
func (c *searchCmd) search(ctx context.Context, x *dvml.Index) ([]searched, error) {
	if err := c.checkFilter(ctx, x); err != nil {
		return nil, err
	}
	base, err := c.terms(x)
	if err != nil {
		return nil, err
	}
	for _, examples := range []struct {
		paths []string
		to    *[][]float32
	}{{c.Like, &base.Like}, {c.Unlike, &base.Unlike}} {
		for _, path := range examples.paths {
			q, err := c.look(ctx, x, path, "")
			if err != nil {
				return nil, err
			}
			*examples.to = append(*examples.to, q.vector)
			base.Without = append(base.Without, q.own()...)
		}
	}
	if len(c.Queries) == 0 {
		if len(c.Like) == 0 {
			return nil, errors.New("name a photograph to search for, or give examples with --like")
		}
		data, err := os.ReadFile(c.Like[0]) // look has read it before
		if err != nil {
			return nil, err
		}
		s, err := c.answer(ctx, x, base, searched{Query: strings.Join(c.Like, " + "), data: data})
		return []searched{s}, err
	}
	all := []searched{}
	for _, path := range c.Queries {
		q, err := c.look(ctx, x, path, c.Crop)
		if err != nil {
			return nil, err
		}
		query := base
		query.Like = append([][]float32{q.vector}, base.Like...)
		if c.Crop == "" {
			query.Without = append(q.own(), base.Without...)
		}
		s, err := c.answer(ctx, x, query, searched{Query: path, class: q.item.Class(), data: q.data})
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (c *searchCmd) answer(ctx context.Context, x *dvml.Index, q index.Query, s searched) (searched, error) {
	hits, err := x.Search(ctx, q)
	if err != nil {
		return s, err
	}
	if s.Known, err = holdsThing(ctx, x, q, hits); err != nil {
		return s, err
	}
	fitted := x.Calibration()
	if s.Known != nil {
		s.Open = &fitted.Open
	}
	s.Hits = []found{}
	if c.Least != nil && s.Known != nil && !*s.Known {
		return s, nil // nothing shows it, however likely that is of two photographs by themselves
	}
	for _, h := range hits {
		item, err := x.Item(ctx, h.ID)
		if err != nil {
			return s, err
		}
		f := found{Rank: len(s.Hits) + 1, ID: h.ID, Score: h.Score, Distance: h.Distance(), Class: item.Class(), Path: item.Path()}
		if fitted != nil {
			p := fitted.OfHit(float64(h.Score))
			if c.Least != nil && p < *c.Least {
				continue
			}
			f.Probability = &p
		}
		for _, p := range item.Places {
			if !p.Gone {
				f.Paths = append(f.Paths, p.Path)
			}
		}
		s.Hits = append(s.Hits, f)
	}
	return s, nil
}

// example is a photograph that is searched for.
type example struct {
	vector []float32
	item   index.Item // where its content is in the index
	data   []byte
}

// own lists the example's own item, which is not a hit.
func (e example) own() []int64 {
	if e.item.ID == 0 {
		return nil
	}
	return []int64{e.item.ID}
}

// look returns the vector of a photograph: the index's where it has its content, else the model's.
func (c *searchCmd) look(ctx context.Context, x *dvml.Index, path, crop string) (e example, err error) {
	if err := checkPhotograph(path); err != nil {
		return e, err
	}
	if e.data, err = os.ReadFile(path); err != nil {
		return e, err
	}
	if e.item, err = x.ByHash(ctx, sha256.Sum256(e.data)); err == nil && crop == "" {
		e.vector, err = x.Vector(e.item.ID)
		return e, err
	}
	if err != nil && !errors.Is(err, index.ErrUnknown) {
		return e, err
	}
	m, err := x.Embedder()
	if err != nil {
		return e, fmt.Errorf("%w (--model)", err)
	}
	if crop == "" {
		e.vector, err = m.EmbedFile(ctx, path)
		return e, err
	}
	whole, err := imageset.DecodeWhole(e.data)
	if err != nil {
		return e, fmt.Errorf("%s: %w", path, err)
	}
	part, err := parseCrop(crop, whole.Rect)
	if err != nil {
		return e, err
	}
	vectors, err := m.Embed(ctx, whole.SubImage(part))
	if err != nil {
		return e, err
	}
	e.vector = vectors[0]
	return e, nil
}

// parseCrop reads X,Y,W,H as a part of an image.
func parseCrop(text string, of image.Rectangle) (image.Rectangle, error) {
	var v [4]int
	parts := strings.Split(text, ",")
	for i, p := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || len(parts) != 4 {
			return of, fmt.Errorf("--crop %s: expected four whole numbers, X,Y,W,H", text)
		}
		v[i] = n
	}
	r := image.Rect(v[0], v[1], v[0]+v[2], v[1]+v[3])
	if v[2] < 1 || v[3] < 1 || !r.In(of) {
		return of, fmt.Errorf("--crop %s does not lie in the photograph of %d x %d pixels", text, of.Dx(), of.Dy())
	}
	return r, nil
}

func printTable(out io.Writer, all []searched) error {
	for i, s := range all {
		if i > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, s.Query)
		if s.Known != nil {
			fmt.Fprintln(out, "  "+s.verdict())
		}
		if len(s.Hits) == 0 {
			fmt.Fprintln(out, "  nothing found")
			continue
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		title, likely := "", func(found) string { return "" }
		if s.Hits[0].Probability != nil {
			title, likely = "probability\t", func(h found) string { return fmt.Sprintf("%.3f\t", *h.Probability) }
		}
		fmt.Fprintf(w, "  rank\tcosine\tdistance\t%sclass\tpath\n", title)
		for _, h := range s.Hits {
			fmt.Fprintf(w, "  %d\t%.4f\t%.4f\t%s%s\t%s\n", h.Rank, h.Score, h.Distance, likely(h), h.Class, h.Path)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printCSV(out io.Writer, all []searched) error {
	w := csv.NewWriter(out)
	w.Write([]string{"query", "rank", "id", "score", "distance", "class", "path", "probability"}) //nolint:errcheck // Flush's error is looked at
	for _, s := range all {
		for _, h := range s.Hits {
			likely := "" // not known
			if h.Probability != nil {
				likely = strconv.FormatFloat(*h.Probability, 'g', -1, 64)
			}
			w.Write([]string{s.Query, strconv.Itoa(h.Rank), strconv.FormatInt(h.ID, 10), strconv.FormatFloat(float64(h.Score), 'g', -1, 32), //nolint:errcheck // likewise
				strconv.FormatFloat(h.Distance, 'g', -1, 64), h.Class, h.Path, likely})
		}
	}
	w.Flush()
	return w.Error()
}
