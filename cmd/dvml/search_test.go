package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/index"
)

// printed runs a command and returns its status and what it wrote to standard output and standard error.
func printed(t *testing.T, args ...string) (status int, out, messages string) {
	t.Helper()
	oldOut, oldErr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = oldOut, oldErr }()
	var text [2]strings.Builder
	var done [2]chan error
	var ends [2]*os.File
	for i := range ends {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		ends[i], done[i] = w, make(chan error, 1)
		go func() {
			_, err := io.Copy(&text[i], r)
			done[i] <- errors.Join(err, r.Close())
		}()
	}
	os.Stdout, os.Stderr = ends[0], ends[1]
	status = execute(args)
	for i, w := range ends {
		w.Close()
		if err := <-done[i]; err != nil {
			t.Fatal(err)
		}
	}
	return status, text[0].String(), text[1].String()
}

// From a model and folders to answers, and back to the folders after photographs moved.
func TestIndexAndSearch(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 6, PerClass: 4, Size: 48, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	good := func(args ...string) string {
		t.Helper()
		status, out, messages := printed(t, args...)
		if status != 0 {
			t.Fatalf("dvml %v: status %d: %s", args, status, messages)
		}
		return out
	}
	bad := func(says string, args ...string) {
		t.Helper()
		if status, _, messages := printed(t, args...); status != 1 || !strings.Contains(messages, says) {
			t.Errorf("dvml %v: status %d, %q does not say %q", args, status, messages, says)
		}
	}
	good("prepare", in("pictures"), in("x.h5"), "--size", "48")
	for _, run := range []string{"run", "other"} {
		good("train", "--data", in("x.h5"), "-o", in(run), "--preset", "laptop", "--set", "backbone.width=0.125", "--set", "image.crop=40", "--set", "seed="+map[string]string{"run": "1", "other": "2"}[run],
			"--set", "batch={sampler: pxk, classes: 3, per_class: 2}", "--set", "evaluate.k=[1]",
			"--set", "phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]")
	}
	x := in("photos.dvml")
	says := func(out string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(out, text) {
				t.Errorf("%q does not say %q", out, text)
			}
		}
	}
	if err := os.WriteFile(in("pictures/broken.jpg"), []byte("\xff\xd8\xff"), 0o644); err != nil {
		t.Fatal(err)
	}
	says(good("index", in("run"), in("pictures"), "-o", x), "indexed: 24\n", "failed: 1\n  "+in("pictures/broken.jpg")+": ", "24 photographs in "+x)
	says(good("index", in("run"), "-o", x), "unchanged: 24\n")
	pictures, err := filepath.Glob(in("pictures/*/*.png"))
	if err != nil || len(pictures) != 24 {
		t.Fatal(len(pictures), err)
	}
	query := pictures[5]

	var answer []searched
	if err := json.Unmarshal([]byte(good("search", x, query, "--json", "-k", "23")), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer) != 1 || len(answer[0].Hits) != 23 {
		t.Fatalf("found %d answers", len(answer))
	}
	for i, h := range answer[0].Hits {
		if h.Path == query || h.Rank != i+1 || i > 0 && h.Score > answer[0].Hits[i-1].Score {
			t.Errorf("hit %d is %+v", i, h)
		}
	}
	nearest := answer[0].Hits[0]
	class := filepath.Base(filepath.Dir(pictures[0]))
	rows, err := csv.NewReader(strings.NewReader(good("search", x, query, pictures[20], "--csv", "--class", class))).ReadAll()
	if err != nil || rows[0][5] != "class" {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, row := range rows[1:] {
		if row[5] != class {
			t.Errorf("--class %s finds %v", class, row)
		}
	}
	says(good("search", x, query, "--k", "3", "--picture", in("found.png")), query+"\n", "rank  cosine", nearest.Path)
	says(good("search", x, query, "--like", pictures[6], "--unlike", pictures[20], "-k", "2"), query)
	says(good("search", x, "--like", pictures[6], "--like", pictures[7]), pictures[6]+" + "+pictures[7])
	says(good("search", x, query, "--radius", "0.0000001"), "nothing found")
	whole := good("search", x, query, "--crop", "0,0,48,48", "-k", "1") // of all, the query itself
	says(whole, "1.0000", query)
	good("search", x, query, "--crop", "8,8,20,30", "--picture", in("crop.png"))
	for _, made := range []string{"found.png", "crop.png"} {
		if _, err := os.Stat(in(made)); err != nil {
			t.Error(err)
		}
	}

	bad("does not know what its scores mean", "search", x, query, "--min-probability", ".5")
	if h := answer[0]; h.Known != nil || h.Open != nil || h.Hits[0].Probability != nil {
		t.Errorf("an index that is not calibrated answers with %+v", h)
	}
	checkCalibrated(t, x, query, answer[0].Hits, good)
	if status, _, messages := printed(t, "search", x, query, "--min-probability", "1.5"); status != 2 || !strings.Contains(messages, "expected 0 to 1") {
		t.Errorf("a probability of 1.5: status %d, %s", status, messages)
	}
	bad("expected a date", "search", x, query, "--after", "yesterday")
	says(good("search", x, query, "--before", "2100-01-01", "--id", strconv.FormatInt(answer[0].Hits[4].ID, 10)), answer[0].Hits[4].Path)

	bad("does not lie in the photograph of 48 x 48", "search", x, query, "--crop", "40,0,20,20")
	bad("expected four whole numbers", "search", x, query, "--crop", "1,2")
	bad("name a photograph", "search", x)
	bad("is a folder: expected an index", "search", in("pictures"), query)
	bad("does not exist: expected one photograph", "search", x, in("nothing.jpg"))
	bad("--class "+class+"x: "+x+" has no such class, but 6 others; did you mean \""+class+"\"?", "search", x, query, "--class", class+"x")
	bad("has no photographs in it", "search", x, query, "--folder", in("other"))
	bad("would overwrite a photograph", "search", x, query, "--picture", query)
	bad("is a folder: expected one photograph", "search", x, in("pictures"))
	bad("does not exist: expected a folder of photographs", "index", in("run"), in("absent"), "-o", x)
	says(good("info", x), ": an index of 24 photographs of 6 classes, ", "1 photograph could not be read", in("run"))
	bad("is another model", "index", in("other"), in("pictures"), "-o", x)
	bad("holds other files", "index", in("run"), in("pictures"), "-o", in("pictures"))

	checkClassified(t, x, in("pictures"), query, good, bad)
	checkReviewed(t, x, dir, good, bad)
	for _, least := range []string{"0", "-1"} { // 0 is a similarity like any other
		var groups grouping
		if err := json.Unmarshal([]byte(good("cluster", x, "--json", "--similarity", least)), &groups); err != nil {
			t.Fatal(err)
		}
		if strconv.FormatFloat(*groups.Similarity, 'g', -1, 64) != least {
			t.Errorf("--similarity %s: %v", least, *groups.Similarity)
		}
	}

	if err := os.Rename(pictures[0], in("pictures/moved.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(pictures[1]); err != nil {
		t.Fatal(err)
	}
	says(good("index", in("run"), "-o", x), "unchanged: 22\n", "moved: 1\n  "+pictures[0]+" -> "+in("pictures/moved.png"), "gone: 1\n  "+pictures[1], "23 photographs")
	says(good("index", "--compact", x), "23 photographs")
	says(good("index", in("other"), "-o", x, "--rebuild"), "indexed: 23\n", "replaces "+x)
	says(good("index", "--check", x), "every block is whole")
	good("index", in("other"), "-o", x)
	file, err := os.ReadFile(filepath.Join(x, "vectors.1"))
	if err != nil {
		t.Fatal(err)
	}
	file[5000] ^= 1
	if err := os.WriteFile(filepath.Join(x, "vectors.1"), file, 0o644); err != nil {
		t.Fatal(err)
	}
	bad("1 block damaged", "index", "--check", x)
	bad("block 0 of vectors.1", "search", x, query)
}

// checkCalibrated gives index x a calibration by which the fifth of all hits has an even chance and is the least similar that is known, and holds what a
// search prints against all hits.
func checkCalibrated(t *testing.T, x, query string, all []found, good func(...string) string) {
	t.Helper()
	middle := float64(all[4].Score)
	fitted := &calibrate.Calibration{
		Curve: calibrate.Curve{Form: calibrate.Logistic, Slope: 50, Offset: -50 * middle}, Share: .5,
		Open: calibrate.Open{Threshold: middle, Missed: .125, False: .25, Gallery: 12, Things: 3},
	}
	w, err := index.OpenWriter(x)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Calibrate(fitted)
	if err := errors.Join(err, w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	for _, least := range []float64{0, .4, .5, .51, 1} {
		var answer []searched
		if err := json.Unmarshal([]byte(good("search", x, query, "--json", "--min-probability", strconv.FormatFloat(least, 'g', -1, 64))), &answer); err != nil {
			t.Fatal(err)
		}
		var want []found
		for _, h := range all {
			if p := fitted.OfHit(float64(h.Score)); p >= least {
				h.Probability = &p
				want = append(want, h)
			}
		}
		got := answer[0].Hits
		if len(got) != len(want) {
			t.Fatalf("--min-probability %v finds %d; expected %d", least, len(got), len(want))
		}
		for i := range want {
			if got[i].ID != want[i].ID || *got[i].Probability != *want[i].Probability {
				t.Errorf("--min-probability %v: hit %d is %+v; expected %+v", least, i, got[i], want[i])
			}
		}
		if answer[0].Known == nil || !*answer[0].Known || answer[0].Open.False != .25 {
			t.Errorf("--min-probability %v: %+v is not known", least, answer[0])
		}
	}
	checkUnknown(t, x, query, fitted, good)
	if out := good("search", x, query); !strings.Contains(out, "known thing (wrong for 25.0 % of photographs of a thing that is not there, measured with 12 photographs of 3") ||
		!strings.Contains(out, "probability") {
		t.Errorf("printed: %s", out)
	}
}

// checkUnknown gives index x, whose calibration is fitted, one by which nothing is known for a moment.
func checkUnknown(t *testing.T, x, query string, fitted *calibrate.Calibration, good func(...string) string) {
	t.Helper()
	other := *fitted
	other.Open.Threshold = 2
	give := func(c *calibrate.Calibration) {
		if err := index.Change(x, func(w *index.Writer) error {
			_, err := w.Calibrate(c)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	give(&other)
	defer give(fitted)
	for _, c := range []struct {
		args  []string
		known *bool
		hits  int
	}{
		{nil, new(bool), 10},
		{[]string{"--min-probability", "0"}, new(bool), 0}, // no hit stands under "nothing like it here" as one that shows it
		{[]string{"--after", "2999-01-01"}, nil, 0},
		{[]string{"--radius", "2"}, new(bool), 23},
		{[]string{"--radius", "0.0000001"}, new(bool), 0}, // the nearest beyond it decides
	} {
		var answer []searched
		if err := json.Unmarshal([]byte(good(append([]string{"search", x, query, "--json"}, c.args...)...)), &answer); err != nil {
			t.Fatal(err)
		}
		if got := answer[0]; len(got.Hits) != c.hits || (got.Known == nil) != (c.known == nil) || got.Known != nil && *got.Known || (got.Open == nil) != (c.known == nil) {
			t.Errorf("%v: %d hits, known %v, %v; expected %d, %v", c.args, len(got.Hits), got.Known, got.Open, c.hits, c.known)
		}
	}
	if out := good("search", x, query, "--after", "2999-01-01"); !strings.Contains(out, "nothing found") || strings.Contains(out, "wrong for") {
		t.Errorf("filters that leave nothing: %s", out)
	}
	if out := good("search", x, query); !strings.Contains(out, "nothing like it here (wrong for 12.5 %") || !strings.Contains(out, "the nearest nevertheless:") {
		t.Errorf("printed: %s", out)
	}
}
