package index

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestMap(t *testing.T) {
	folder := filled(t, 30)
	ctx := context.Background()
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	if _, err := x.Map(ctx); !errors.Is(err, ErrNoMap) {
		t.Fatalf("an index without a map: %v", err)
	}
	if has, err := x.HasMap(ctx); has || err != nil {
		t.Fatalf("an index without a map has one: %t, %v", has, err)
	}
	var m Map
	for item, err := range x.Items(ctx) {
		must(t, err)
		m.IDs = append(m.IDs, item.ID)
		m.Places = append(m.Places, [2]float32{float32(item.ID), -1})
		m.Trust = append(m.Trust, float32(item.ID)/100)
	}
	m.Seed, m.Of = 7, 15
	w, err := OpenWriter(folder)
	must(t, err)
	must(t, w.SetMap(m))
	must(t, w.Commit())
	got, err := x.Map(ctx)
	must(t, err)
	if got.Seed != 7 || got.Of != 15 || !slices.Equal(got.IDs, m.IDs) || !slices.Equal(got.Places, m.Places) || !slices.Equal(got.Trust, m.Trust) {
		t.Errorf("the map came back as %+v", got)
	}
	if has, err := x.HasMap(ctx); !has || err != nil {
		t.Errorf("an index with a map has none: %t, %v", has, err)
	}
	// Items that are gone are on it no more; it lasts over a compaction.
	must(t, w.Remove(place(3).Path))
	must(t, w.Compact())
	must(t, w.Close())
	got, err = x.Map(ctx)
	must(t, err)
	if len(got.IDs) != len(m.IDs)-1 || len(got.Places) != len(got.IDs) {
		t.Errorf("%d items on the map after one of %d went", len(got.IDs), len(m.IDs))
	}
	m.Trust = m.Trust[1:]
	w, err = OpenWriter(folder)
	must(t, err)
	defer w.Close()
	if w.SetMap(m) == nil {
		t.Error("a map with a trust too few was kept")
	}
}

func TestChange(t *testing.T) {
	folder := filled(t, 4)
	must(t, Change(folder, func(w *Writer) error { return add(w, 4, 5) }))
	must(t, holdsExactly(folder, numbers(0, 5)))
	failed := errors.New("no")
	err := Change(folder, func(w *Writer) error { return errors.Join(add(w, 5, 6), failed) })
	if !errors.Is(err, failed) {
		t.Errorf("a change that failed: %v", err)
	}
	must(t, holdsExactly(folder, numbers(0, 5)))
	w, err := OpenWriter(folder)
	must(t, err)
	if err := Change(folder, func(*Writer) error { return nil }); !errors.Is(err, ErrLocked) {
		t.Errorf("a change beside a writer: %v", err)
	}
	must(t, w.BuildGraph(context.Background(), 2, nil))
	must(t, w.Close())
	x, err := Open(folder)
	must(t, err)
	defer x.Close()
	if has, err := x.HasGraph(context.Background()); !has || err != nil {
		t.Errorf("an index with a graph has none: %t, %v", has, err)
	}
	must(t, Change(folder, func(w *Writer) error { return add(w, 5, 6) }))
	if has, err := x.HasGraph(context.Background()); has || err != nil {
		t.Errorf("a graph of fewer photographs than there are is whole: %t, %v", has, err)
	}
}
