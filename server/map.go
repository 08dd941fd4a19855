package server

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/layout"
)

// mapSeed is that of maps which are made here: that of `dvml map` where it is not told otherwise.
const mapSeed = 1

// mapLabels is how many of the largest classes are named on a map.
const mapLabels = 40

// noClass is the class of a point without one in a map's column.
const noClass = math.MaxUint16

// mapping is the map that is being made.
type mapping struct {
	mu  sync.Mutex
	now *mapProgress // nil: none is
}

type mapProgress struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// is returns a copy of how far the map is; nil: none is being made.
func (m *mapping) is() *mapProgress {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil {
		return nil
	}
	p := *m.now
	return &p
}

// begin reports whether no map was being made; one is now.
func (m *mapping) begin() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil {
		return false
	}
	m.now = &mapProgress{Total: 1}
	return true
}

func (m *mapping) tell(done, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = &mapProgress{done, total}
}

func (m *mapping) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = nil
}

// mapLabel names a class where it lies.
type mapLabel struct {
	X    int    `json:"x"` // of 65536
	Y    int    `json:"y"`
	Text string `json:"text"`
}

type mapView struct {
	N          int          `json:"n"`
	Classes    []string     `json:"classes"`
	Trust      *float64     `json:"trust"` // null: there is no map yet
	Labels     []mapLabel   `json:"labels"`
	InProgress *mapProgress `json:"in_progress"`
}

// drawnMap is a map in the units of its columns.
type drawnMap struct {
	index.Map
	x, y    []uint16
	class   []uint16
	classes []string
}

// drawn reads the index's map.
func (x *shelf) drawn(ctx context.Context) (*drawnMap, error) {
	m, err := x.Map(ctx)
	if errors.Is(err, index.ErrNoMap) {
		return nil, bad(http.StatusNotFound, "there is no map of this index yet: POST /v1/map makes it, as does `dvml map`")
	}
	if err != nil {
		return nil, err
	}
	d := &drawnMap{Map: m, class: make([]uint16, len(m.IDs))}
	d.x, d.y = inUnits(m.Places)
	number := map[string]uint16{}
	for i, id := range m.IDs {
		d.class[i] = noClass
		item, err := x.snap.item(id)
		if err != nil {
			continue // it came or went while this was read
		}
		class := item.Class()
		if class == "" {
			continue
		}
		if _, ok := number[class]; !ok {
			if len(d.classes) == noClass {
				continue
			}
			number[class] = uint16(len(d.classes))
			d.classes = append(d.classes, class)
		}
		d.class[i] = number[class]
	}
	return d, nil
}

// inUnits scales places to 0..65535, both axes alike, y downwards.
func inUnits(places [][2]float32) (x, y []uint16) {
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, p := range places {
		for a, v := range p {
			low[a], high[a] = min(low[a], float64(v)), max(high[a], float64(v))
		}
	}
	extent := max(high[0]-low[0], high[1]-low[1], 1e-9)
	unit := func(v float64) uint16 { return uint16(math.Round(min(max(v, 0), 1) * math.MaxUint16)) }
	x, y = make([]uint16, len(places)), make([]uint16, len(places))
	for i, p := range places {
		x[i] = unit(0.5 + (float64(p[0])-(low[0]+high[0])/2)/extent)
		y[i] = unit(0.5 - (float64(p[1])-(low[1]+high[1])/2)/extent)
	}
	return x, y
}

// labels names the largest classes at the medians of their places.
func (d *drawnMap) labels() []mapLabel {
	byClass := make([][]int, len(d.classes))
	for i, c := range d.class {
		if c != noClass {
			byClass[c] = append(byClass[c], i)
		}
	}
	order := make([]int, len(d.classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(len(byClass[b]), len(byClass[a])) })
	median := func(of []int, column []uint16) int {
		v := make([]uint16, len(of))
		for at, i := range of {
			v[at] = column[i]
		}
		slices.Sort(v)
		return int(v[len(v)/2])
	}
	labels := []mapLabel{}
	for _, c := range order[:min(mapLabels, len(order))] {
		labels = append(labels, mapLabel{median(byClass[c], d.x), median(byClass[c], d.y), d.classes[c]})
	}
	return labels
}

// getMap sends the map's columns: "DVM1", version and flags (uint16), n and 4 bytes of 0 (uint32),
// then id (uint32), x, y, class (uint16) and trust (a byte, 255 is all) of each, little-endian.
func (s *Server) getMap(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	d, err := x.drawn(c.r.Context())
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, 16+11*len(d.IDs)), "DVM1"...)
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(d.IDs)))
	b = binary.LittleEndian.AppendUint32(b, 0)
	for _, id := range d.IDs {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	for _, column := range [][]uint16{d.x, d.y, d.class} {
		for _, v := range column {
			b = binary.LittleEndian.AppendUint16(b, v)
		}
	}
	for _, t := range d.Trust {
		b = append(b, byte(math.Round(float64(min(max(t, 0), 1))*255)))
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return c.raw("application/octet-stream", b)
}

func (s *Server) getMapInfo(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	v := mapView{Classes: []string{}, Labels: []mapLabel{}, InProgress: s.mapping.is()}
	d, err := x.drawn(c.r.Context())
	if err != nil {
		if v.InProgress == nil {
			return err
		}
		return c.json(http.StatusOK, v)
	}
	var trust float64
	for _, t := range d.Trust {
		trust += float64(t) / float64(len(d.Trust))
	}
	v.N, v.Trust, v.Labels = len(d.IDs), &trust, d.labels()
	v.Classes = append(v.Classes, d.classes...)
	return c.json(http.StatusOK, v)
}

// postMap begins to make the map, which /v1/map/info follows.
func (s *Server) postMap(c *call) error {
	x, err := s.library.acquire()
	if err != nil {
		return err
	}
	if graph, err := x.HasGraph(c.r.Context()); err != nil || !graph {
		x.release()
		if err == nil {
			err = bad(http.StatusConflict, "the index keeps no neighbours that a map is made from: run `dvml index` on it again")
		}
		return err
	}
	if s.mapping.begin() {
		s.work.Go(func() {
			defer x.release()
			defer s.mapping.end()
			if err := s.makeMap(x.Index); err != nil && s.stopping.Err() == nil {
				s.o.Log.Error("the map was not made", "error", err)
			}
		})
	} else {
		x.release()
	}
	return c.json(http.StatusAccepted, map[string]any{"in_progress": s.mapping.is()})
}

func (s *Server) makeMap(x *index.Index) error {
	m, _, err := layout.Index(s.stopping, x, mapSeed, false, s.mapping.tell)
	if err != nil {
		return err
	}
	return s.write(func(w *index.Writer) error { return w.SetMap(m) })
}
