package figure

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"golang.org/x/image/draw"
)

// plain returns a picture of one colour.
func plain(width, height int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return img
}

func at(img image.Image, x, y int) color.RGBA {
	return color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
}

// count returns how many pixels of img inside r have colour c.
func count(img image.Image, r image.Rectangle, c color.RGBA) (n int) {
	r = r.Intersect(img.Bounds())
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if at(img, x, y) == c {
				n++
			}
		}
	}
	return n
}

var (
	sample = color.RGBA{40, 80, 160, 255}
	other  = color.RGBA{160, 120, 20, 255}
)

func TestContactSheet(t *testing.T) {
	wide := plain(300, 100, other)
	draw.Draw(wide, image.Rect(100, 0, 200, 100), image.NewUniform(sample), image.Point{}, draw.Src)
	long := strings.Repeat("a long name ", 100)
	img := ContactSheet([]Row{
		{Caption: "one", Images: []image.Image{wide, plain(7, 9, other), nil, plain(1, 1, sample), plain(3, 3, other)}},
		{Caption: long, Images: []image.Image{plain(500, 500, sample)}},
	})
	want := image.Rect(0, 0, 2*margin+5*tile+4*gap, 2*margin+2*(captionLine+tile)+rowGap)
	if img.Bounds() != want {
		t.Fatalf("bounds %v, want %v", img.Bounds(), want)
	}
	middle := func(row, column int) (x, y int) {
		return margin + column*(tile+gap) + tile/2, margin + row*(captionLine+tile+rowGap) + captionLine + tile/2
	}
	for _, c := range []struct {
		row, column int
		want        color.RGBA
	}{{0, 0, sample}, {0, 1, other}, {0, 2, blank}, {0, 3, sample}, {0, 4, other}, {1, 0, sample}, {1, 1, paper}} {
		x, y := middle(c.row, c.column)
		if got := at(img, x, y); got != c.want {
			t.Errorf("row %d column %d is %v, want %v", c.row, c.column, got, c.want)
		}
	}
	// Only the centre square of the wide picture shows, and the long caption keeps out of the margin.
	x, y := middle(0, 0)
	if got := at(img, x-tile/2+3, y); got != sample {
		t.Errorf("the left of the first tile is %v, want the centre square's %v", got, sample)
	}
	edge := image.Rect(want.Max.X-margin, 0, want.Max.X, want.Max.Y)
	if n := count(img, edge, paper); n != edge.Dx()*edge.Dy() {
		t.Errorf("the right margin has %d pixels that are not white", edge.Dx()*edge.Dy()-n)
	}
	if caption := image.Rect(margin, margin, 200, margin+captionLine); count(img, caption, paper) == caption.Dx()*caption.Dy() {
		t.Error("the caption is not there")
	}
}

func TestNeighboursFrames(t *testing.T) {
	img := Neighbours([]Query{
		{Image: plain(9, 9, sample), Caption: "class", Neighbours: []Neighbour{{plain(9, 9, other), true}, {plain(9, 9, other), false}, {nil, true}}},
		{Caption: "alone"},
	})
	y := margin + noteLine + rowGap + captionLine
	if got := at(img, margin+framed/2, y+framed/2); got != sample {
		t.Errorf("the query is %v, want %v", got, sample)
	}
	for i, want := range []color.RGBA{rightColour, wrongColour, rightColour} {
		x := margin + framed + queryGap + i*(framed+gap)
		for _, p := range []image.Point{{x + 1, y + framed/2}, {x + framed - 2, y + framed/2}, {x + framed/2, y + 1}, {x + framed/2, y + framed - 2}} {
			if got := at(img, p.X, p.Y); got != want {
				t.Errorf("neighbour %d: frame at %v is %v, want %v", i, p, got, want)
			}
		}
		if got := at(img, x+framed/2, y+framed/2); i < 2 && got != other {
			t.Errorf("neighbour %d: the picture is %v, want %v", i, got, other)
		}
		mark := image.Rect(x+framed-frame-2*badge, y+frame, x+framed-frame, y+frame+2*badge)
		if count(img, mark, want) < 100 || count(img, mark, paper) < 10 {
			t.Errorf("neighbour %d: no mark in the corner", i)
		}
	}
	legend := image.Rect(0, 0, img.Bounds().Dx(), margin+noteLine)
	if count(img, legend, rightColour) < 100 || count(img, legend, wrongColour) < 100 {
		t.Error("the legend does not show both frames")
	}
}

func TestSprite(t *testing.T) {
	var images []image.Image
	for i := range 7 {
		images = append(images, plain(50, 40, color.RGBA{uint8(30 * i), 10, 90, 255}))
	}
	img := Sprite(images, 16)
	if img.Bounds() != image.Rect(0, 0, 48, 48) {
		t.Fatalf("bounds %v, want 48 x 48", img.Bounds())
	}
	for i := range 9 {
		want := paper
		if i < 7 {
			want = color.RGBA{uint8(30 * i), 10, 90, 255}
		}
		cell := image.Rect(0, 0, 16, 16).Add(image.Pt(i%3*16, i/3*16))
		if n := count(img, cell, want); n != 256 {
			t.Errorf("thumbnail %d has %d of 256 pixels of its colour", i, n)
		}
	}
}

func TestEmptyInput(t *testing.T) {
	for name, img := range map[string]image.Image{
		"no rows":       ContactSheet(nil),
		"an empty row":  ContactSheet([]Row{{}}),
		"no queries":    Neighbours(nil),
		"a bare query":  Neighbours([]Query{{}}),
		"no thumbnails": Sprite(nil, 0),
		"no size":       Sprite([]image.Image{nil, image.NewRGBA(image.Rectangle{})}, -3),
	} {
		if img == nil || img.Bounds().Empty() {
			t.Errorf("%s: an empty picture", name)
		}
	}
}

func TestShorten(t *testing.T) {
	fits := func(n int) func(string) bool { return func(s string) bool { return len([]rune(s)) <= n } }
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"Sedan", 5, "Sedan"}, {"Sedan", 4, "Sed…"}, {"Sedan", 1, "…"}, {"Sedan", 0, ""}, {"", 0, ""}, {"Äußerst", 4, "Äuß…"}, {"RL Sedan", 4, "RL…"},
	} {
		if got := shorten(c.text, fits(c.limit)); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.text, c.limit, got, c.want)
		}
	}
	if got := oneLine(" a\nb\tc\x00 "); got != "a b c" {
		t.Errorf("oneLine = %q", got)
	}
}

func TestWalk(t *testing.T) {
	query := Query{Image: plain(9, 9, sample), Caption: "class", Neighbours: []Neighbour{{plain(9, 9, other), false}, {plain(9, 9, other), true}}}
	img, err := Walk([]Query{query}, []string{"a very long name of a step, which is cut", "+1"})
	if err != nil {
		t.Fatal(err)
	}
	y := margin + noteLine + rowGap + noteLine + gap + captionLine
	for i, want := range []color.RGBA{wrongColour, rightColour} {
		x := margin + framed + queryGap + i*(framed+gap)
		if got := at(img, x+1, y+framed/2); got != want {
			t.Errorf("step %d: the frame is %v, want %v", i, got, want)
		}
		header := image.Rect(x, margin+noteLine+rowGap, x+framed, margin+noteLine+rowGap+noteLine)
		if count(img, header, paper) == header.Dx()*header.Dy() {
			t.Errorf("step %d has no name", i)
		}
	}
	if _, err := Walk([]Query{query}, []string{"one"}); err == nil {
		t.Error("two pictures for one step pass")
	}
}
