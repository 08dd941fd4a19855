package diagnose

import (
	"image"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/variation"
)

// heads are those of 5 images in 2 dimensions; the last image's s^2 runs away.
func heads() embed.Heads {
	h := embed.Heads{Dim: 2, ZI: []float32{3, 4, 0, 5, 6, 8, 5, 0, 0, 10}, Mu: []float32{1, 0, -1, 0, 1, 0, -1, 0, 0, 0}}
	for i := range 5 {
		l := math.Log(float64(i + 1))
		if i == 4 {
			l = 20
		}
		h.LogVar = append(h.LogVar, float32(l), 0)
	}
	return h
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-5*math.Abs(want)+1e-9 {
		t.Errorf("%s is %g, %g by hand", what, got, want)
	}
}

func TestGeneratorByHand(t *testing.T) {
	h := heads()
	g := generator(h)
	if g.Active != 1 { // mu of the second dimension is 0 throughout
		t.Errorf("%d dimensions are active, not 1", g.Active)
	}
	near(t, "the variance of mu", g.MeanVariance, 0.5) // (1 + 0) / 2
	near(t, "the median variance", g.Variance, 1)
	// The images' divergences: (s^2 + mu^2 - log s^2 - 1) / 2 of the first dimension, for s^2 = 1 to 4 and e^20.
	near(t, "the median divergence", g.Divergence, (3+1-math.Log(3)-1)/2)
	near(t, "the largest divergence", g.MostDivergence, (math.Exp(20)-20-1)/2)
	near(t, "the deviation along the first dimension", deviation(h, 1, []float64{1, 0}), math.Sqrt(1+3))
	near(t, "z_I's mean length", length(h), (5+5+10+5+10)/5.0)
	for j, want := range []float64{3, 1} {
		near(t, "the median of s^2", sigmaSquares(h)[j], want)
	}
}

// z_V's draws have the mean and the variance of their heads.
func TestDrawsAreOfTheHeadsDistribution(t *testing.T) {
	const n = 20000
	h := embed.Heads{Dim: 1}
	for range n {
		h.Mu, h.LogVar = append(h.Mu, 2), append(h.LogVar, float32(math.Log(9)))
	}
	zv := draws(h, 7)
	mean, square := 0.0, 0.0
	for _, z := range zv {
		mean += float64(z) / n
		square += float64(z) * float64(z) / n
	}
	if math.Abs(mean-2) > 0.1 || math.Abs(square-mean*mean-9) > 0.4 {
		t.Errorf("mean %g and variance %g of N(2, 9)", mean, square-mean*mean)
	}
	if !reflect.DeepEqual(zv, draws(h, 7)) || reflect.DeepEqual(zv, draws(h, 8)) {
		t.Error("draws do not go by the seed alone")
	}
}

func TestReach(t *testing.T) {
	for _, c := range []struct{ deviation, length, want float64 }{{1, 33.4, 17}, {1, 2, 4}, {0, 5, 4}} {
		if got := (&Generator{Deviation: c.deviation, Length: c.length}).reach(); got != c.want {
			t.Errorf("%+v: reach %g", c, got)
		}
	}
}

func TestOrientMirrors(t *testing.T) {
	points := [][2]float64{{1, 2}, {-3, 4}}
	orient(points, [][2]float64{{5, 0}, {0, -5}})
	if want := [][2]float64{{-1, -2}, {3, -4}}; !reflect.DeepEqual(points, want) {
		t.Errorf("%v, want %v", points, want)
	}
}

func TestEnough(t *testing.T) {
	for want, sizes := range map[int][]int{8: {8, 9, 1}, 2: {8, 3, 3}} {
		var labels []int32
		for c, n := range sizes {
			for range n {
				labels = append(labels, int32(c))
			}
		}
		if got := enough(labels); got != want {
			t.Errorf("classes of %v images are compared from %d on, want %d", sizes, got, want)
		}
	}
}

// A kept diagnosis is read back whole.
func TestKeptIsReadBack(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 3, 2))
	for i := range picture.Pix {
		if picture.Pix[i] = uint8(10 * i); i%4 == 3 {
			picture.Pix[i] = 255
		}
	}
	d := &Diagnosis{Key: "k", Step: 7, Images: 3, Classes: 2, Dim: 4, Objective: "dvml", Generator: &Generator{Active: 3}, Shown: []string{"1 a"},
		Variations: []Variation{{Of: "z_V", Found: variation.Independence{P: 0.25}}}, Spreads: []Spread{{SpreadMu, []float64{2, 1}}},
		Map: picture, Neighbours: picture, Walk: picture}
	dir := t.TempDir()
	if err := d.Keep(dir); err != nil {
		t.Fatal(err)
	}
	got, err := Kept(dir)
	if err != nil || !reflect.DeepEqual(got, d) {
		t.Errorf("read back %+v, %v", got, err)
	}
	if _, err := Kept(t.TempDir()); err == nil {
		t.Error("an empty folder has a diagnosis")
	}
}

func TestMakeRefuses(t *testing.T) {
	if _, err := Make(t.Context(), "no-such-file", Options{}); err == nil || !strings.Contains(err.Error(), "no-such-file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestCurvesOfManyDimensionsAreThinned(t *testing.T) {
	rng, wide := rand.New(rand.NewPCG(1, 1)), Spread{Of: SpreadMu}
	for range 1500 {
		wide.Variances = append(wide.Variances, rng.Float64())
	}
	c := (&Diagnosis{Spreads: []Spread{wide}}).Curves()[0]
	if len(c.X) > 400 || c.X[1] != 5 || c.Y[1] != wide.Variances[4] {
		t.Errorf("%d points, the second (%g, %g)", len(c.X), c.X[1], c.Y[1])
	}
}
