package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
)

// The queues.
const (
	Duplicates = "duplicates"
	Labels     = "labels"
	Odd        = "odd"
	Confusions = "confusions"
	Leaks      = "leaks"
)

// Queues lists them in order.
func Queues() []string { return []string{Duplicates, Labels, Odd, Confusions, Leaks} }

// kinds are the decisions that settle an entry of a queue.
var kinds = map[string][]string{
	Duplicates: {"duplicate"},
	Labels:     {"label", "confusion"},
	Odd:        {"odd"},
	Confusions: {"confusion", "label"},
	Leaks:      {"leak"},
}

// Entry is one photograph, or two, to look at.
type Entry struct {
	A, B      int64  // B is 0 where the entry is about A alone; in confusions it is an example of the other class, in leaks of Between it is of the other index
	Given     string // labels, confusions: the class that A has
	Suggested string // and that its neighbours name

	Score       float64  // the cosine of A and B; labels and confusions: the suggested class's share of the votes; odd: A's cosine with the mean of its class
	Pixels      float64  // duplicates, leaks: the correlation of the thumbnails
	Deviations  float64  // odd: how far below the median
	Probability *float64 // duplicates, leaks: that both show the same thing (calibrate.Calibration.OfHit); nil: the index is not calibrated, or not of two
	Decision    string   // what was decided of it, "": nothing yet
}

// Confused is two classes.
type Confused struct {
	A, B        string
	Share       float64 // of the votes on photographs of either that name the other
	Photographs int     // of either whose neighbours name the other
}

// Review is what may be wrong with an index. The order of everything in it depends on the photographs and
// vectors alone, so that it can be paged through while decisions are made.
type Review struct {
	Photographs int
	Confused    []Confused // the most confused first
	Copies      []int64    // photographs of which several files are equal to the byte
	Sides       []string   // the parts of the split that leaks were looked for between; nil: there is no split

	queues map[string][]Entry
	hash   map[int64]index.Hash
}

// Options says how an index is reviewed.
type Options struct {
	Halves   []string              // folders that are the parts of a split; nil: those that are named like parts, see imageset.Part
	Progress func(done, total int) // of thumbnails that are compared; may be nil
}

// Neighbours is how many neighbours vote on a label, near how many are looked at as near-duplicates.
const (
	Neighbours = 20
	near       = 5
)

// Queue returns the entries of a queue, and whether there is a queue of that name.
func (r *Review) Queue(name string) ([]Entry, bool) {
	_, known := kinds[name]
	return r.queues[name], known
}

// reviewing is a review in the making: the photographs by number, ascending ids.
type reviewing struct {
	x      *index.Index
	o      Options
	fitted *calibrate.Calibration
	items  []index.Item
	number map[int64]int32
	class  []string // of each, without the name of the part
	side   []string // of each; "": none
	graph  [][]index.Hit
	copies map[pair]likeness
	r      *Review
}

// pair is two photographs by number, the lower first.
type pair struct{ a, b int32 }

func pairOf(a, b int32) pair { return pair{min(a, b), max(a, b)} }

// Make reviews an index. It needs the index's graph of neighbours (index.ErrNoGraph).
func Make(ctx context.Context, x *index.Index, o Options) (*Review, error) {
	v := &reviewing{x: x, o: o, number: map[int64]int32{}, r: &Review{queues: map[string][]Entry{}, hash: map[int64]index.Hash{}}}
	if err := v.read(ctx); err != nil {
		return nil, err
	}
	v.fitted = x.Calibration()
	if err := v.split(); err != nil {
		return nil, err
	}
	if err := v.duplicates(ctx); err != nil {
		return nil, err
	}
	votes := v.votes()
	wrong := v.labels(votes)
	if err := v.odd(ctx, wrong); err != nil {
		return nil, err
	}
	v.confusions(votes, wrong)
	v.leaks()
	return v.r, v.r.Decide(ctx, x)
}

