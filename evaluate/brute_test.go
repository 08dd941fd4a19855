package evaluate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// bruteQuery ranks by a full sort: positives after negatives where equally near.
func bruteQuery(query []float32, label int32, self int, gallery []float32, labels []int32, dim int, d Distance, depth int) Query {
	type row struct {
		similarity float64
		positive   bool
	}
	var ranked []row
	positives := 0
	for g := range labels {
		if g == self {
			continue
		}
		var dot, qq, gg float64
		for k, v := range gallery[g*dim : (g+1)*dim] {
			dot += float64(query[k]) * float64(v)
			qq += float64(query[k]) * float64(query[k])
			gg += float64(v) * float64(v)
		}
		s := dot - qq/2 - gg/2
		if d == Cosine {
			if s = 0; qq > 0 && gg > 0 {
				s = dot / math.Sqrt(qq*gg)
			}
		}
		s = math.Round(s*1e4) / 1e4 // what is equal but for rounding is equal
		ranked = append(ranked, row{s, labels[g] == label})
		if labels[g] == label {
			positives++
		}
	}
	slices.SortStableFunc(ranked, func(a, b row) int {
		if c := cmp.Compare(b.similarity, a.similarity); c != 0 || a.positive == b.positive {
			return c
		}
		if a.positive {
			return 1
		}
		return -1
	})
	q := Query{Positives: positives}
	if positives == 0 {
		return q
	}
	found := 0
	for at, r := range ranked {
		if !r.positive {
			continue
		}
		found++
		if q.First == 0 {
			q.First = at + 1
		}
		precision := float64(found) / float64(at+1)
		if depth == 0 || at < depth {
			q.AP += precision / float64(positives)
		}
		if at < positives {
			q.APAtR += precision / float64(positives)
			q.RPrecision += 1 / float64(positives)
		}
	}
	return q
}

// made draws rows on a coarse grid, so that rows repeat and ties happen.
func made(rng *rand.Rand, n, dim, classes, grid int) ([]float32, []int32) {
	x, labels := make([]float32, n*dim), make([]int32, n)
	for i := range x {
		x[i] = float32(rng.IntN(2*grid+1) - grid)
	}
	for i := range labels {
		labels[i] = int32(rng.IntN(classes)*7 - 20)
	}
	return x, labels
}

func sameQuery(t *testing.T, name string, got, want Query) {
	t.Helper()
	if got.Positives != want.Positives || got.First != want.First ||
		math.Abs(got.RPrecision-want.RPrecision)+math.Abs(got.APAtR-want.APAtR)+math.Abs(got.AP-want.AP) > 1e-9 {
		t.Fatalf("%s: got %+v, want %+v", name, got, want)
	}
}

func TestRetrieveAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for trial := range 120 {
		dim, classes, n := 1+rng.IntN(5), 1+rng.IntN(6), 2+rng.IntN(40)
		d, depth := Euclidean, rng.IntN(5)
		if trial%10 == 0 {
			n = 800 + rng.IntN(400) // more than a block
		}
		x, labels := made(rng, n, dim, classes, 1+rng.IntN(4))
		o := RetrieveOptions{Distance: d, Depth: depth, Workers: 1 + trial%3}
		got, err := Retrieve(x, dim, labels, o)
		if err != nil {
			t.Fatal(err)
		}
		side, err := byClass("", x, dim, labels, d)
		if err != nil {
			t.Fatal(err)
		}
		other := newRanking(side, side, true, o).queryWalk(2)
		lone := 0
		for i := range labels {
			want := bruteQuery(x[i*dim:(i+1)*dim], labels[i], i, x, labels, dim, d, depth)
			sameQuery(t, "half walk", got.Queries[i], want)
			sameQuery(t, "query walk", other.Queries[i], want)
			if want.Positives == 0 {
				lone++
			}
		}
		if got.Lone != lone || other.Lone != lone {
			t.Fatalf("lone queries: %d and %d, want %d", got.Lone, other.Lone, lone)
		}
	}
}

func TestRetrieveGalleryAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for trial := range 100 {
		dim, classes, d := 1+rng.IntN(5), 1+rng.IntN(6), Distance(trial%2)
		grid := 3
		if d == Cosine {
			dim, grid = 1, 1 // directions 1, -1 and 0 alone: ties are exact
		}
		q, ql := made(rng, 1+rng.IntN(30), dim, classes, grid)
		g, gl := made(rng, 1+rng.IntN(700), dim, classes, grid)
		got, err := RetrieveGallery(q, ql, g, gl, dim, RetrieveOptions{Distance: d, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		for i := range ql {
			sameQuery(t, "gallery", got.Queries[i], bruteQuery(q[i*dim:(i+1)*dim], ql[i], -1, g, gl, dim, d, 0))
		}
	}
}

func TestEvaluateMarkedIsEvaluateGallery(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	q, ql := made(rng, 20, 4, 5, 5)
	g, gl := made(rng, 30, 4, 5, 5)
	want, err := EvaluateGallery(q, ql, g, gl, 4, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var rows []float32
	var labels []int32
	var marks []bool
	for i := range 30 { // interleaved
		rows, labels, marks = append(rows, g[i*4:(i+1)*4]...), append(labels, gl[i]), append(marks, true)
		if i < 20 {
			rows, labels, marks = append(rows, q[i*4:(i+1)*4]...), append(labels, ql[i]), append(marks, false)
		}
	}
	got, err := EvaluateMarked(rows, 4, labels, marks, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant\n%+v", got, want)
	}
	all, err := EvaluateMarked(q, 4, ql, nil, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := Evaluate(q, 4, ql, Options{Seed: 1}); !reflect.DeepEqual(all, want) {
		t.Errorf("without a gallery %+v\nwant\n%+v", all, want)
	}
	if _, err := EvaluateMarked(rows, 4, labels, marks[1:], Options{}); err == nil {
		t.Error("a mark too few is taken")
	}
}

func TestSearchMarkedIsSearch(t *testing.T) {
	rng := rand.New(rand.NewPCG(15, 16))
	rows, _ := made(rng, 50, 4, 5, 5)
	marks := make([]bool, 50)
	var queries, gallery []float32
	var queryRows, places []int
	for i := range marks {
		if marks[i] = rng.IntN(3) > 0; marks[i] {
			gallery, places = append(gallery, rows[i*4:(i+1)*4]...), append(places, i)
		} else {
			queries, queryRows = append(queries, rows[i*4:(i+1)*4]...), append(queryRows, i)
		}
	}
	want, err := Search(queries, gallery, 4, 7, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, at := range want.Index {
		want.Index[i] = int32(places[at])
	}
	gotQueries, got, err := SearchMarked(rows, 4, 7, marks, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(gotQueries, queryRows) || !reflect.DeepEqual(got, want) {
		t.Errorf("%v %+v\nwant\n%v %+v", gotQueries, got, queryRows, want)
	}
	all, got, err := SearchMarked(rows, 4, 7, nil, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := Search(nil, rows, 4, 7, RetrieveOptions{}); len(all) != 50 || all[49] != 49 || !reflect.DeepEqual(got, want) {
		t.Errorf("without a gallery %v %+v\nwant\n%+v", all, got, want)
	}
	if _, _, err := SearchMarked(rows, 4, 7, marks[1:], RetrieveOptions{}); err == nil {
		t.Error("a mark too few is taken")
	}
}

func TestRetrieveCosineAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x, labels := make([]float32, 300*8), make([]int32, 300)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	for i := range labels {
		labels[i] = int32(rng.IntN(20))
	}
	y, err := Normalised(x, 8)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Retrieve(x, 8, labels, RetrieveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Retrieve(y, 8, labels, RetrieveOptions{Distance: Euclidean})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(a.MAP()-b.MAP()) > 1e-6 || math.Abs(a.MAPR()-b.MAPR()) > 1e-6 {
		t.Errorf("cosine MAP %v MAP@R %v, Euclidean on normalised rows %v %v", a.MAP(), a.MAPR(), b.MAP(), b.MAPR())
	}
}

func TestSearchAgainstSort(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for trial := range 60 {
		dim, n, k := 1+rng.IntN(4), 2+rng.IntN(60), 1+rng.IntN(70)
		if trial%10 == 0 {
			n = 1200
		}
		g, _ := made(rng, n, dim, 2, 2)
		q, _ := made(rng, 1+rng.IntN(20), dim, 2, 2)
		self := trial%2 == 0
		if self {
			q = nil
		}
		h, err := Search(q, g, dim, k, RetrieveOptions{Distance: Euclidean, Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		if self {
			q = g
		}
		for i := range len(q) / dim {
			type row struct {
				at int32
				d  float32
			}
			var all []row
			for j := range n {
				if self && i == j {
					continue
				}
				var d float32
				for c := range dim {
					e := q[i*dim+c] - g[j*dim+c]
					d += e * e
				}
				all = append(all, row{int32(j), d})
			}
			slices.SortStableFunc(all, func(a, b row) int { return cmp.Compare(a.d, b.d) })
			at, s := h.Of(i)
			if len(at) != min(k, len(all)) {
				t.Fatalf("%d hits, want %d", len(at), min(k, len(all)))
			}
			for m := range at {
				if at[m] != all[m].at || s[m] != -all[m].d/2 {
					t.Fatalf("query %d hit %d: row %d (%v), want %d (%v)", i, m, at[m], s[m], all[m].at, -all[m].d/2)
				}
			}
		}
	}
}

func TestPartitionsAgainstPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		n := 1 + rng.IntN(30)
		a, b := make([]int32, n), make([]int32, n)
		for i := range n {
			a[i], b[i] = int32(rng.IntN(4))-2, int32(rng.IntN(5))
		}
		var both, class, cluster float64
		joint, pa, pb := map[[2]int32]float64{}, map[int32]float64{}, map[int32]float64{}
		for i := range n {
			joint[[2]int32{a[i], b[i]}] += 1 / float64(n)
			pa[a[i]] += 1 / float64(n)
			pb[b[i]] += 1 / float64(n)
			for j := range i {
				if a[i] == a[j] {
					class++
				}
				if b[i] == b[j] {
					cluster++
				}
				if a[i] == a[j] && b[i] == b[j] {
					both++
				}
			}
		}
		f1 := 1.0
		if class+cluster > 0 {
			f1 = 2 * both / (class + cluster)
		}
		got, err := PairF1(a, b)
		if err != nil || math.Abs(got.F1-f1) > 1e-12 {
			t.Fatalf("F1 of %v, %v = %v (%v), want %v", a, b, got, err, f1)
		}
		var mi, ha, hb float64
		for _, p := range pa {
			ha -= p * math.Log(p)
		}
		for _, p := range pb {
			hb -= p * math.Log(p)
		}
		for k, p := range joint {
			mi += p * math.Log(p/(pa[k[0]]*pb[k[1]]))
		}
		want := 1.0
		if ha+hb > 1e-12 {
			want = 2 * mi / (ha + hb)
		}
		nmi, err := NMI(a, b)
		if err != nil || math.Abs(nmi-want) > 1e-9 {
			t.Fatalf("NMI of %v, %v = %v (%v), want %v", a, b, nmi, err, want)
		}
	}
}
