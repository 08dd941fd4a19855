package variation

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The values are of scipy 1.17.1: scipy.special.kolmogorov.
func TestKolmogorovAgainstScipy(t *testing.T) {
	for _, c := range [][2]float64{
		{0.05, 1}, {0.2, 0.999999999999495}, {0.5, 0.9639452436648751}, {0.8, 0.5441424115741981}, {0.99999, 0.27001039131729154},
		{1, 0.26999967167735456}, {1.36, 0.049485876755377876}, {2, 0.0006709252557796953},
	} {
		near(t, "the tail", Kolmogorov(c[0]), c[1], 1e-14)
	}
	near(t, "the far tail", Kolmogorov(3.5)/4.579469691291106e-11, 1, 1e-12)
	if Kolmogorov(0) != 1 || Kolmogorov(1e-300) != 1 {
		t.Error("no distance is not sure")
	}
}

// Statistics are of scipy 1.17.1's stats.ks_2samp, p-values of its special.kolmogorov(d sqrt(n m / (n + m))).
func TestKolmogorovSmirnovAgainstScipy(t *testing.T) {
	d, p := KolmogorovSmirnov([]float64{-1.2, 0.3, 0.3, 0.9, 2.5}, []float64{-0.5, 0.3, 1.1, 1.8, 2.6, 3.0, 4.4})
	near(t, "the statistic with a tie", d, 0.5142857142857142, 1e-15)
	near(t, "its p", p, 0.4233642794358531, 1e-14)
	var a, b []float64
	for i := range 57 {
		n := float64(i) * float64(i)
		if i < 40 {
			a = append(a, math.Sin(n))
		}
		b = append(b, 1.5*math.Cos(n)+0.2)
	}
	slices.Sort(a)
	slices.Sort(b)
	d, p = KolmogorovSmirnov(a, b)
	near(t, "the statistic", d, 0.42105263157894735, 1e-15)
	near(t, "its p", p, 0.0004803044062174518, 1e-14)
}

// waves is 4 classes of 12 vectors of 3 dimensions: in dimension 1 their variances differ, in dimensions 0 and 1 their centres.
func waves() Sample {
	s := Sample{Dim: 3}
	for i := range 48 {
		class := float64(i % 4)
		s.Labels = append(s.Labels, int32(10*(i%4)))
		for j := range 3 {
			v := math.Sin(1.7*float64(i) + 2.3*float64(j*j))
			if j == 1 {
				v *= 1 + 0.5*class
			}
			if j != 2 {
				v += 0.4 * class
			}
			s.Rows = append(s.Rows, float32(v))
		}
	}
	return s
}

