package index

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/index/scan"
)

const testDim = 20

var testModel = Model{Fingerprint: "abc", Dim: testDim, Checkpoint: "/models/m.safetensors", Digest: "12"}

// photograph makes photograph n: its content, vector and thumbnail follow from the number.
func photograph(n int) Photograph {
	rng := rand.New(rand.NewPCG(uint64(n), 1))
	v := make([]float32, testDim)
	for d := range v {
		v[d] = float32(rng.NormFloat64())
	}
	thumb := make([]byte, 100+rng.IntN(5000))
	for i := range thumb {
		thumb[i] = byte(rng.Uint32())
	}
	return Photograph{Hash: sha256.Sum256(fmt.Appendf(nil, "photograph %d", n)), Vector: v, Thumbnail: thumb, Width: 100 + n, Height: 50, Bytes: int64(1000 + n)}
}

func place(n int) Place {
	class := fmt.Sprintf("class%d", n%5)
	return Place{Path: fmt.Sprintf("/photos/%s/%d.jpg", class, n), Class: class, Root: "/photos", Bytes: int64(1000 + n), Modified: time.Unix(int64(1e9+n), 0)}
}

// add puts photographs lo..hi in.
func add(w *Writer, lo, hi int) error {
	for n := lo; n < hi; n++ {
		id, err := w.Add(photograph(n))
		if err != nil {
			return err
		}
		if err := w.Put(id, place(n)); err != nil {
			return err
		}
	}
	return nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// filled makes an index of n photographs.
func filled(t testing.TB, n int) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "photos.dvml")
	w, err := Create(folder, testModel)
	must(t, err)
	must(t, add(w, 0, n))
	must(t, w.Commit())
	must(t, w.Close())
	return folder
}

// holdsExactly checks that an index finds photographs of these numbers and no others, each with its vector, thumbnail and place, and that a search equals
// brute force. It returns what is wrong.
func holdsExactly(folder string, numbers []int) error {
	ctx := context.Background()
	x, err := Open(folder)
	if err != nil {
		return err
	}
	defer x.Close()
	want := map[Hash]int{}
	for _, n := range numbers {
		want[photograph(n).Hash] = n
	}
	query, err := Combine([][]float32{photograph(3).Vector}, nil)
	if err != nil {
		return err
	}
	var brute []Hit
	for item, err := range x.Items(ctx) {
		if err != nil {
			return err
		}
		n, ok := want[item.Hash]
		if !ok {
			return fmt.Errorf("item %d (%s) should not be there", item.ID, item.Path())
		}
		delete(want, item.Hash)
		if item.Path() != place(n).Path || item.Class() != place(n).Class || item.Width != 100+n || !item.Places[0].Modified.Equal(place(n).Modified) {
			return fmt.Errorf("photograph %d comes back as %+v", n, item)
		}
		v, err := x.Vector(item.ID)
		if err != nil {
			return err
		}
		unit, err := Combine([][]float32{photograph(n).Vector}, nil)
		if err != nil {
			return err
		}
		if !slices.Equal(v, unit) {
			return fmt.Errorf("photograph %d has another vector", n)
		}
		thumb, err := x.Thumbnail(item.ID)
		if err != nil {
			return err
		}
		if !slices.Equal(thumb, photograph(n).Thumbnail) {
			return fmt.Errorf("photograph %d has another thumbnail", n)
		}
		brute = append(brute, Hit{item.ID, scan.Score(query, v)})
	}
	if len(want) > 0 {
		return fmt.Errorf("%d photographs are missing: %v", len(want), want)
	}
	if len(brute) == 0 {
		return nil
	}
	slices.SortFunc(brute, func(a, b Hit) int {
		if a.Score > b.Score || a.Score == b.Score && a.ID < b.ID {
			return -1
		}
		return 1
	})
	hits, err := x.Search(ctx, Query{Like: [][]float32{query}, K: 7})
	if err != nil {
		return err
	}
	if !slices.Equal(hits, brute[:min(7, len(brute))]) {
		return fmt.Errorf("search finds %v; expected %v", hits, brute[:min(7, len(brute))])
	}
	return nil
}

// numbers lists lo..hi.
func numbers(lo, hi int) []int {
	var out []int
	for n := lo; n < hi; n++ {
		out = append(out, n)
	}
	return out
}

