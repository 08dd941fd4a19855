package page_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"strconv"
)

func (d *double) more(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/map", d.columns)
	mux.HandleFunc("GET /v1/map/info", d.mapInfo)
	mux.HandleFunc("POST /v1/map", d.makeMap)
	mux.HandleFunc("GET /v1/review/{queue}", d.review)
	mux.HandleFunc("GET /v1/decisions.csv", d.csv)
	mux.HandleFunc("GET /v1/models/{name}/neighbours", d.other)
	mux.HandleFunc("GET /v1/runs", d.runs)
	mux.HandleFunc("GET /v1/runs/{name}/metrics", d.metrics)
}

// place is where the map shows a point: 0 to 65535.
func place(v float64) uint16 { return uint16(math.Min(65535, math.Max(0, 32768+v*1200))) }

func (d *double) columns(w http.ResponseWriter, r *http.Request) {
	if !d.mapping {
		problem(w, 404, "There is no map yet.")
		return
	}
	n := len(d.items)
	raw := append([]byte("DVM1"), 1, 0, 0, 0)
	raw = binary.LittleEndian.AppendUint32(raw, uint32(n))
	raw = append(raw, 0, 0, 0, 0)
	column := func(value func(p *photograph) uint16) {
		for i := range d.items {
			raw = binary.LittleEndian.AppendUint16(raw, value(&d.items[i]))
		}
	}
	for i := range d.items {
		raw = binary.LittleEndian.AppendUint32(raw, d.items[i].id)
	}
	column(func(p *photograph) uint16 { return place(p.x) })
	column(func(p *photograph) uint16 { return place(p.y) })
	column(func(p *photograph) uint16 { return uint16(p.class) })
	raw = append(raw, bytes.Repeat([]byte{230}, n)...)
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := w.Write(raw); err != nil {
		return // the page has left
	}
}

func (d *double) mapInfo(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.making > 0 {
		d.making--
		d.mapping = d.making == 0
		answer(w, map[string]any{"n": 0, "classes": []string{}, "trust": nil, "labels": []any{}, "in_progress": map[string]any{"done": 3 - d.making, "total": 3}})
		return
	}
	if !d.mapping {
		problem(w, 404, "There is no map yet.")
		return
	}
	labels := []any{}
	sums := make([][3]float64, len(d.classes))
	for i := range d.items {
		p := &d.items[i]
		sums[p.class][0] += p.x
		sums[p.class][1] += p.y
		sums[p.class][2]++
	}
	for class, sum := range sums {
		labels = append(labels, map[string]any{"x": place(sum[0] / sum[2]), "y": place(sum[1] / sum[2]), "text": d.classes[class]})
	}
	answer(w, map[string]any{"n": len(d.items), "classes": d.classes, "trust": .93, "labels": labels, "in_progress": nil})
}

func (d *double) makeMap(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+token {
		problem(w, 401, "A token is needed.")
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.making = 3
	w.WriteHeader(202)
}

// review lists twins, and photographs that are labelled as another class than they show.
func (d *double) review(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	queue := r.PathValue("queue")
	kind := map[string]string{"duplicates": "duplicate", "labels": "label", "odd": "odd", "confusions": "confusion", "leaks": "leak"}[queue]
	if kind == "" {
		problem(w, 404, "There is no queue "+queue+".")
		return
	}
	all := []any{}
	undecided := 0
	for i := range d.items {
		p := &d.items[i]
		entry := map[string]any{"a": d.item(p), "b": nil, "given": nil, "suggested": nil, "score": .97, "probability": .94, "decision": nil, "key": p.hash}
		other := ""
		switch {
		case queue == "duplicates" && p.twin < p.id:
			entry["b"], other = d.item(&d.items[p.twin]), d.items[p.twin].hash
		case queue == "labels" && p.broken:
			entry["given"], entry["suggested"] = d.label(p), d.classes[p.class]
		case queue == "odd" && math.Hypot(p.x, p.y) > 26:
			entry["probability"], entry["score"] = nil, .31
		default:
			continue
		}
		if made, ok := d.decisions[kind+" "+p.hash+" "+other]; ok {
			entry["decision"] = made.Value
		} else {
			undecided++
		}
		all = append(all, entry)
	}
	answer(w, map[string]any{"total": len(all), "undecided": undecided, "entries": all[min(offset, len(all)):min(offset+limit, len(all))]})
}

func (d *double) csv(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Header().Set("Content-Type", "text/csv")
	fmt.Fprintln(w, "path,label")
	for i := range d.items {
		if made, ok := d.decisions["label "+d.items[i].hash+" "]; ok {
			fmt.Fprintf(w, "%s,%s\n", d.items[i].path, made.Value)
		}
	}
}

// other is a model that sees the plane mirrored at half its height: it agrees in part.
func (d *double) other(w http.ResponseWriter, r *http.Request) {
	p := d.byID(w, r.URL.Query().Get("id"))
	if p == nil {
		return
	}
	moved := *p
	moved.x += .8
	answer(w, map[string]any{"neighbours": d.nearest(&moved, filter{}, 24, 0)})
}

func (d *double) runs(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	answer(w, map[string]any{"runs": []any{map[string]any{"name": "best", "steps": d.steps, "done": d.steps >= 400}, map[string]any{"name": "cached", "steps": 300, "done": true}}})
}

// metrics grow by 100 steps at each look, to 400.
func (d *double) metrics(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	steps, base := 300, .42
	if r.PathValue("name") == "best" {
		steps, base = d.steps, .55
		d.steps = min(400, d.steps+100)
	}
	var step, loss, recall, nmi []any
	for s := 10; s <= steps; s += 10 {
		step = append(step, s)
		loss = append(loss, 1.1*math.Exp(-float64(s)/140)+.08*math.Sin(float64(s))*math.Exp(-float64(s)/300)+.2)
		if s%50 == 0 {
			recall = append(recall, base+.2*(1-math.Exp(-float64(s)/120)))
			nmi = append(nmi, base-.1+.25*(1-math.Exp(-float64(s)/160)))
		} else {
			recall, nmi = append(recall, nil), append(nmi, nil)
		}
	}
	answer(w, map[string]any{"columns": map[string]any{"step": step, "loss": loss, "recall@1": recall, "nmi": nmi}})
}
