package server

import (
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dvml/dvml/index"
)

// other is another index, to compare with: of another model, as a rule, over the same photographs.
type other struct {
	name    string
	library *library
}

func othersOf(folders []string) (all []other) {
	seen := map[string]int{}
	for _, folder := range folders {
		name := strings.TrimSuffix(filepath.Base(folder), ".dvml")
		if seen[name]++; seen[name] > 1 {
			name += "-" + strconv.Itoa(seen[name])
		}
		all = append(all, other{name, &library{folder: folder}})
	}
	return all
}

// getOther finds the neighbours of a photograph of this index in another, where it is known by its content.
func (s *Server) getOther(c *call) error {
	var there *library
	for _, o := range s.others {
		if o.name == c.r.PathValue("name") {
			there = o.library
		}
	}
	if there == nil {
		return bad(http.StatusNotFound, "there is no model of that name; --compare names an index")
	}
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	id, err := strconv.ParseInt(c.r.URL.Query().Get("id"), 10, 64)
	if err != nil {
		return invalid("id %q; expected the number of a photograph", c.r.URL.Query().Get("id"))
	}
	item, err := x.snap.item(id)
	if err != nil {
		return err
	}
	k, err := number(c.r.URL.Query(), "k", 24, 1, mostHits)
	if err != nil {
		return err
	}
	y, err := there.acquire()
	if err != nil {
		return err
	}
	defer y.release()
	snap, err := y.snapshot(c.r.Context())
	if err != nil {
		return err
	}
	same, err := y.ByHash(c.r.Context(), item.Hash)
	if errors.Is(err, index.ErrUnknown) {
		return bad(http.StatusNotFound, "the other index does not have this photograph")
	}
	if err != nil {
		return err
	}
	found, err := y.Neighbours(c.r.Context(), same.ID, k)
	if err != nil {
		return err
	}
	// Its model is not open: nothing is said about probabilities.
	return c.json(http.StatusOK, map[string]any{"neighbours": s.names(snap).hits(snap, nil, found)})
}