func TestAddRemoveCompact(t *testing.T) {
	folder := filled(t, 100)
	must(t, holdsExactly(folder, numbers(0, 100)))
	x, err := Open(folder) // reads on while all that follows happens
	must(t, err)
	defer x.Close()
	ctx := context.Background()
	w, err := OpenWriter(folder)
	must(t, err)
	must(t, add(w, 100, 130))
	for n := range 40 {
		must(t, w.Remove(place(n).Path))
	}
	if err := w.Remove("/nowhere"); !errors.Is(err, ErrUnknown) {
		t.Errorf("removing an unknown path: %v", err)
	}
	if x.Len() != 100 {
		t.Error("a reader sees what is not committed")
	}
	must(t, w.Commit())
	must(t, holdsExactly(folder, numbers(40, 130)))
	if _, err := x.Version(ctx); err != nil || x.Len() != 90 {
		t.Errorf("a reader sees %d items, %v", x.Len(), err)
	}
	must(t, w.BuildGraph(ctx, 9, nil))
	must(t, holdsExactly(folder, numbers(40, 130)))
	must(t, w.Compact())
	must(t, holdsExactly(folder, numbers(40, 130)))
	must(t, add(w, 200, 203))
	must(t, w.Close()) // without Commit
	must(t, holdsExactly(folder, numbers(40, 130)))
	if _, err := x.Version(ctx); err != nil || x.Len() != 90 {
		t.Errorf("a reader sees %d items after the compaction, %v", x.Len(), err)
	}
	item, err := x.ByHash(ctx, photograph(77).Hash)
	must(t, err)
	if item.ID != 78 {
		t.Errorf("photograph 77 has id %d after the compaction", item.ID)
	}
	if bad, err := Check(folder); err != nil || bad != nil {
		t.Errorf("check: %v, %v", bad, err)
	}
}

// One content at two paths is one item with two places; a move keeps id and vector.
func TestPlaces(t *testing.T) {
	folder := filled(t, 10)
	ctx := context.Background()
	w, err := OpenWriter(folder)
	must(t, err)
	p := photograph(4)
	p.Vector = make([]float32, testDim) // is not looked at
	id, err := w.Add(p)
	must(t, err)
	second := place(4)
	second.Path, second.Class = "/photos/copies/four.jpg", "copies"
	must(t, w.Put(id, second))
	must(t, w.Commit())
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	item, err := x.Item(ctx, id)
	must(t, err)
	if x.Len() != 10 || id != 5 || len(item.Places) != 2 {
		t.Errorf("%d items, photograph 4 is %+v", x.Len(), item)
	}
	gone := place(4)
	gone.Gone = true
	must(t, w.Put(id, gone))
	must(t, w.Commit())
	if item, err = x.Item(ctx, id); err != nil || item.Path() != second.Path || item.Class() != "copies" || x.Len() != 10 {
		t.Errorf("after the first place is gone: %+v, %v", item, err)
	}
	second.Gone = true
	must(t, w.Put(id, second))
	must(t, w.Commit())
	if hits, err := x.Search(ctx, Query{Like: [][]float32{photograph(4).Vector}, K: 10}); err != nil || len(hits) != 9 {
		t.Errorf("an item without a place is found: %v, %v", hits, err)
	}
	must(t, w.Put(id, place(4)))
	must(t, w.Commit())
	if hits, err := x.Search(ctx, Query{Like: [][]float32{photograph(4).Vector}, K: 1}); err != nil || hits[0].ID != id || hits[0].Score < .9999 {
		t.Errorf("an item that is back: %v, %v", hits, err)
	}
	must(t, w.Close())
}

func TestFilters(t *testing.T) {
	folder := filled(t, 60)
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	ctx := context.Background()
	all := Query{Like: [][]float32{photograph(1).Vector}, K: 60}
	for _, c := range []struct {
		name   string
		f      Filter
		passes func(n int) bool
	}{
		{"all", Filter{}, func(int) bool { return true }},
		{"class", Filter{Classes: []string{"class2"}}, func(n int) bool { return n%5 == 2 }},
		{"classes", Filter{Classes: []string{"class2", "class4"}}, func(n int) bool { return n%5 == 2 || n%5 == 4 }},
		{"no such class", Filter{Classes: []string{"class"}}, func(int) bool { return false }},
		{"folder", Filter{Folder: "/photos/class3/"}, func(n int) bool { return n%5 == 3 }},
		{"part of a folder's name", Filter{Folder: "/photos/class"}, func(int) bool { return false }},
		{"dates", Filter{After: time.Unix(1e9+10, 0), Before: time.Unix(1e9+20, 0)}, func(n int) bool { return n >= 10 && n < 20 }},
		{"ids", Filter{IDs: []int64{3, 4, 999}}, func(n int) bool { return n == 2 || n == 3 }},
		{"ids of a class", Filter{IDs: []int64{3, 4, 999}, Classes: []string{"class2"}}, func(n int) bool { return n == 2 }},
		{"no ids", Filter{IDs: []int64{}}, func(int) bool { return false }},
		{"with a class", Filter{Labelled: true}, func(int) bool { return true }},
	} {
		q := all
		q.Filter = c.f
		hits, err := x.Search(ctx, q)
		must(t, err)
		found := map[int]bool{}
		for _, h := range hits {
			found[int(h.ID)-1] = true
		}
		for n := range 60 {
			if found[n] != c.passes(n) {
				t.Errorf("%s: photograph %d found: %v", c.name, n, found[n])
			}
		}
	}
	classes, err := x.Classes(ctx)
	if err != nil || len(classes) != 5 || classes[1] != (Class{"class1", 12}) {
		t.Errorf("classes %v, %v", classes, err)
	}
}

