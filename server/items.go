package server

import (
	"encoding/binary"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dvml/dvml/index"
)

// filterQuery is a filter as requests have it.
type filterQuery struct {
	Classes []string `json:"classes"`
	Folder  string   `json:"folder"`
	After   string   `json:"after"`
	Before  string   `json:"before"`
	IDs     []int64  `json:"ids"`
}

func (f filterQuery) filter(n names) (out index.Filter, err error) {
	out = index.Filter{Classes: f.Classes, IDs: f.IDs}
	if out.Folder, err = n.folder(f.Folder); err != nil {
		return out, err
	}
	if out.After, err = parseTime("after", f.After); err != nil {
		return out, err
	}
	out.Before, err = parseTime("before", f.Before)
	return out, err
}

func parseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, invalid("%s %q; expected yyyy-mm-dd or RFC 3339", name, text)
}

// number is a parameter of the address.
func number(q url.Values, name string, standard, least, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid("%s %q; expected %d to %d", name, text, least, most)
	}
	return n, nil
}

// addressFilter is the filter in a request's address.
func addressFilter(q url.Values) filterQuery {
	f := filterQuery{Folder: q.Get("folder"), After: q.Get("after"), Before: q.Get("before")}
	if q.Has("class") {
		f.Classes = q["class"]
	}
	return f
}

// shelf is the index with its items in memory, for one request.
type shelf struct {
	*opened
	snap  *snapshot
	names names
}

// shelf takes the index; release has to follow.
func (s *Server) shelf(c *call) (*shelf, error) {
	x, err := s.library.acquire()
	if err != nil {
		return nil, err
	}
	snap, err := x.snapshot(c.r.Context())
	if err != nil {
		x.release()
		return nil, err
	}
	return &shelf{x, snap, s.names(snap)}, nil
}

// listed are the items that a request's address asks for.
func (x *shelf) listed(c *call) ([]*index.Item, error) {
	q := c.r.URL.Query()
	f, err := addressFilter(q).filter(x.names)
	if err != nil {
		return nil, err
	}
	return x.snap.list(f, q.Get("order"))
}

// mostItems is how many items one answer describes.
const mostItems = 500

