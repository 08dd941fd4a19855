package classify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
)

const dim, perClass, classes = 8, 12, 5

// photograph is a point of the index that tests are on: every sixth has no class.
type photograph struct {
	id     int64
	class  string
	vector []float32 // as the index has it
}

func drawn(rng *rand.Rand, class int) []float32 {
	v := make([]float32, dim)
	for d := range v {
		v[d] = float32(.5 * rng.NormFloat64())
	}
	v[class] += 1.2
	return v
}

// filled makes an index of classes that overlap, and returns what is in it.
func filled(t *testing.T, labelled bool) (*index.Index, []photograph) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "photos.dvml")
	w, err := index.Create(folder, index.Model{Fingerprint: "f", Dim: dim, Checkpoint: "/model"})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	var all []photograph
	for n := range classes * perClass {
		class := ""
		if labelled && n%6 != 5 {
			class = fmt.Sprintf("class%d", n%classes)
		}
		id, err := w.Add(index.Photograph{Hash: sha256.Sum256(fmt.Append(nil, n)), Vector: drawn(rng, n%classes), Thumbnail: []byte{1}})
		if err = errors.Join(err, w.Put(id, index.Place{Path: fmt.Sprintf("/p/%s/%d.jpg", class, n), Class: class, Root: "/p"})); err != nil {
			t.Fatal(err)
		}
		all = append(all, photograph{id: id, class: class})
	}
	if err := errors.Join(w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	for i := range all {
		if all[i].vector, err = x.Vector(all[i].id); err != nil {
			t.Fatal(err)
		}
	}
	return x, all
}

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// queries are all photographs of the index, and as many that are not in it.
func queries(all []photograph) (vectors []float32, own []int64) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, p := range all {
		vectors, own = append(vectors, p.vector...), append(own, p.id)
	}
	for n := range all {
		v := drawn(rng, n%classes)
		length := math.Sqrt(cosine(v, v))
		for d := range v {
			v[d] = float32(float64(v[d]) / length)
		}
		vectors, own = append(vectors, v...), append(own, 0)
	}
	return vectors, own
}

// Votes of neighbours equal those that are counted one by one.
func TestNeighboursByBruteForce(t *testing.T) {
	x, all := filled(t, true)
	vectors, own := queries(all)
	for _, k := range []int{1, 4, 200} {
		c, err := New(context.Background(), x, Options{K: k})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Name(context.Background(), vectors, own)
		if err != nil || len(got) != len(own) {
			t.Fatal(len(got), err)
		}
		for i, a := range got {
			v := vectors[i*dim : (i+1)*dim]
			var near []photograph
			for _, p := range all {
				if p.class != "" && p.id != own[i] {
					near = append(near, p)
				}
			}
			slices.SortFunc(near, func(a, b photograph) int {
				if cosine(v, a.vector) > cosine(v, b.vector) {
					return -1
				}
				return 1
			})
			near = near[:min(k, len(near))]
			votes, total := map[string]float64{}, 0.0
			for _, p := range near {
				w := math.Exp(cosine(v, p.vector) / .07)
				votes[p.class] += w
				total += w
			}
			if len(a.Candidates) != len(votes) || a.Nearest.ID != near[0].id || a.Known != nil || a.Class() != a.Candidates[0].Class {
				t.Fatalf("k %d, query %d: %+v; expected %d candidates and %d nearest", k, i, a, len(votes), near[0].id)
			}
			for j, c := range a.Candidates {
				if math.Abs(c.Share-votes[c.Class]/total) > 1e-5 || c.Probability != nil || j > 0 && c.Share > a.Candidates[j-1].Share {
					t.Errorf("k %d, query %d: %+v; expected a share of %v", k, i, c, votes[c.Class]/total)
				}
			}
		}
	}
}

// Means equal those that are taken anew of all photographs but the query.
func TestMeansByBruteForce(t *testing.T) {
	x, all := filled(t, true)
	vectors, own := queries(all)
	c, err := New(context.Background(), x, Options{Means: true})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Name(context.Background(), vectors, own)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, a := range got {
		v := vectors[i*dim : (i+1)*dim]
		best, most := "", math.Inf(-1)
		for k := range classes {
			class := fmt.Sprintf("class%d", k)
			sum := make([]float64, dim)
			size := 0
			for _, p := range all {
				if p.class == class && p.id != own[i] {
					size++
					for d := range sum {
						sum[d] += float64(p.vector[d])
					}
				}
			}
			var square, product float64
			for d := range sum {
				square += sum[d] * sum[d]
				product += sum[d] * float64(v[d])
			}
			score := product / math.Sqrt(square)
			if score > most {
				best, most = class, score
			}
			at := slices.IndexFunc(a.Candidates, func(c Candidate) bool { return c.Class == class })
			if at < 0 || math.Abs(float64(a.Candidates[at].Score)-score) > 1e-5 || a.Candidates[at].Photographs != size {
				t.Errorf("query %d, %s: %+v; expected a score of %v from %d photographs", i, class, a.Candidates, score, size)
			}
		}
		if a.Class() != best {
			t.Errorf("query %d is named %s; expected %s", i, a.Class(), best)
		}
		if best == fmt.Sprintf("class%d", i%classes) {
			right++
		}
	}
	if right < len(got)*6/10 {
		t.Errorf("%d of %d named right", right, len(got))
	}
}

// A calibrated index says unknown below its threshold, and how probable each candidate is.
func TestUnknown(t *testing.T) {
	x, all := filled(t, true)
	fitted := &calibrate.Calibration{Curve: calibrate.Curve{Form: calibrate.Logistic, Slope: 8, Offset: -4}, Share: .2, Open: calibrate.Open{Threshold: .7}}
	if err := index.Change(x.Folder(), func(w *index.Writer) error {
		_, err := w.Calibrate(fitted)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(x.Folder())
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	vectors, own := queries(all)
	for _, o := range []Options{{}, {Means: true}} {
		c, err := New(context.Background(), x, o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Name(context.Background(), vectors, own)
		if err != nil {
			t.Fatal(err)
		}
		unknown := 0
		for i, a := range got {
			if a.Known == nil || *a.Known != (a.Nearest.Score >= .7) || (a.Class() == "") == *a.Known {
				t.Errorf("%+v: query %d: %+v is named %q", o, i, a, a.Class())
			}
			if !*a.Known {
				unknown++
			}
			for _, c := range a.Candidates {
				if o.Means != (c.Probability == nil) || c.Probability != nil && *c.Probability != fitted.OfHit(float64(c.Score)) {
					t.Errorf("%+v: query %d: %+v", o, i, c)
				}
			}
		}
		if unknown == 0 || unknown == len(got) {
			t.Errorf("%+v: %d of %d unknown", o, unknown, len(got))
		}
	}
}

func TestRefusals(t *testing.T) {
	x, all := filled(t, false)
	if _, err := New(context.Background(), x, Options{}); err == nil || !strings.Contains(err.Error(), "has a class") {
		t.Errorf("an index without classes: %v", err)
	}
	x, _ = filled(t, true)
	if _, err := New(context.Background(), x, Options{K: -1}); err == nil {
		t.Error("-1 neighbours are taken")
	}
	c, err := New(context.Background(), x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Name(context.Background(), all[0].vector[:dim-1], nil); err == nil {
		t.Error("a vector cut short is taken")
	}
	if _, err := c.Name(context.Background(), all[0].vector, []int64{1, 2}); err == nil {
		t.Error("two ids for one vector are taken")
	}
}
