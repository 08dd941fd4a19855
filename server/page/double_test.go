package page_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	_ "image/jpeg"
	"io"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dvml/dvml/server/page"
)

// double answers as `dvml serve` does, over a generated collection, with the same Content-Security-Policy.
type double struct {
	*collection
	mu        sync.Mutex
	decisions map[string]decision
	readOnly  bool
	young     bool // a service that has none of map, review, decisions, models and runs
	indexing  map[string]any
	mapping   bool // a map has been made
	making    int  // looks until the map is made
	steps     int  // of the run that trains
	events    chan string
	asked     map[string]int // requests by route
	refuse    int            // status for every /v1/search, where not 0
	cut       string         // the crop that was asked for last
	unlike    int            // disliked ids of the last search
}

type decision struct {
	Kind  string `json:"kind"`
	A     string `json:"a"`
	B     string `json:"b"`
	Value string `json:"value"`
}

const token = "open-sesame"

func newDouble(n int) *double {
	return &double{collection: newCollection(n), decisions: map[string]decision{}, mapping: true, steps: 200, events: make(chan string, 16), asked: map[string]int{}}
}

func (d *double) handler(t testing.TB) http.Handler {
	mux := http.NewServeMux()
	files, err := fs.ReadDir(page.Files(), ".")
	if err != nil || len(files) == 0 {
		t.Fatalf("the page has no files: %v", err)
	}
	mux.HandleFunc("GET /", d.page)
	mux.HandleFunc("GET /openapi.json", d.describe)
	mux.HandleFunc("GET /v1/info", d.info)
	mux.HandleFunc("GET /v1/classes", d.listClasses)
	mux.HandleFunc("GET /v1/folders", d.folders)
	mux.HandleFunc("GET /v1/items", d.list)
	mux.HandleFunc("GET /v1/items/ids", d.ids)
	mux.HandleFunc("POST /v1/items/batch", d.batch)
	mux.HandleFunc("GET /v1/items/{id}", d.one)
	mux.HandleFunc("GET /v1/thumb/{id}", d.picture(160))
	mux.HandleFunc("GET /v1/original/{id}", d.picture(640))
	mux.HandleFunc("POST /v1/search", d.search)
	mux.HandleFunc("POST /v1/decisions", d.decide)
	mux.HandleFunc("GET /v1/events", d.stream)
	d.more(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		d.asked[r.URL.Path]++
		d.mu.Unlock()
		mux.ServeHTTP(w, r)
	})
}

// describe lists the routes that the page asks for, but those that the double lacks.
func (d *double) describe(w http.ResponseWriter, r *http.Request) {
	paths := map[string]any{"/v1/info": map[string]any{}}
	if !d.young {
		for _, path := range []string{"/v1/map", "/v1/review/{queue}", "/v1/decisions", "/v1/models/{name}/neighbours", "/v1/runs"} {
			paths[path] = map[string]any{}
		}
	}
	answer(w, map[string]any{"paths": paths})
}

// page answers index.html for a path without a file, as the service does.
func (d *double) page(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'self'; img-src 'self' blob: data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if _, err := fs.Stat(page.Files(), name); name == "" || err != nil {
		name = "index.html"
	}
	http.ServeFileFS(w, r, page.Files(), name)
}

func (d *double) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.indexing != nil
}

func answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(http.ErrAbortHandler) // the page has left
	}
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"about:blank","title":%q,"status":%d,"detail":%q}`, http.StatusText(status), status, detail)
}

func (d *double) info(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answer(w, map[string]any{
		"version": "test", "index": map[string]any{"folder_name": "shapes", "items": len(d.items), "failed": 0, "version": 1, "classes_count": len(d.classes), "has_graph": true, "has_map": d.mapping, "calibrated": true},
		"model":    map[string]any{"name": "shapes.safetensors", "fingerprint": "0123456789abcdef", "dim": 2, "size": 64, "trained_on": 24},
		"indexing": d.indexing, "read_only": d.readOnly, "token_needed": true, "models": []string{"before"},
	})
}

func filterOf(r *http.Request) filter {
	q := r.URL.Query()
	return filter{classes: q.Get("class"), folder: q.Get("folder"), after: q.Get("after"), before: q.Get("before")}
}

func (d *double) filtered(r *http.Request) []*photograph {
	found := d.matching(filterOf(r))
	switch r.URL.Query().Get("order") {
	case "path":
		sort.SliceStable(found, func(i, j int) bool { return found[i].path < found[j].path })
	case "class":
		sort.SliceStable(found, func(i, j int) bool { return d.label(found[i]) < d.label(found[j]) })
	}
	return found
}

func (d *double) list(w http.ResponseWriter, r *http.Request) {
	found := d.filtered(r)
	total := len(found)
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	if d.busy() {
		problem(w, 503, "The index is being made.")
		return
	}
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit > 500 {
		problem(w, 400, "limit is at most 500")
		return
	}
	found = found[min(offset, total):min(offset+limit, total)]
	answer(w, map[string]any{"total": total, "items": d.itemsOf(found)})
}

func (d *double) itemsOf(found []*photograph) []any {
	items := make([]any, 0, len(found))
	for _, p := range found {
		items = append(items, d.item(p))
	}
	return items
}

func (d *double) ids(w http.ResponseWriter, r *http.Request) {
	if d.busy() {
		problem(w, 503, "The index is being made.")
		return
	}
	found := d.filtered(r)
	raw := make([]byte, 0, 4*len(found))
	for _, p := range found {
		raw = binary.LittleEndian.AppendUint32(raw, p.id)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := w.Write(raw); err != nil {
		return // the page has left
	}
}

func (d *double) batch(w http.ResponseWriter, r *http.Request) {
	var ask struct{ IDs []uint32 }
	if err := json.NewDecoder(r.Body).Decode(&ask); err != nil || len(ask.IDs) > 500 {
		problem(w, 400, "ids: at most 500 numbers")
		return
	}
	var found []*photograph
	for _, id := range ask.IDs {
		if int(id) < len(d.items) {
			found = append(found, &d.items[id])
		}
	}
	answer(w, map[string]any{"items": d.itemsOf(found)})
}

func (d *double) listClasses(w http.ResponseWriter, r *http.Request) {
	counts := map[string]int{}
	for i := range d.items {
		counts[d.label(&d.items[i])]++
	}
	all := []any{}
	for _, name := range slices.Sorted(slices.Values(d.classes)) {
		all = append(all, map[string]any{"name": name, "items": counts[name]})
	}
	answer(w, map[string]any{"classes": all})
}

func (d *double) folders(w http.ResponseWriter, r *http.Request) {
	under := r.URL.Query().Get("under")
	counts := map[string]int{}
	for i := range d.items {
		rest := d.items[i].path
		if under != "" {
			var inside bool
			if rest, inside = strings.CutPrefix(rest, under+"/"); !inside {
				continue
			}
		}
		if name, _, deeper := strings.Cut(rest, "/"); deeper {
			counts[name]++
		}
	}
	all := []any{}
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	for _, name := range slices.Sorted(slices.Values(names)) {
		all = append(all, map[string]any{"name": name, "path": path.Join(under, name), "items": counts[name]})
	}
	answer(w, map[string]any{"folders": all})
}

func (d *double) byID(w http.ResponseWriter, text string) *photograph {
	id, err := strconv.Atoi(text)
	if err != nil || id < 0 || id >= len(d.items) {
		problem(w, 404, "There is no photograph "+text+".")
		return nil
	}
	return &d.items[id]
}

func (d *double) one(w http.ResponseWriter, r *http.Request) {
	p := d.byID(w, r.PathValue("id"))
	if p == nil {
		return
	}
	told := d.item(p)
	told["neighbours"] = d.nearest(p, filter{}, 24, 0)
	told["class_spread"] = map[string]any{"items": len(d.matching(filter{classes: d.label(p)})), "mean_score": .81, "min_score": .12, "rank_of_item": 3}
	told["original"] = fmt.Sprintf("/v1/original/%d", p.id)
	answer(w, told)
}

// nearest are the most alike others, down to a probability.
func (d *double) nearest(p *photograph, f filter, k int, least float64) []any {
	type scored struct {
		p           *photograph
		score, prob float64
	}
	var all []scored
	for _, other := range d.matching(f) {
		if other.id == p.id {
			continue
		}
		if score, prob := alike(p, other); prob >= least {
			all = append(all, scored{other, score, prob})
		}
	}
	slices.SortFunc(all, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return int(a.p.id) - int(b.p.id)
	})
	hits := []any{}
	for _, one := range all[:min(k, len(all))] {
		var word any
		switch {
		case one.prob >= .9:
			word = "same"
		case one.prob >= .5:
			word = "likely"
		case one.prob >= .1:
			word = "perhaps"
		}
		hits = append(hits, map[string]any{"item": d.item(one.p), "score": one.score, "distance": 1 - one.score, "probability": one.prob, "word": word})
	}
	return hits
}

func (d *double) picture(side int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := d.byID(w, r.PathValue("id"))
		if p == nil {
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Cache-Control", "max-age=31536000, immutable")
		if _, err := w.Write(d.draw(p, side)); err != nil {
			return // the page has left
		}
	}
}

// search goes by the mean place of what is liked; a photograph that is brought lies where its
// colour's first class lies.
func (d *double) search(w http.ResponseWriter, r *http.Request) {
	if d.refuse != 0 {
		problem(w, d.refuse, "The queue is full; try again in a second.")
		return
	}
	var ask struct {
		Like, Unlike []uint32
		Filter       struct {
			Classes       []string
			Folder        string
			After, Before string
		}
	}
	query := photograph{id: ^uint32(0)}
	liked := 0
	text := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if err := r.ParseMultipartForm(1 << 24); err != nil {
			problem(w, 400, err.Error())
			return
		}
		text = strings.NewReader(r.FormValue("query"))
		for _, part := range r.MultipartForm.File["image"] {
			file, err := part.Open()
			if err == nil {
				_, _, err = image.Decode(file)
			}
			if err != nil {
				problem(w, 422, "That is not a photograph that can be read: "+err.Error())
				return
			}
			liked++
			query.x += d.items[0].x
			query.y += d.items[0].y
		}
		d.mu.Lock()
		d.cut = strings.Join(r.MultipartForm.Value["crop"], ";")
		d.mu.Unlock()
	}
	if err := json.NewDecoder(text).Decode(&ask); err != nil {
		problem(w, 400, err.Error())
		return
	}
	d.mu.Lock()
	d.unlike = len(ask.Unlike)
	d.mu.Unlock()
	for _, id := range ask.Like {
		query.x += d.items[id].x
		query.y += d.items[id].y
		query.id = id
		liked++
	}
	query.x /= float64(max(1, liked))
	query.y /= float64(max(1, liked))
	f := filter{classes: strings.Join(ask.Filter.Classes, "\n"), folder: ask.Filter.Folder, after: ask.Filter.After, before: ask.Filter.Before}
	begin := time.Now()
	hits := d.nearest(&query, f, 200, .1)
	answer(w, map[string]any{"known": len(hits) > 0, "verdict": "", "hits": hits, "searched": len(d.items), "took_ms": float64(time.Since(begin).Microseconds()) / 1000})
}

func (d *double) decide(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		problem(w, 401, "A token is needed.")
		return
	}
	var one decision
	if err := json.NewDecoder(r.Body).Decode(&one); err != nil {
		problem(w, 400, err.Error())
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := one.Kind + " " + one.A + " " + one.B
	d.decisions[key] = one
	if one.Value == "" {
		delete(d.decisions, key)
	}
	answer(w, one)
}

func (d *double) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(200)
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case event := <-d.events:
			fmt.Fprint(w, event)
			w.(http.Flusher).Flush()
		}
	}
}
