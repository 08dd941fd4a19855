package variation

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// planted is 400 vectors of 6 dimensions at very different scales in 4 classes: the first two are a and b, two are noise, one names half of the classes, one never moves.
func planted() (s Sample, a, b, noise []float64) {
	rng := rand.New(rand.NewPCG(4, 4))
	s.Dim = 6
	for i := range 400 {
		class := int32(i % 4)
		a, b, noise = append(a, rng.NormFloat64()), append(b, 5+rng.NormFloat64()), append(noise, rng.NormFloat64())
		s.Labels = append(s.Labels, 10*class)
		s.Rows = append(s.Rows, float32(1e-4*a[i]+3e-5*b[i]), float32(1000*b[i]), float32(rng.NormFloat64()), float32(rng.NormFloat64()), float32(class/2), 7)
	}
	return s, a, b, noise
}

func TestReadoutFindsWhatIsThere(t *testing.T) {
	s, a, b, noise := planted()
	mixed := make([]float64, len(a)) // half of its variance is in the vectors
	for i := range mixed {
		mixed[i] = a[i] - noise[i]
	}
	r, err := s.Readout([][]float64{a, b, noise, mixed}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range []float64{1, 1, 0, 0.5} {
		if got := r.R2[k]; math.Abs(got-want) > 0.08 {
			t.Errorf("target %d is read at R^2 %.3f, want %.2f", k, got, want)
		}
	}
	// The fifth dimension says which two of the four classes it may be.
	if math.Abs(r.Accuracy-0.5) > 0.08 {
		t.Errorf("classes are read at %.3f, want .5", r.Accuracy)
	}
	again, err := s.Readout([][]float64{a}, 1)
	if err != nil || again.R2[0] != r.R2[0] || again.Accuracy != r.Accuracy {
		t.Errorf("a target is read at %v with others beside it, at %v alone (%v)", r.R2[0], again.R2[0], err)
	}
}

// The probe's weights are the ridge's by Gauss's elimination, its penalty in units of a dimension's variance.
func TestProbeByBruteForce(t *testing.T) {
	s, a, b, _ := planted()
	s = Sample{Dim: 2, Labels: s.Labels[:30]}
	for i := range s.Labels {
		s.Rows = append(s.Rows, float32(3*a[i]+1), float32(0.1*b[i]+a[i]))
	}
	y := mat.NewDense(len(s.Labels), 1, nil)
	learn, test := []int{}, []int{25, 26, 27, 28, 29}
	var mean, square, my [2]float64
	for i := range 25 {
		y.Set(i, 0, a[i]-2*b[i])
		learn = append(learn, i)
		my[0] += y.At(i, 0) / 25
		for j := range 2 {
			mean[j] += float64(s.row(i)[j]) / 25
		}
	}
	for i := range 25 {
		for j := range 2 {
			d := float64(s.row(i)[j]) - mean[j]
			square[j] += d * d / 24
		}
	}
	x := func(i, j int) float64 { return (float64(s.row(i)[j]) - mean[j]) / math.Sqrt(square[j]) }
	const penalty = 0.3
	var g [2][2]float64
	var h [2]float64
	for i := range 25 {
		for j := range 2 {
			for k := range 2 {
				g[j][k] += x(i, j) * x(i, k) / 25
			}
			h[j] += x(i, j) * (y.At(i, 0) - my[0]) / 25
		}
	}
	g[0][0], g[1][1] = g[0][0]+penalty, g[1][1]+penalty
	det := g[0][0]*g[1][1] - g[0][1]*g[1][0]
	w := [2]float64{(h[0]*g[1][1] - h[1]*g[0][1]) / det, (g[0][0]*h[1] - g[1][0]*h[0]) / det}
	got, err := s.probe(y, learn).predict(s, test, penalty)
	if err != nil {
		t.Fatal(err)
	}
	for row, i := range test {
		if want := my[0] + w[0]*x(i, 0) + w[1]*x(i, 1); math.Abs(got.At(row, 0)-want) > 1e-9*math.Abs(want) {
			t.Errorf("row %d is predicted as %g, %g by hand", i, got.At(row, 0), want)
		}
	}
}

func TestReadoutRefuses(t *testing.T) {
	s, a, _, _ := planted()
	short := append([]float64{}, a...)
	short[3] = math.NaN()
	for part, do := range map[string]func() error{
		"399 values":      func() error { _, err := s.Readout([][]float64{a[1:]}, 1); return err },
		"not finite":      func() error { _, err := s.Readout([][]float64{short}, 1); return err },
		"nothing to read": func() error { _, err := s.Readout([][]float64{make([]float64, 400)}, 1); return err },
		"at least 10": func() error {
			_, err := (Sample{Rows: []float32{1, 2}, Dim: 1, Labels: []int32{0, 1}}).Readout(nil, 1)
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", part, err)
		}
	}
}
