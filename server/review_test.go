package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
)

// What is decided stays decided under every number and is taken back, entries keep their places,
// and photographs that come make the queues anew.
func TestReview(t *testing.T) {
	m := &colours{}
	dir := t.TempDir()
	photos, folder := filepath.Join(dir, "photos"), filepath.Join(dir, "photos.dvml")
	for i := range 40 {
		path := filepath.Join(photos, "train", fmt.Sprintf("class%d", i%5), fmt.Sprintf("%03d.jpg", i))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, picture(i), 0o644))
	}
	wrong := filepath.Join(photos, "train", "class1", "wrong.jpg") // it shows what class3 does
	must(t, os.WriteFile(wrong, picture(43), 0o644))
	leak := filepath.Join(photos, "test", "class2", "leak.jpg")
	must(t, os.MkdirAll(filepath.Dir(leak), 0o755))
	must(t, os.WriteFile(leak, picture(7), 0o644)) // equal to one of train
	makeIndex(t, m, folder, photos)
	x := serve(t, m, folder, photos)
	read := func(queue string) (v reviewView) {
		t.Helper()
		x.get("/v1/review/"+queue).expect(t, 200).json(t, &v)
		return v
	}
	labels := read("labels")
	if labels.Total != 1 || labels.Undecided != 1 || labels.Entries[0].A.Path != wrong || *labels.Entries[0].Given != "class1" || *labels.Entries[0].Suggested != "class3" {
		t.Fatalf("labels: %+v", labels)
	}
	leaks := read("leaks")
	if fmt.Sprint(leaks.Sides) == "[]" || leaks.Total == 0 {
		t.Fatalf("leaks: %+v", leaks)
	}
	copied := leaks.Entries[0]
	if copied.B != nil || len(copied.A.Places) != 2 {
		t.Errorf("the same content on both sides: %+v", copied)
	}
	decide := func(kind string, e entryView, value string) {
		t.Helper()
		x.postJSON("/v1/decisions", fmt.Sprintf(`{"kind":%q,"a":%q,"value":%q}`, kind, e.A.Hash, value), bearer...).expect(t, 200)
	}
	decide("label", labels.Entries[0], "class3")
	decide("leak", copied, "leak")
	if v := read("labels"); v.Total != 1 || v.Undecided != 0 || v.Entries[0].Decision == nil || *v.Entries[0].Decision != "class3" || v.Entries[0].Key != labels.Entries[0].Key {
		t.Errorf("after the decision: %+v", v)
	}
	if v := read("leaks"); v.Total != leaks.Total || v.Undecided != leaks.Undecided-1 || *v.Entries[0].Decision != "leak" {
		t.Errorf("after the decision: %+v", v)
	}
	decide("label", labels.Entries[0], "")
	if v := read("labels"); v.Undecided != 1 || v.Entries[0].Decision != nil {
		t.Errorf("taken back: %+v", v)
	}
	var part reviewView
	x.get("/v1/review/duplicates?offset=1000000&limit=1").expect(t, 200).json(t, &part)
	if len(part.Entries) != 0 {
		t.Errorf("beyond the end: %+v", part)
	}
	x.get("/v1/review/colours").expect(t, 404)
	x.get("/v1/review/labels?limit=0").expect(t, 400)

	second := filepath.Join(photos, "train", "class0", "wrong.jpg")
	must(t, os.WriteFile(second, picture(44), 0o644))
	w, err := index.OpenWriter(folder)
	must(t, err)
	_, err = gather.Update(context.Background(), w, m, []string{photos}, gather.Options{Fit: m.Fit()})
	must(t, err)
	must(t, w.BuildGraph(context.Background(), 5, nil))
	must(t, w.Close())
	x.wait("the new photograph is in the queue", func() bool { return read("labels").Total == 2 })
}

// An index without neighbours cannot be reviewed, and says what to do.
func TestReviewNeedsNeighbours(t *testing.T) {
	m := &colours{}
	dir := t.TempDir()
	photographs(t, filepath.Join(dir, "photos"), 10)
	made, err := m.ForIndex()
	must(t, err)
	w, err := index.Create(filepath.Join(dir, "photos.dvml"), made)
	must(t, err)
	_, err = gather.Update(context.Background(), w, m, []string{filepath.Join(dir, "photos")}, gather.Options{Fit: m.Fit()})
	must(t, err)
	must(t, w.Close())
	serve(t, m, filepath.Join(dir, "photos.dvml"), dir).get("/v1/review/labels").expect(t, 409)
}
