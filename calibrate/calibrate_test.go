package calibrate

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

// rowsAbout draws rows about class directions, tightly by spread.
func rowsAbout(seed uint64, classes, each, dim int, spread float64) ([]float32, []int32) {
	rng := rand.New(rand.NewPCG(seed, 1))
	var x []float32
	var labels []int32
	for c := range classes {
		centre := make([]float64, dim)
		for d := range centre {
			centre[d] = rng.NormFloat64()
		}
		for range each {
			for d := range dim {
				x = append(x, float32(centre[d]+spread*rng.NormFloat64()))
			}
			labels = append(labels, int32(c))
		}
	}
	return x, labels
}

// lawful makes counts of pairs whose probability at each similarity is that of a law, where same and different weigh alike.
func lawful(law func(s float64) float64) pairs {
	var p pairs
	p.Low, p.Step = -1, 2./steps
	p.Same, p.Different = make([]uint64, steps+1), make([]uint64, steps+1)
	for b := range p.Same {
		s := p.Similarity(b)
		crowd := 1e6 * math.Exp(-2*s*s)
		p.Same[b] = uint64(crowd * law(s))
		p.Different[b] = uint64(crowd * (1 - law(s)))
		p.same += float64(p.Same[b])
		p.different += float64(p.Different[b])
	}
	return p
}

func TestFitFindsTheLaw(t *testing.T) {
	logistic := func(s float64) float64 { return 1 / (1 + math.Exp(-(9*s - 1))) }
	bent := func(s float64) float64 { return 0.1 + 0.8*math.Pow((s+1)/2, 6) }
	for name, law := range map[string]func(float64) float64{"logistic": logistic, "bent": bent} {
		p := lawful(law)
		share := p.share()
		for _, form := range forms {
			if name == "bent" && form == Logistic {
				continue
			}
			c := fit(form, p)
			for s := -0.8; s <= 0.9; s += 0.1 {
				if got := c.Prior(s, share); math.Abs(got-law(s)) > 0.01 {
					t.Errorf("%s by %s: %.4f at %.1f, want %.4f", name, form, got, s, law(s))
				}
			}
			var b bins
			b.add(c, p, share)
			if e := b.error(); e > 0.005 {
				t.Errorf("%s by %s: expected calibration error %.4f", name, form, e)
			}
		}
	}
}

// Where one kind of pair is rare, as the same are, single ones at the ends do not bend an isotonic curve.
func TestIsotonicOfRarePairs(t *testing.T) {
	law := func(s float64) float64 { return 1 / (1 + math.Exp(-(6*s - 1))) }
	rng := rand.New(rand.NewPCG(3, 3))
	p, share := lawful(law), 0.0
	share = p.share()
	p.same = 0
	for b := range p.Same { // a few hundred of hundreds of millions
		mean := float64(p.Same[b]) / 1e6
		p.Same[b] = uint64(mean)
		if rng.Float64() < mean-math.Floor(mean) {
			p.Same[b]++
		}
		p.same += float64(p.Same[b])
	}
	c := fit(Isotonic, p)
	for s := -0.9; s <= 0.9; s += 0.1 {
		if got := c.Prior(s, share); math.Abs(got-law(s)) > 0.12 {
			t.Errorf("%.3f at %.1f, want %.3f (%g pairs are the same)", got, s, law(s), p.same)
		}
	}
}

// A curve that is off by a known amount has that error.
func TestErrorOfAWrongCurve(t *testing.T) {
	p := lawful(func(float64) float64 { return 0.3 })
	c := Curve{Form: Logistic, Offset: math.Log(0.7 / 0.3)} // says .7 where same and different weigh alike: there .5 is true
	var b bins
	b.add(c, p, 0.5)
	if e := b.error(); math.Abs(e-0.2) > 1e-3 {
		t.Errorf("expected calibration error %.4f, want 0.2", e)
	}
}

func TestFit(t *testing.T) {
	x, labels := rowsAbout(1, 60, 12, 16, 0.8)
	c, err := Fit(x, 16, labels, 3)
	if err != nil {
		t.Fatal(err)
	}
	if c.Error > 0.03 || c.ErrorOfPairs > 0.03 || c.LogLoss > c.OtherLogLoss+0.01 {
		t.Errorf("%+v", c)
	}
	if want := 11. / 719; math.Abs(c.Share-want) > 1e-9 {
		t.Errorf("%.5f of the pairs are the same, want %.5f", c.Share, want)
	}
	last := -1.0
	for s := -1.0; s <= 1; s += 0.01 {
		p := c.Curve.At(s)
		if p < last-1e-12 || p <= 0 || p >= 1 {
			t.Fatalf("probability %v at similarity %.2f, after %v", p, s, last)
		}
		last = p
	}
	if math.Abs(c.Open.Missed-c.Open.False) > 0.1 || c.Open.Missed > 0.4 {
		t.Errorf("known or new: %+v", c.Open)
	}
	// Other classes of the same kind: nothing of them was fitted to.
	fresh, freshLabels := rowsAbout(2, 60, 12, 16, 0.8)
	p, err := count(fresh, 16, freshLabels)
	if err != nil {
		t.Fatal(err)
	}
	var b bins
	b.add(c.Curve, p, 0.5)
	if e := b.error(); e > 0.03 {
		t.Errorf("expected calibration error %.4f on other classes", e)
	}
}

func TestFitRefuses(t *testing.T) {
	x, labels := rowsAbout(1, 3, 4, 4, 1)
	if _, err := Fit(x, 4, labels, 1); !errors.Is(err, ErrTooFew) {
		t.Errorf("three classes: error %v", err)
	}
	if _, err := Fit(x, 4, labels[1:], 1); err == nil {
		t.Error("a label too few is taken")
	}
}

// Classes far apart give finite curves.
func TestFitOfClassesApart(t *testing.T) {
	x, labels := rowsAbout(5, 8, 5, 40, 0.01)
	c, err := Fit(x, 40, labels, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p, q := c.Curve.At(1), c.Curve.At(0); !(p > 0.9 && p < 1 && q > 0 && q < 0.1) || math.IsNaN(c.LogLoss) {
		t.Errorf("P %v and %v, %+v", p, q, c)
	}
}

// A half of the classes has about twice the share of same pairs that all have; the error of pairs as they come is of the share that is told.
func TestErrorOfPairsIsOfTheShareTold(t *testing.T) {
	x, labels := rowsAbout(4, 4, 30, 8, 0.6)
	c, err := Fit(x, 8, labels, 1)
	if err != nil {
		t.Fatal(err)
	}
	halves, _, err := halve(x, 8, labels, 1)
	if err != nil {
		t.Fatal(err)
	}
	var p [2]pairs
	for i, h := range halves {
		if p[i], err = count(h.emb, 8, h.labels); err != nil {
			t.Fatal(err)
		}
	}
	var told, halved float64
	for i := range p {
		var a, b bins
		a.add(fit(c.Curve.Form, p[i]), p[1-i], c.Share)
		b.add(fit(c.Curve.Form, p[i]), p[1-i], p[i].share())
		told, halved = told+a.error()/2, halved+b.error()/2
	}
	if p[0].share() < 1.9*c.Share {
		t.Fatalf("the halves' share is %.3f, that of all %.3f: nothing is tested", p[0].share(), c.Share)
	}
	if math.Abs(c.ErrorOfPairs-told) > 1e-12 || math.Abs(told-halved) < 1e-3 {
		t.Errorf("the error of pairs is %.5f; at the share told it is %.5f, at a half's %.5f", c.ErrorOfPairs, told, halved)
	}
}
