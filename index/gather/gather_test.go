package gather

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

// means embeds a photograph as the means of its planes, and counts.
type means struct {
	embedded int
	fail     error
}

const side = 16

func (m *means) Size() int { return side }

func (m *means) Prepare(photograph []byte) ([]byte, error) {
	return imageset.Decode(bytes.NewReader(photograph), side, imageset.Stretch)
}

func (m *means) EmbedPrepared(_ context.Context, pixels []byte) ([]float32, error) {
	if m.fail != nil {
		return nil, m.fail
	}
	var out []float32
	for ; len(pixels) > 0; pixels = pixels[3*side*side:] {
		m.embedded++
		for plane := range 3 {
			var sum float32
			for _, v := range pixels[plane*side*side:][:side*side] {
				sum += float32(v) + 1
			}
			out = append(out, sum)
		}
	}
	return out, nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// paint writes a picture of one colour.
func paint(t *testing.T, path string, r, g, b uint8) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 40, 20))
	for i := range 800 {
		img.Set(i%40, i/40, color.RGBA{r, g, b, 255})
	}
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	must(t, err)
	must(t, png.Encode(f, img))
	must(t, f.Close())
}

// counts is a summary in numbers.
type counts struct{ unchanged, indexed, changed, copies, moved, back, gone, failed, left int }

func of(s *Summary) counts {
	return counts{s.Unchanged, len(s.Indexed), len(s.Changed), len(s.Copies), len(s.Moved), len(s.Back), len(s.Gone), len(s.Failed), len(s.Left)}
}

func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	photos := filepath.Join(dir, "photos")
	folder := filepath.Join(dir, "photos.dvml")
	at := func(name string) string { return filepath.Join(photos, filepath.FromSlash(name)) }
	m := &means{}
	w, err := index.Create(folder, index.Model{Fingerprint: "means", Dim: 3})
	must(t, err)
	defer w.Close()
	run := func(what string, want counts, embedded int) *Summary {
		t.Helper()
		before := m.embedded
		s, err := Update(context.Background(), w, m, []string{photos}, Options{})
		must(t, err)
		if got := of(s); got != want || m.embedded-before != embedded {
			t.Errorf("%s: %+v, %d embedded; expected %+v, %d", what, got, m.embedded-before, want, embedded)
		}
		return s
	}
	for i := range 40 {
		paint(t, at("red/"+string(rune('a'+i%26))+string(rune('a'+i/26))+".png"), uint8(100+i), 10, 10)
	}
	paint(t, at("blue/deep/one.png"), 5, 5, 250)
	paint(t, at("top.png"), 5, 250, 5)
	must(t, os.WriteFile(at("broken.jpg"), []byte("\xff\xd8\xffnothing"), 0o644))
	must(t, os.WriteFile(at("notes.txt"), []byte("notes"), 0o644))
	run("at first", counts{indexed: 42, failed: 1, left: 1}, 42)
	run("again", counts{unchanged: 42, failed: 1, left: 1}, 0)
	must(t, os.Rename(at("red/aa.png"), at("red/AA.png")))
	must(t, os.MkdirAll(at("green"), 0o755))
	must(t, os.Rename(at("top.png"), at("green/top.png")))
	data, err := os.ReadFile(at("red/ba.png"))
	must(t, err)
	must(t, os.WriteFile(at("green/copy.png"), data, 0o644))
	must(t, os.Remove(at("broken.jpg")))
	s := run("after moves", counts{unchanged: 40, moved: 2, gone: 2, copies: 1, left: 1}, 0)
	if s.Copies[0] != (Copy{at("green/copy.png"), at("red/ba.png")}) {
		t.Errorf("copies %v", s.Copies)
	}
	paint(t, at("blue/deep/one.png"), 7, 7, 255)
	must(t, os.Chtimes(at("blue/deep/one.png"), time.Unix(2e9, 0), time.Unix(2e9, 0)))
	must(t, os.Chtimes(at("red/ca.png"), time.Unix(2e9, 0), time.Unix(2e9, 0))) // touched alone
	must(t, os.Remove(at("red/da.png")))
	run("after a change", counts{unchanged: 41, indexed: 1, changed: 1, gone: 1, left: 1}, 1)
	paint(t, at("red/da.png"), 103, 10, 10)
	must(t, os.Chtimes(at("red/da.png"), time.Unix(2e9, 0), time.Unix(2e9, 0)))
	run("after one is back", counts{unchanged: 42, back: 1, left: 1}, 0)

	m.fail = errors.New("the engine is out of order")
	paint(t, at("red/new.png"), 1, 2, 3)
	if _, err := Update(context.Background(), w, m, []string{photos}, Options{}); !errors.Is(err, m.fail) {
		t.Errorf("an embedder that fails: %v", err)
	}
	m.fail = nil
	run("after that", counts{unchanged: 43, indexed: 1, left: 1}, 1)

	x, err := index.Open(folder)
	must(t, err)
	defer x.Close()
	ctx := context.Background()
	classes, err := x.Classes(ctx)
	if err != nil || len(classes) != 3 || classes[0] != (index.Class{Name: "blue/deep", Items: 1}) {
		t.Errorf("classes %v, %v", classes, err)
	}
	for item, err := range x.Items(ctx) {
		must(t, err)
		thumb, err := x.Thumbnail(item.ID)
		must(t, err)
		img, err := jpeg.Decode(bytes.NewReader(thumb))
		if err != nil || item.Width != 40 || item.Height != 20 || img.Bounds() != image.Rect(0, 0, 160, 80) {
			t.Errorf("%s: %d x %d, thumbnail %v", item.Path(), item.Width, item.Height, err)
		}
	}
	if _, err := Update(ctx, w, m, []string{filepath.Join(dir, "nowhere")}, Options{}); err == nil {
		t.Error("a folder that is not there marks its photographs as gone")
	}
}

// Work that is stopped is kept, and goes on.
func TestUpdateStops(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		paint(t, filepath.Join(dir, "photos", string(rune('a'+i%10)), string(rune('a'+i/10))+".png"), uint8(i), uint8(2*i), 9)
	}
	w, err := index.Create(filepath.Join(dir, "photos.dvml"), index.Model{Fingerprint: "means", Dim: 3})
	must(t, err)
	defer w.Close()
	ctx, stop := context.WithCancel(context.Background())
	m := &means{}
	s, err := Update(ctx, w, m, []string{filepath.Join(dir, "photos")}, Options{Progress: func(done, _ int) {
		if done == 70 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) || len(s.Indexed) != 64 {
		t.Fatalf("stopped: %d indexed, %v", len(s.Indexed), err)
	}
	if s, err = Update(context.Background(), w, m, []string{filepath.Join(dir, "photos")}, Options{}); err != nil || s.Unchanged != 64 || len(s.Indexed) != 36 || m.embedded != 100 {
		t.Errorf("after that: %+v, %v; %d embedded in all", of(s), err, m.embedded)
	}
}
