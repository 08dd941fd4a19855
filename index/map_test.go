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