// read reads the items and the graph.
func (v *reviewing) read(ctx context.Context) error {
	for item, err := range v.x.Items(ctx) {
		if err != nil {
			return err
		}
		v.number[item.ID] = int32(len(v.items))
		v.items = append(v.items, item)
		v.r.hash[item.ID] = item.Hash
		if len(placesOf(item)) > 1 {
			v.r.Copies = append(v.r.Copies, item.ID)
		}
	}
	v.r.Photographs = len(v.items)
	err := v.x.Graph(ctx, func(id int64, hits []index.Hit) error {
		if int(v.number[id]) != len(v.graph) || len(v.graph) >= len(v.items) || v.items[len(v.graph)].ID != id {
			return errChanged
		}
		for _, h := range hits {
			if _, known := v.number[h.ID]; !known {
				return errChanged
			}
		}
		v.graph = append(v.graph, slices.Clone(hits))
		return ctx.Err()
	})
	if err == nil && len(v.graph) != len(v.items) {
		err = errChanged
	}
	return err
}

var errChanged = errors.New("photographs came or went in the meantime; try again")

// placesOf are the places of an item that are not gone.
func placesOf(item index.Item) (places []index.Place) {
	for _, p := range item.Places {
		if !p.Gone {
			places = append(places, p)
		}
	}
	return places
}

// entry is one about two photographs.
func (v *reviewing) entry(p pair, l likeness) Entry {
	e := Entry{A: v.items[p.a].ID, B: v.items[p.b].ID, Score: float64(l.score), Pixels: l.pixels}
	if v.fitted != nil {
		probability := v.fitted.OfHit(e.Score)
		e.Probability = &probability
	}
	return e
}

// duplicates compares near neighbours by their thumbnails.
func (v *reviewing) duplicates(ctx context.Context) error {
	candidates := map[pair]float32{}
	for a, hits := range v.graph {
		for _, h := range hits[:min(near, len(hits))] {
			candidates[pairOf(int32(a), v.number[h.ID])] = h.Score
		}
	}
	thumbnail := func(i int32) ([]byte, error) { return v.x.Thumbnail(v.items[i].ID) }
	var err error
	if v.copies, err = compare(ctx, candidates, thumbnail, nil, v.o.Progress); err != nil {
		return err
	}
	for p, l := range v.copies {
		v.r.queues[Duplicates] = append(v.r.queues[Duplicates], v.entry(p, l))
	}
	slices.SortFunc(v.r.queues[Duplicates], byLikeness)
	return nil
}