// Neighbours equal a search, whether they come from the graph or not, before and after items go; Graph and Pairs agree with them.
func TestNeighbours(t *testing.T) {
	folder := filled(t, 90)
	w, err := OpenWriter(folder)
	must(t, err)
	ctx := context.Background()
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	check := func(when string) {
		t.Helper()
		for item, err := range x.Items(ctx) {
			must(t, err)
			v, err := x.Vector(item.ID)
			must(t, err)
			want, err := x.SearchAll(ctx, v, Query{K: 6, Without: []int64{item.ID}})
			must(t, err)
			if got, err := x.Neighbours(ctx, item.ID, 6); err != nil || !slices.Equal(got, want[0]) {
				t.Fatalf("%s: neighbours of %d are %v, %v; expected %v", when, item.ID, got, err, want[0])
			}
		}
	}
	if err := x.Graph(ctx, nil); !errors.Is(err, ErrNoGraph) {
		t.Errorf("no graph: %v", err)
	}
	check("without a graph")
	must(t, w.BuildGraph(ctx, 8, nil))
	check("with a graph")
	seen := map[Pair]bool{}
	must(t, x.Pairs(ctx, -1, func(p Pair) error {
		if p.A >= p.B || seen[p] {
			t.Errorf("pair %v comes again or in the wrong order", p)
		}
		seen[p] = true
		return nil
	}))
	must(t, x.Graph(ctx, func(id int64, hits []Hit) error {
		for _, h := range hits {
			if !seen[Pair{min(id, h.ID), max(id, h.ID), h.Score}] {
				t.Errorf("pair %d, %d is missing", id, h.ID)
			}
		}
		return nil
	}))
	for n := 0; n < 90; n += 2 {
		must(t, w.Remove(place(n).Path))
	}
	must(t, w.Commit())
	check("after half was removed")
	must(t, add(w, 90, 100))
	must(t, w.Commit())
	check("after some were added")
	must(t, w.Close())
}

func TestDecisions(t *testing.T) {
	folder := filled(t, 3)
	w, err := OpenWriter(folder)
	must(t, err)
	a, b := photograph(0).Hash, photograph(1).Hash
	must(t, w.Decide(Decision{A: a, B: b, Kind: "duplicate", Value: "yes"}))
	must(t, w.Decide(Decision{A: b, B: a, Kind: "duplicate", Value: "no"}))
	must(t, w.Decide(Decision{A: a, B: a, Kind: "label", Value: "class2"}))
	must(t, w.Commit())
	must(t, w.Compact())
	must(t, w.Close())
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	d, err := x.Decisions(context.Background(), "duplicate")
	if err != nil || len(d) != 1 || d[0].Value != "no" || slices.Compare(d[0].A[:], d[0].B[:]) > 0 {
		t.Errorf("decisions %v, %v", d, err)
	}
	if d, err = x.Decisions(context.Background(), ""); err != nil || len(d) != 2 {
		t.Errorf("decisions %v, %v", d, err)
	}
}

func TestRefusals(t *testing.T) {
	folder := filled(t, 3)
	w, err := OpenWriter(folder)
	must(t, err)
	if _, err := OpenWriter(folder); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	if _, err := Create(folder, testModel); err == nil || !strings.Contains(err.Error(), "already holds an index") {
		t.Errorf("an index in an index: %v", err)
	}
	if _, err := w.Add(Photograph{Hash: Hash{1}, Vector: make([]float32, 3)}); err == nil || !strings.Contains(err.Error(), "this index holds 20") {
		t.Errorf("a short vector: %v", err)
	}
	if _, err := w.Add(Photograph{Hash: Hash{1}, Vector: make([]float32, testDim)}); err == nil || !strings.Contains(err.Error(), "no direction") {
		t.Errorf("a vector of zeros: %v", err)
	}
	if err := w.Put(99, place(1)); !errors.Is(err, ErrUnknown) {
		t.Errorf("a place of an unknown item: %v", err)
	}
	must(t, w.Close())
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is not an index") {
		t.Errorf("an empty folder: %v", err)
	}
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	ctx := context.Background()
	if _, err := x.Item(ctx, 9); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown item: %v", err)
	}
	v := photograph(0).Vector
	minus := slices.Clone(v)
	for d := range minus {
		minus[d] = -v[d]
	}
	for _, c := range []struct {
		q    Query
		says string
	}{
		{Query{}, "at least one example"},
		{Query{Like: [][]float32{{1, 2}}}, "vectors of 20 dimensions"},
		{Query{Like: [][]float32{v}, K: -1}, "-1 hits"},
		{Query{Like: [][]float32{v}, Radius: -1}, "radius -1"},
		{Query{Like: [][]float32{v, minus}}, "cancel each other"},
		{Query{Like: [][]float32{v}, Unlike: [][]float32{{1}}}, "do not go together"},
	} {
		if _, err := x.Search(ctx, c.q); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: the error %v does not say %q", c.q, err, c.says)
		}
	}
}
