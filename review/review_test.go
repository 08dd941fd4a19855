package review

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index"
)

const (
	dim      = 24
	classes  = 12
	perClass = 50
)

// scene is a picture of smooth waves that follow from a seed, seen through a window and with other light.
type scene struct{ seed uint64 }

func (s scene) draw(left, top, share, light float64, mirror bool, w, h int) image.Image {
	rng := rand.New(rand.NewPCG(s.seed, 3))
	var waves [7][4]float64
	for i := range waves {
		waves[i] = [4]float64{rng.NormFloat64() * 9, rng.NormFloat64() * 9, rng.Float64() * 7, rng.Float64()}
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := left+share*float64(x)/float64(w), top+share*float64(y)/float64(h)
			if mirror {
				u = 1 - u
			}
			sum := 0.0
			for _, k := range waves {
				sum += k[3] * math.Sin(k[0]*u+k[1]*v+k[2])
			}
			g := uint8(min(255, max(0, light*(120+29*sum))))
			img.SetRGBA(x, y, color.RGBA{g, g / 2, 255 - g, 255})
		}
	}
	return img
}

func encoded(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// collection is an index in which faults were put, and which.
type collection struct {
	x          *index.Index
	wrong      map[int64]string // the true class
	duplicates map[[2]int64]bool
	odd        map[int64]bool
	leaks      map[[2]int64]bool
	copies     []int64
}

// collect makes an index of 12 classes of 50 photographs, of which classes 0 and 1, and 2 and 3, lie near each other, in folders train and test, with 5 %
// of its labels wrong, 5 % of near-duplicates and 2 % of photographs that belong nowhere.
func collect(t testing.TB, folder string) *collection {
	t.Helper()
	c := &collection{wrong: map[int64]string{}, duplicates: map[[2]int64]bool{}, odd: map[int64]bool{}, leaks: map[[2]int64]bool{}}
	rng := rand.New(rand.NewPCG(4, 4))
	direction := func(spread float64, around []float64) []float64 {
		v := make([]float64, dim)
		for d := range v {
			v[d] = spread * rng.NormFloat64()
			if around != nil {
				v[d] += around[d]
			}
		}
		return v
	}
	var centres [classes][]float64
	for i := range centres {
		centres[i] = direction(1, nil)
		if i == 1 || i == 3 {
			centres[i] = direction(.3, centres[i-1])
		}
	}
	w, err := index.Create(folder, index.Model{Fingerprint: "f", Dim: dim, Checkpoint: "/model"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	add := func(class, side, file string, v []float64, thumbnail []byte) int64 {
		n++
		row := make([]float32, dim)
		for d := range v {
			row[d] = float32(v[d])
		}
		id, err := w.Add(index.Photograph{Hash: sha256.Sum256(thumbnail), Vector: row, Thumbnail: thumbnail, Width: 40, Height: 32})
		path := fmt.Sprintf("/photographs/%s/%s/%d-%s.jpg", side, class, n, file)
		if err := errors.Join(err, w.Put(id, index.Place{Path: path, Class: side + "/" + class, Root: "/photographs"})); err != nil {
			t.Fatal(err)
		}
		return id
	}
	side := func(i int) string { return []string{"train", "test"}[i%2] }
	for i := range classes * perClass {
		class := i % classes
		v := direction(.35, centres[class])
		label, odd := class, false
		switch i % 50 {
		case 7, 31: // another class than its own; of 5 % wrong labels the others follow below
			label = (class + 4 + rng.IntN(5)) % classes
		case 13:
			odd = true
			v = direction(1, nil)
		}
		if i%100 == 43 {
			label = (class + 5) % classes
		}
		s := scene{uint64(i)}
		id := add(fmt.Sprint("class", label), side(i/classes), "one", v, encoded(t, s.draw(0, 0, 1, 1, false, 40, 32), 90))
		if odd {
			c.odd[id] = true
		} else if label != class {
			c.wrong[id] = fmt.Sprint("class", class)
		}
		if i%20 != 3 {
			continue
		}
		var copied image.Image
		quality := 90
		switch i / 20 % 5 {
		case 0:
			copied, quality = s.draw(0, 0, 1, 1, false, 40, 32), 40
		case 1:
			copied = s.draw(0, 0, 1, 1, false, 31, 25)
		case 2:
			copied = s.draw(0, 0, 1, 1.2, false, 40, 32)
		case 3:
			copied = s.draw(0, 0, 1, 1, true, 40, 32)
		case 4:
			copied = s.draw(.02, .05, .93, 1, false, 40, 32)
		}
		twin := add(fmt.Sprint("class", label), side(i/20), "copy", direction(.05, v), encoded(t, copied, quality))
		c.duplicates[[2]int64{id, twin}] = true
		if label != class {
			c.wrong[twin] = fmt.Sprint("class", class)
		}
		if odd {
			c.odd[twin] = true
		}
		if side(i/20) != side(i/classes) {
			c.leaks[[2]int64{id, twin}] = true
		}
	}
	for id := int64(8); id < 12; id++ { // the same bytes in both folders, for some of four
		class := fmt.Sprintf("%s/class%d", side(int(id)), (id-2)%classes)
		if err := w.Put(id, index.Place{Path: fmt.Sprintf("/photographs/%s/%d.jpg", class, id), Class: class, Root: "/photographs"}); err != nil {
			t.Fatal(err)
		}
		c.copies = append(c.copies, id)
	}
	if err := errors.Join(w.BuildGraph(context.Background(), 30, nil), w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if c.x, err = index.Open(folder); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.x.Close() })
	return c
}

// judge returns the precision and recall of what was found.
func judge[K comparable](found []K, put map[K]bool) (precision, recall float64) {
	hits := 0
	for _, f := range found {
		if put[f] {
			hits++
		}
	}
	return float64(hits) / float64(max(1, len(found))), float64(hits) / float64(max(1, len(put)))
}

func pairsIn(entries []Entry) (pairs [][2]int64) {
	for _, e := range entries {
		pairs = append(pairs, [2]int64{e.A, e.B})
	}
	return pairs
}

func singles(entries []Entry) (ids []int64) {
	for _, e := range entries {
		ids = append(ids, e.A)
	}
	return ids
}

// What was put in is found, and little else.
func TestFindsWhatWasPutIn(t *testing.T) {
	c := collect(t, filepath.Join(t.TempDir(), "photos.dvml"))
	r, err := Make(context.Background(), c.x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	queue := func(name string) []Entry {
		entries, known := r.Queue(name)
		if !known {
			t.Fatalf("there is no queue %s", name)
		}
		return entries
	}
	hold := func(name string, precision, recall, leastPrecision, leastRecall float64) {
		t.Helper()
		t.Logf("%s: precision %.3f, recall %.3f", name, precision, recall)
		if precision < leastPrecision || recall < leastRecall {
			t.Errorf("%s: precision %.3f, recall %.3f; expected %v and %v", name, precision, recall, leastPrecision, leastRecall)
		}
	}
	precision, recall := judge(pairsIn(queue(Duplicates)), c.duplicates)
	hold(Duplicates, precision, recall, .95, .95)
	wrong := map[int64]bool{}
	for id := range c.wrong {
		wrong[id] = true
	}
	precision, recall = judge(singles(queue(Labels)), wrong)
	hold(Labels, precision, recall, .8, .85)
	right := 0
	for _, e := range queue(Labels) {
		if c.wrong[e.A] == e.Suggested {
			right++
		}
		if e.Given == e.Suggested || strings.Contains(e.Given, "/") {
			t.Errorf("label %+v", e)
		}
	}
	if right < len(c.wrong)*8/10 {
		t.Errorf("%d of %d true classes are suggested", right, len(c.wrong))
	}
	precision, recall = judge(singles(queue(Odd)), c.odd)
	hold(Odd, precision, recall, .5, .7)
	if !slices.Equal(r.Sides, []string{"test", "train"}) {
		t.Fatalf("sides %v", r.Sides)
	}
	for _, id := range c.copies {
		item, err := c.x.Item(context.Background(), id)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(item.Places[0].Class, "test") != strings.Contains(item.Places[1].Class, "test") {
			c.leaks[[2]int64{id, 0}] = true
		}
	}
	if !slices.Equal(r.Copies, c.copies) || len(c.leaks) < 10 {
		t.Errorf("copies %v of %v; %d leaks were put in", r.Copies, c.copies, len(c.leaks))
	}
	precision, recall = judge(pairsIn(queue(Leaks)), c.leaks)
	hold(Leaks, precision, recall, .95, .9)
	near := map[string]bool{r.Confused[0].A + r.Confused[0].B: true, r.Confused[1].A + r.Confused[1].B: true}
	if !near["class0class1"] || !near["class2class3"] {
		t.Errorf("the most confused classes are %v and %v; expected 0 with 1, and 2 with 3", r.Confused[0], r.Confused[1])
	}
	for _, e := range queue(Confusions) {
		if slices.Contains(singles(queue(Labels)), e.A) || e.B == 0 || e.Score <= 0 {
			t.Errorf("confusion %+v", e)
		}
	}
	again, err := Make(context.Background(), c.x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Queues() {
		other, _ := again.Queue(name)
		if !slices.Equal(queue(name), other) {
			t.Errorf("%s: another list at the second time", name)
		}
	}
	if _, known := r.Queue("other"); known {
		t.Error("a queue of any name is known")
	}
}

// What was decided stays where it is in its queue, marked, and is marked no more when it is taken back.
func TestDecisions(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "photos.dvml")
	c := collect(t, folder)
	ctx := context.Background()
	if err := index.Change(folder, func(w *index.Writer) error {
		_, err := w.Calibrate(&calibrate.Calibration{Curve: calibrate.Curve{Form: calibrate.Logistic, Slope: 9, Offset: -5}, Share: .1})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	r, err := Make(ctx, c.x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Queues() {
		before, _ := r.Queue(name)
		if len(before) == 0 {
			t.Fatalf("nothing in %s", name)
		}
		e := before[0]
		for _, e := range before {
			if two := name == Duplicates || name == Leaks && e.B != 0; e.Decision != "" || (e.Probability != nil) != two {
				t.Errorf("%s: %+v", name, e)
			}
		}
		for _, value := range []string{"yes", ""} {
			d := index.Decision{A: r.hash[e.A], B: r.hash[e.A], Kind: kinds[name][0], Value: value, At: time.Now()}
			if e.B != 0 && name != Confusions {
				d.B = r.hash[e.B]
			}
			if err := errors.Join(index.Change(folder, func(w *index.Writer) error { return w.Decide(d) }), r.Decide(ctx, c.x)); err != nil {
				t.Fatal(err)
			}
			after, _ := r.Queue(name)
			for i, e := range after {
				if want := map[bool]string{true: value}[i == 0]; e.Decision != want || e.A != before[i].A {
					t.Errorf("%s, decision %q: entry %d is %+v", name, value, i, e)
				}
			}
		}
	}
}

// Halves that are named, and two indexes, leak what was put into both.
func TestHalvesAndIndexes(t *testing.T) {
	dir := t.TempDir()
	ctx := context.Background()
	c := collect(t, filepath.Join(dir, "photos.dvml"))
	r, err := Make(ctx, c.x, Options{Halves: []string{"/photographs/train", "/photographs/test"}})
	if err != nil {
		t.Fatal(err)
	}
	named, _ := r.Queue(Leaks)
	found, err := Make(ctx, c.x, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if same, _ := found.Queue(Leaks); !slices.Equal(pairsIn(named), pairsIn(same)) {
		t.Errorf("%d leaks between halves that are named, %d between those that are found", len(named), len(same))
	}
	if _, err := Make(ctx, c.x, Options{Halves: []string{"/photographs/train", "/elsewhere"}}); err == nil || !strings.Contains(err.Error(), "no photographs in /elsewhere") {
		t.Errorf("a half that is not there: %v", err)
	}

	whole, twin := scene{1000}.draw(0, 0, 1, 1, false, 40, 32), scene{3}.draw(0, 0, 1, 1, false, 60, 48)
	thumbnails := [][]byte{encoded(t, whole, 90), encoded(t, twin, 70), encoded(t, scene{20}.draw(0, 0, 1, 1, false, 40, 32), 90)}
	other := filepath.Join(dir, "other.dvml")
	w, err := index.Create(other, index.Model{Fingerprint: "f", Dim: dim})
	if err != nil {
		t.Fatal(err)
	}
	original := func(i int64) []float32 { // photograph i of the scenes, whose ids are shifted by copies
		v, err := c.x.Vector(i)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for i, thumbnail := range thumbnails {
		id, err := w.Add(index.Photograph{Hash: sha256.Sum256(thumbnail), Vector: original(4), Thumbnail: thumbnail})
		if err := errors.Join(err, w.Put(id, index.Place{Path: fmt.Sprintf("/other/%d.jpg", i), Root: "/other"})); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	y, err := index.Open(other)
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	r, err = Between(ctx, c.x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	leaks, _ := r.Queue(Leaks)
	exact, err := c.x.ByHash(ctx, sha256.Sum256(thumbnails[2]))
	if err != nil {
		t.Fatal(err)
	}
	got := map[[2]int64]bool{}
	for _, e := range leaks {
		got[[2]int64{e.A, e.B}] = true
	}
	// Scene 3 is photograph 4, and it has a copy, photograph 5, which was compressed again.
	if want := map[[2]int64]bool{{4, 2}: true, {5, 2}: true, {exact.ID, 3}: true}; len(got) != len(want) || !got[[2]int64{4, 2}] || !got[[2]int64{5, 2}] || !got[[2]int64{exact.ID, 3}] {
		t.Errorf("leaks %v; expected %v", got, want)
	}
}

func TestRefusals(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "photos.dvml")
	w, err := index.Create(folder, index.Model{Fingerprint: "other", Dim: dim})
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Add(index.Photograph{Vector: make1(), Thumbnail: []byte{1, 2, 3}})
	if err := errors.Join(err, w.Put(id, index.Place{Path: "/p/1.jpg", Root: "/p"}), w.Commit(), w.Close()); err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if _, err := Make(context.Background(), x, Options{}); !errors.Is(err, index.ErrNoGraph) {
		t.Errorf("an index without a graph: %v", err)
	}
	c := collect(t, filepath.Join(t.TempDir(), "photos.dvml"))
	if _, err := Between(context.Background(), c.x, x, nil); err == nil || !strings.Contains(err.Error(), "cannot be compared") {
		t.Errorf("indexes of two models: %v", err)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Make(stopped, c.x, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	// A thumbnail that cannot be read is like no other: the rest of the review stands.
	must := index.Change(folder, func(w *index.Writer) error {
		id, err := w.Add(index.Photograph{Hash: index.Hash{1}, Vector: make1(), Thumbnail: []byte{4}})
		return errors.Join(err, w.Put(id, index.Place{Path: "/p/2.jpg", Root: "/p"}), w.BuildGraph(context.Background(), 5, nil))
	})
	r, err := Make(context.Background(), x, Options{})
	if must != nil || err != nil || r.Photographs != 2 {
		t.Fatal(must, err)
	}
	if entries, _ := r.Queue(Duplicates); len(entries) != 0 {
		t.Errorf("thumbnails that are none are alike: %+v", entries)
	}
}

func make1() []float32 {
	v := make([]float32, dim)
	v[0] = 1
	return v
}

// Windows of a photograph average its brightness exactly.
func TestWindow(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 20, 20))
	for i := range img.Pix {
		img.Pix[i] = byte(i % 20 * 10)
	}
	g := greyOf(img)
	for side, cell := range map[int]float64{2: 10, 4: 5} {
		got := g.window(0, 0, 1, side)
		for i := range got {
			// Columns rise by 10 a pixel: cells by 10 times their width.
			want := (float64(i%side) - float64(side-1)/2) * cell * 10
			scale := 0.0
			for j := range side {
				at := (float64(j) - float64(side-1)/2) * cell * 10
				scale += float64(side) * at * at
			}
			if math.Abs(float64(got[i])-want/math.Sqrt(scale)) > 1e-4 {
				t.Errorf("cell %d of %d x %d is %v", i, side, side, got[i])
			}
		}
		if m := got.mirrored(side).correlation(got); math.Abs(m+1) > 1e-4 {
			t.Errorf("a slope and its mirror correlate by %v", m)
		}
	}
	for i := range img.Pix {
		img.Pix[i] = 99
	}
	flat := greyOf(img).window(0, 0, 1, fine)
	if flat.correlation(flat) != 0 {
		t.Error("one brightness correlates with itself")
	}
}