func byLikeness(a, b Entry) int {
	return cmp.Or(cmp.Compare(b.Pixels, a.Pixels), cmp.Compare(b.Score, a.Score), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
}

// leaks are near-duplicates in two parts of the split, and photographs that lie in both.
func (v *reviewing) leaks() {
	if len(v.r.Sides) == 0 {
		return
	}
	var leaks []Entry
	for i, item := range v.items {
		sides := map[string]bool{}
		for _, p := range placesOf(item) {
			if s := v.sideOf(p); s != "" {
				sides[s] = true
			}
		}
		if len(sides) > 1 {
			leaks = append(leaks, Entry{A: v.items[i].ID, Score: 1, Pixels: 1})
		}
	}
	for p, l := range v.copies {
		if a, b := v.side[p.a], v.side[p.b]; a != "" && b != "" && a != b {
			leaks = append(leaks, v.entry(p, l))
		}
	}
	slices.SortFunc(leaks, byLikeness)
	v.r.queues[Leaks] = leaks
}

// Decide marks the entries with what was decided of them in the index by now. It must not be called while
// others read the review.
func (r *Review) Decide(ctx context.Context, x *index.Index) error {
	return r.decide(ctx, func(id int64) index.Hash { return r.hash[id] }, x)
}

// of are the two contents that a decision is of; equal: one.
type of struct {
	kind string
	a, b index.Hash
}

// decide marks the entries by what was decided in any of the indexes; hashB is the content of an entry's B.
func (r *Review) decide(ctx context.Context, hashB func(int64) index.Hash, indexes ...*index.Index) error {
	made := map[of]index.Decision{}
	for _, x := range indexes {
		all, err := x.Decisions(ctx, "")
		if err != nil {
			return err
		}
		for _, d := range all {
			key := of{d.Kind, d.A, d.B}
			if before, ok := made[key]; !ok || before.At.Before(d.At) {
				made[key] = d
			}
		}
	}
	for name, entries := range r.queues {
		for i := range entries {
			e := &entries[i]
			a, b := r.hash[e.A], r.hash[e.A]
			if e.B != 0 && name != Confusions {
				b = hashB(e.B)
			}
			if slices.Compare(a[:], b[:]) > 0 {
				a, b = b, a
			}
			e.Decision = ""
			var last index.Decision
			for _, kind := range kinds[name] {
				if d, ok := made[of{kind, a, b}]; ok && (e.Decision == "" || last.At.Before(d.At)) {
					e.Decision, last = d.Value, d
				}
			}
		}
	}
	return nil
}

// Between finds photographs of x that stand in another index of the same model too, to the byte or as
// near-duplicates: leaks, of which A is of x and B of the other.
func Between(ctx context.Context, x, other *index.Index, progress func(done, total int)) (*Review, error) {
	if a, b := x.Model(), other.Model(); a.Fingerprint != b.Fingerprint {
		return nil, fmt.Errorf("indexes %s and %s were made with two models (fingerprints %.12s and %.12s): their vectors cannot be compared", x.Folder(), other.Folder(),
			a.Fingerprint, b.Fingerprint)
	}
	r := &Review{Photographs: x.Len(), Sides: []string{x.Folder(), other.Folder()}, queues: map[string][]Entry{}, hash: map[int64]index.Hash{}}
	var ids, others []int64
	theirs := map[index.Hash]int64{}
	hashes, place := map[int64]index.Hash{}, map[int64]int32{}
	for item, err := range other.Items(ctx) {
		if err != nil {
			return nil, err
		}
		theirs[item.Hash], hashes[item.ID] = item.ID, item.Hash
		place[item.ID] = int32(len(others))
		others = append(others, item.ID)
	}
	var leaks []Entry
	for item, err := range x.Items(ctx) {
		if err != nil {
			return nil, err
		}
		r.hash[item.ID] = item.Hash
		if id, is := theirs[item.Hash]; is {
			leaks = append(leaks, Entry{A: item.ID, B: id, Score: 1, Pixels: 1})
			continue
		}
		ids = append(ids, item.ID)
	}
	candidates, err := nearestIn(ctx, x, other, ids, place)
	if err != nil {
		return nil, err
	}
	copies, err := compare(ctx, candidates, func(i int32) ([]byte, error) { return x.Thumbnail(ids[i]) },
		func(i int32) ([]byte, error) { return other.Thumbnail(others[i]) }, progress)
	if err != nil {
		return nil, err
	}
	fitted := x.Calibration()
	for p, l := range copies {
		e := Entry{A: ids[p.a], B: others[p.b], Score: float64(l.score), Pixels: l.pixels}
		if fitted != nil {
			probability := fitted.OfHit(e.Score)
			e.Probability = &probability
		}
		leaks = append(leaks, e)
	}
	slices.SortFunc(leaks, byLikeness)
	r.queues[Leaks] = leaks
	return r, r.decide(ctx, func(id int64) index.Hash { return hashes[id] }, x, other)
}

// nearestIn finds the nearest photographs in other to those of x with these ids: pairs of places, in ids and by place.
func nearestIn(ctx context.Context, x, other *index.Index, ids []int64, place map[int64]int32) (map[pair]float32, error) {
	const atOnce = 64
	candidates := map[pair]float32{}
	for first := 0; first < len(ids); first += atOnce {
		var vectors []float32
		for _, id := range ids[first:min(first+atOnce, len(ids))] {
			v, err := x.Vector(id)
			if err != nil {
				return nil, err
			}
			vectors = append(vectors, v...)
		}
		found, err := other.SearchAll(ctx, vectors, index.Query{K: near})
		if err != nil {
			return nil, err
		}
		for i, hits := range found {
			for _, h := range hits {
				if b, known := place[h.ID]; known {
					candidates[pair{int32(first + i), b}] = h.Score
				}
			}
		}
	}
	return candidates, nil
}
