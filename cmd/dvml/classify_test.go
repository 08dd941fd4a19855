package main

import (
	"encoding/csv"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// checkClassified holds what `dvml classify` prints of index x, made of 24 pictures of 6 classes, against itself and against a search.
func checkClassified(t *testing.T, x, pictures, query string, good func(...string) string, bad func(string, ...string)) {
	t.Helper()
	bad("name photographs to classify", "classify", x)
	bad("cannot be combined", "classify", x, query, "--leave-one-out")
	bad("does not exist: expected photographs", "classify", x, filepath.Join(pictures, "none.png"))

	var all namings
	if err := json.Unmarshal([]byte(good("classify", x, pictures, "--json")), &all); err != nil {
		t.Fatal(err)
	}
	if n := len(all.Photographs); n != 24 || all.Open == nil || all.Summary.There != 24 || all.Summary.Foreign != 0 {
		t.Fatalf("%d photographs, %+v, %+v", n, all.Summary, all.Open)
	}
	var counted right
	for _, o := range all.Photographs {
		var found []searched
		if err := json.Unmarshal([]byte(good("search", x, o.Photograph, "-k", "1", "--json")), &found); err != nil {
			t.Fatal(err)
		}
		hit := found[0].Hits[0]
		if o.Nearest.ID != hit.ID || o.Nearest.Path != hit.Path || *o.Known != *found[0].Known || (o.Class == nil) == *o.Known || o.Of != filepath.Base(filepath.Dir(o.Photograph)) {
			t.Errorf("%+v; a search finds %+v, known %v", o, hit, *found[0].Known)
		}
		counted.There++
		switch {
		case o.Class == nil:
			counted.Missed++
		case *o.Class == o.Of:
			counted.Right++
		default:
			counted.Wrong++
		}
	}
	if counted != all.Summary {
		t.Errorf("summary %+v; counted %+v", all.Summary, counted)
	}
	percent := strconv.FormatFloat(100*float64(counted.Right)/24, 'f', 1, 64)
	for _, args := range [][]string{{"--leave-one-out"}, {pictures}} { // the pictures are those of the index
		out := good(append([]string{"classify", x}, args...)...)
		if want := "24 photographs of classes in the index: " + strconv.Itoa(counted.Right) + " (" + percent + " %) named right"; !strings.Contains(out, want) {
			t.Errorf("%v: %q does not say %q", args, out, want)
		}
		if !strings.Contains(out, "12 photographs of 3 classes") {
			t.Errorf("%v: %q does not say what its rates rest on", args, out)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(good("classify", x, query, "--csv", "--by", "means", "-k", "3"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != query || rows[1][2] == "" || rows[1][4] != "" {
		t.Errorf("%v, %v", rows, err)
	}
}