// The values are of numpy and scipy 1.17.1, by two loops over classes and dimensions.
func TestIndependenceAgainstScipy(t *testing.T) {
	for _, c := range []struct {
		name                              string
		s                                 Sample
		statistic, p, rejected, deviation float64
	}{
		{"as they stand", waves(), 0.2962962962962962, 0.5849335654438585, 0.1111111111111111, 0.23407314496364537},
		{"about the centres", waves().Centred(), 0.1574074074074074, 0.8792286059616711, 0, 0.23407313877796132},
	} {
		r, err := Test(c.s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		near(t, c.name+": the statistic", r.Statistic, c.statistic, 1e-12)
		near(t, c.name+": p", r.P, c.p, 1e-12)
		near(t, c.name+": the share rejected", r.Rejected, c.rejected, 1e-12)
		near(t, c.name+": the deviation", r.Deviation, c.deviation, 1e-7)
		if r.Classes != 4 || r.Pairs != 6 {
			t.Errorf("%s: %d classes, %d pairs", c.name, r.Classes, r.Pairs)
		}
	}
}

func TestAxesAgainstNumpy(t *testing.T) {
	a, err := waves().Axes()
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{2.4139115, 0.7078651, 0.03064454} {
		near(t, "a variance", a.Variances[k], want, 1e-7)
	}
	for j, want := range []float64{-0.31647055, 0.85584762, 0.40911031} {
		near(t, "a component", a.Vectors[0][j], want, 1e-7)
	}
	points := a.Project(waves(), 0, 1)
	sum, product := 0.0, 0.0
	for _, p := range points {
		sum += p[0] * p[0]
		product += p[0] * p[1]
	}
	near(t, "the variance of the points", sum/47, a.Variances[0], 1e-6)
	near(t, "the covariance of the points", product/47, 0, 1e-6)
}

// normal is classes of n vectors each; scale gives a class's standard deviation.
func normal(classes, n, dim int, scale func(class int) float64) Sample {
	rng := rand.New(rand.NewPCG(1, 2))
	s := Sample{Dim: dim}
	for i := range classes * n {
		class := i % classes
		s.Labels = append(s.Labels, int32(class))
		for range dim {
			s.Rows = append(s.Rows, float32(rng.NormFloat64()*scale(class)+3*float64(class)))
		}
	}
	return s
}

// Where all classes vary alike the numbers are the control's; where they do not, they are far from it.
func TestControlTellsTheCasesApart(t *testing.T) {
	for _, c := range []struct {
		name  string
		scale func(int) float64
		alike bool
	}{
		{"alike", func(int) float64 { return 1 }, true},
		{"each in its own way", func(class int) float64 { return 1 + float64(class%3) }, false},
	} {
		s := normal(20, 40, 4, c.scale).Centred()
		r, err := Test(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		control, err := Test(s.Shuffled(1).Centred(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if alike := math.Abs(r.P-control.P) < 0.05 && math.Abs(r.Deviation-control.Deviation) < 0.05; alike != c.alike {
			t.Errorf("%s: %+v, control %+v", c.name, r, control)
		}
		near(t, "the control's deviation of normal variances", control.Deviation, map[bool]float64{true: math.Sqrt(2.0 / 39), false: control.Deviation}[c.alike], 0.04)
	}
}

func TestPairsAreDrawnWhereThereAreMany(t *testing.T) {
	pairs := pairsOf(200, 300, 7)
	seen := map[[2]int]bool{}
	for _, p := range pairs {
		if p[0] >= p[1] || p[1] >= 200 || seen[p] {
			t.Fatalf("pair %v", p)
		}
		seen[p] = true
	}
	if len(pairs) != 300 || !slices.Equal(pairs, pairsOf(200, 300, 7)) {
		t.Errorf("%d pairs, or not the same ones again", len(pairs))
	}
}

func TestRefusals(t *testing.T) {
	for want, s := range map[string]Sample{
		"no vectors":    {Dim: 2},
		"want at least": {Dim: 0, Labels: []int32{1}},
		"values for":    {Dim: 2, Labels: []int32{1}, Rows: []float32{1}},
		"not finite":    {Dim: 1, Labels: []int32{1, 2}, Rows: []float32{1, float32(math.NaN())}},
		"8 images":      {Dim: 1, Labels: []int32{1, 2}, Rows: []float32{1, 2}},
	} {
		if _, err := Test(s, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestCollapsedDimensionsAreLeftOut(t *testing.T) {
	s := normal(3, 10, 1, func(int) float64 { return 1 })
	wide := Sample{Dim: 2, Labels: s.Labels}
	for _, v := range s.Rows {
		wide.Rows = append(wide.Rows, v, 5)
	}
	a, errA := Test(s.Centred(), Options{})
	b, errB := Test(wide.Centred(), Options{})
	if errA != nil || errB != nil || a.Deviation != b.Deviation {
		t.Errorf("%+v %v, with a constant dimension %+v %v", a, errA, b, errB)
	}
}

func TestEffectiveDimensions(t *testing.T) {
	near(t, "even", EffectiveDimensions([]float64{2, 2, 2, 2}), 4, 1e-12)
	near(t, "one", EffectiveDimensions([]float64{0, 9, 0}), 1, 1e-12)
	near(t, "none", EffectiveDimensions([]float64{0, 0}), 0, 0)
}
