package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/review"
)

// checkReviewed holds what `dvml review` writes about index x, into folders below dir, against what it prints.
func checkReviewed(t *testing.T, x, dir string, good func(...string) string, bad func(string, ...string)) {
	t.Helper()
	bad("name at least two folders", "review", x, "--half", dir)
	bad("has no photographs in", "review", x, "--half", filepath.Join(dir, "a"), "--half", filepath.Join(dir, "b"))
	out := filepath.Join(dir, "review")
	told := func(args ...string) (all review.Told) {
		t.Helper()
		if err := json.Unmarshal([]byte(good(append([]string{"review", x, "--json"}, args...)...)), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := told("-o", out)
	if all.Photographs != 24 || len(all.Queues) != len(review.Queues()) || all.Sides != nil {
		t.Errorf("%+v", all)
	}
	for name, entries := range all.Queues {
		file, err := os.ReadFile(filepath.Join(out, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := csv.NewReader(strings.NewReader(string(file))).ReadAll(); err != nil || len(rows) != len(entries)+1 {
			t.Errorf("%s.csv: %d rows for %d entries, %v", name, len(rows), len(entries), err)
		}
	}
	page, err := os.ReadFile(filepath.Join(out, "review.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, foreign := range []string{"http:", "https:", "<script", "ZgotmplZ"} {
		if strings.Contains(string(page), foreign) {
			t.Errorf("the page holds %s", foreign)
		}
	}
	if n := len(all.Queues[review.Confusions]) + len(all.Queues[review.Labels]); n == 0 || !strings.Contains(string(page), "data:image/jpeg;base64,") {
		t.Errorf("%d photographs of a model that was hardly trained have neighbours of other classes, of 24", n)
	}

	// The same index once more: all of it leaks.
	if n := len(told("--other", x, "-o", filepath.Join(dir, "leaks")).Queues[review.Leaks]); n != 24 {
		t.Errorf("%d photographs of an index stand in the same index, of 24", n)
	}

	// What was decided does not come back.
	name := review.Labels
	if len(all.Queues[name]) == 0 {
		name = review.Confusions
	}
	first := all.Queues[name][0].A
	opened, err := index.Open(x)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	item, err := opened.Item(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := index.Change(x, func(w *index.Writer) error {
		return w.Decide(index.Decision{A: item.Hash, B: item.Hash, Kind: "label", Value: "other", At: time.Now()})
	}); err != nil {
		t.Fatal(err)
	}
	after := told()
	if after.Decided != 1 || len(after.Queues[name]) != len(all.Queues[name])-1 {
		t.Errorf("%d entries of %s after one of %d was decided, %d left out", len(after.Queues[name]), name, len(all.Queues[name]), after.Decided)
	}
	for _, e := range after.Queues[name] {
		if e.A.ID == first.ID {
			t.Errorf("%s comes back", first.Path)
		}
	}
	if printed := good("review", x); !strings.Contains(printed, "1 left out: something was decided") || !strings.Contains(printed, "24 photographs in "+x) {
		t.Errorf("printed: %s", printed)
	}
}
