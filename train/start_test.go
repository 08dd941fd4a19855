package train

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/run"
)

// startConfig trains heads that begin as the features, in dim dimensions.
func startConfig(t *testing.T, data string, dim int) *config.Config {
	c := tiny(t, data)
	c.Method.FeatureNorm, c.Method.FeatureScale, c.Method.Start, c.Method.Dim = false, "root", "features", dim
	c.Freeze = config.Freeze{Part: "backbone"}
	return c
}

func TestRunStartsAsItsFeatures(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	for _, dim := range []int{0, 8} {
		tr := begin(t, startConfig(t, data, dim), filepath.Join(t.TempDir(), "run"), &recorder{})
		finish(t, tr)
		features := tr.Model.Backbone.Features()
		if dim == 0 && tr.Config.Method.Dim != features {
			t.Errorf("dim 0 became %d, want %d", tr.Config.Method.Dim, features)
		}
		again := begin(t, startConfig(t, data, dim), filepath.Join(t.TempDir(), "run"), &recorder{})
		sameBits(t, finish(t, again), tensorsOf(t, tr.Folder.Checkpoint(tr.Config.Steps())))
	}
}

func TestFewerDimensionsNeedCachedFeatures(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := startConfig(t, data, 8)
	c.Freeze = config.Freeze{}
	b, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, run.Folder(filepath.Join(t.TempDir(), "run")), b, &recorder{}); err == nil || !strings.Contains(err.Error(), "freeze.part") {
		t.Errorf("principal axes of features that nobody has: %v", err)
	}
}

func TestPrincipalAxes(t *testing.T) {
	const n, f, d = 200, 6, 3
	rng := rand.New(rand.NewPCG(1, 2))
	rows := make([]float32, n*f)
	for i := range rows {
		rows[i] = float32(rng.NormFloat64() * float64(1+i%f)) // feature j has deviation 1 + j
	}
	axes, err := principalAxes(rows, f, d)
	if err != nil {
		t.Fatal(err)
	}
	axis := func(j int) []float64 {
		v := make([]float64, f)
		for i := range f {
			v[i] = float64(axes[i*d+j])
		}
		return v
	}
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	along := make([]float64, d)
	for j := range d {
		for k := range j {
			if got := dot(axis(j), axis(k)); math.Abs(got) > 1e-5 {
				t.Errorf("axes %d and %d are not at right angles: %g", j, k, got)
			}
		}
		if got := dot(axis(j), axis(j)); math.Abs(got-1) > 1e-5 {
			t.Errorf("axis %d has squared length %g", j, got)
		}
		for r := range n {
			row := make([]float64, f)
			for i := range row {
				row[i] = float64(rows[r*f+i])
			}
			along[j] += dot(axis(j), row) * dot(axis(j), row) / n
		}
		// The largest moments are those of the last features.
		if got := math.Abs(axis(j)[f-1-j]); got < 0.8 {
			t.Errorf("axis %d lies along feature %d by %g only", j, f-1-j, got)
		}
	}
	if !slices.IsSortedFunc(along, func(a, b float64) int { return -int(math.Copysign(1, a-b)) }) {
		t.Errorf("moments along the axes do not fall: %v", along)
	}
}

func TestFoldIsJudgedInPlaceOfTheHeldOutClasses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, path)
	whole, err := openData(path, config.Fold{}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.reader.Close()
	var seen []int
	for held := 1; held <= 2; held++ {
		part, err := openData(path, config.Fold{Of: 2, Held: held}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer part.reader.Close()
		labels := part.reader.Labels()
		for _, i := range part.test {
			if slices.ContainsFunc(part.train, func(j int) bool { return labels[i] == labels[j] }) {
				t.Errorf("fold %d: the class of image %d is trained on and held out", held, i)
			}
		}
		if both := slices.Sorted(slices.Values(slices.Concat(part.train, part.test))); !slices.Equal(both, slices.Sorted(slices.Values(whole.train))) {
			t.Errorf("fold %d: its images are not the training images", held)
		}
		seen = append(seen, part.test...)
	}
	slices.Sort(seen)
	if !slices.Equal(seen, slices.Sorted(slices.Values(whole.train))) {
		t.Error("the folds together are not the training images")
	}
}