func (s *Server) getItems(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	all, err := x.listed(c)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	offset, err := number(q, "offset", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit, err := number(q, "limit", 100, 1, mostItems)
	if err != nil {
		return err
	}
	some := all[min(offset, len(all)):min(offset+limit, len(all))]
	return c.json(http.StatusOK, map[string]any{"total": len(all), "items": x.views(some)})
}

func (x *shelf) views(items []*index.Item) []itemView {
	out := make([]itemView, len(items))
	for i, item := range items {
		out[i] = x.names.item(item)
	}
	return out
}

func (s *Server) getIDs(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	all, err := x.listed(c)
	if err != nil {
		return err
	}
	raw := make([]byte, 0, 4*len(all))
	for _, i := range all {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(i.ID))
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return c.raw("application/octet-stream", raw)
}

func (s *Server) postItems(c *call) error {
	var q struct {
		IDs []int64 `json:"ids"`
	}
	if err := s.decodeJSON(c, &q); err != nil {
		return err
	}
	if len(q.IDs) > mostItems {
		return invalid("%d ids; expected at most %d", len(q.IDs), mostItems)
	}
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	out := make([]itemView, 0, len(q.IDs))
	for _, id := range q.IDs { // those that are gone are left out
		if item, err := x.snap.item(id); err == nil {
			out = append(out, x.names.item(item))
		}
	}
	return c.json(http.StatusOK, map[string]any{"items": out})
}

// wanted is the item whose number the address has.
func (x *shelf) wanted(c *call) (*index.Item, error) {
	id, err := strconv.ParseInt(c.r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, bad(http.StatusNotFound, "photographs are named by numbers")
	}
	return x.snap.item(id)
}

// spread is how an item lies among those of its class.
type spread struct {
	Items int     `json:"items"`
	Mean  float64 `json:"mean_score"`   // of the items and their mean
	Min   float64 `json:"min_score"`    // of the one farthest from it
	Rank  int     `json:"rank_of_item"` // 1: nearest to the mean
}

type itemPage struct {
	itemView
	Neighbours []hitView `json:"neighbours"`
	Spread     *spread   `json:"class_spread"`
	Original   string    `json:"original"`
}

func (s *Server) getItem(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	item, err := x.wanted(c)
	if err != nil {
		return err
	}
	k, err := number(c.r.URL.Query(), "k", 24, 1, mostHits)
	if err != nil {
		return err
	}
	began := time.Now()
	found, err := x.Neighbours(c.r.Context(), item.ID, k)
	if err != nil {
		return err
	}
	c.spent("search", time.Since(began))
	page := itemPage{itemView: x.names.item(item), Neighbours: x.names.hits(x.snap, x.Calibration(), found), Original: "/v1/original/" + strconv.FormatInt(item.ID, 10)}
	if page.Spread, err = x.spread(item); err != nil {
		return err
	}
	return c.json(http.StatusOK, page)
}

// mostOfClass bounds the items that a class's mean is taken of.
const mostOfClass = 5000

// spread compares an item with its class; nil where it has none.
func (x *shelf) spread(item *index.Item) (*spread, error) {
	class := item.Class()
	if class == "" {
		return nil, nil
	}
	own, vectors := 0, [][]float32(nil)
	for i := range x.snap.items {
		other := &x.snap.items[i]
		if other.Class() != class || len(vectors) == mostOfClass && other.ID != item.ID {
			continue
		}
		v, err := x.Vector(other.ID)
		if err != nil {
			return nil, err
		}
		if other.ID == item.ID {
			own = len(vectors)
		}
		vectors = append(vectors, v)
	}
	mean, err := index.Combine(vectors, nil)
	if err != nil {
		return nil, nil // the mean has no direction
	}
	out := &spread{Items: len(vectors), Min: 1, Rank: 1}
	mine := dot(vectors[own], mean)
	for _, v := range vectors {
		score := dot(v, mean)
		out.Mean += score / float64(len(vectors))
		out.Min = min(out.Min, score)
		if score > mine {
			out.Rank++
		}
	}
	return out, nil
}

func dot(a, b []float32) (sum float64) {
	for i, v := range a {
		sum += float64(v) * float64(b[i])
	}
	return sum
}

func (s *Server) getClasses(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	type class struct {
		Name  string `json:"name"`
		Items int    `json:"items"`
	}
	out := []class{}
	for _, one := range x.snap.classes() {
		out = append(out, class{one.Name, one.Items})
	}
	return c.json(http.StatusOK, map[string]any{"classes": out})
}

type folderView struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Items int    `json:"items"`
}

// getFolders lists the folders in one that was indexed, or those that were.
func (s *Server) getFolders(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	top, err := x.names.folder(c.r.URL.Query().Get("under"))
	if err != nil {
		return err
	}
	counted := map[string]*folderView{}
	for i := range x.snap.items {
		in := map[string]bool{}
		for _, p := range x.snap.items[i].Places {
			if path, v := x.step(p, top); v != nil && !in[path] {
				in[path] = true
				if counted[path] == nil {
					counted[path] = v
				}
				counted[path].Items++
			}
		}
	}
	out := make([]folderView, 0, len(counted))
	for _, v := range counted {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b folderView) int { return strings.Compare(a.Path, b.Path) })
	return c.json(http.StatusOK, map[string]any{"folders": out})
}

// step is the folder right in top that a place lies in or below; nil: it lies elsewhere, or right in top.
func (x *shelf) step(p index.Place, top string) (string, *folderView) {
	if p.Gone {
		return "", nil
	}
	if top == "" {
		name := x.names.root(p.Root)
		return p.Root, &folderView{Name: filepath.Base(name), Path: name}
	}
	separator := string(filepath.Separator)
	rest, ok := strings.CutPrefix(p.Path, strings.TrimSuffix(top, separator)+separator)
	first, _, below := strings.Cut(rest, separator)
	if !ok || !below {
		return "", nil
	}
	folder := filepath.Join(top, first)
	return folder, &folderView{Name: first, Path: x.names.path(index.Place{Path: folder, Root: p.Root})}
}
