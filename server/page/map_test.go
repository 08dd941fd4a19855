package page_test

import (
	"bytes"
	"image"
	_ "image/png"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// coloured counts the pixels of the map that are neither grey nor nearly so: points.
func coloured(b *tab) int {
	b.t.Helper()
	shot := run(b, chromedp.Screenshot(".surface"))
	picture, _, err := image.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, bl, _ := picture.At(x, y).RGBA()
			if max(r, g, bl)-min(r, g, bl) > 0x3000 {
				n++
			}
		}
	}
	return n
}

func TestMap(t *testing.T) {
	d := newDouble(5000)
	b := open(t, d, 1280, 800)
	b.goTo("/map")
	f := b.waitFrame(`f.view === "map" && f.points === 5000`)
	if f["painter"] != "WebGL2" {
		t.Errorf("drawn with %v", f["painter"])
	}
	b.waitFrame(`f.view === "map-list" && f.total === 5000`)
	whole := coloured(b)
	if whole < 5000 {
		t.Errorf("%d coloured pixels for 5,000 points: the map is nearly blank", whole)
	}

	// By keys: nearer, sideways, what is in view selected, and back to all.
	b.tabTo(".surface")
	b.press("+", "+", "+", kb.ArrowRight)
	b.waitFrame(`f.view === "map" && f.zoom > 3`)
	b.clear()
	b.press(kb.Enter)
	f = b.waitFrame(`f.view === "map" && f.selected > 0`)
	selected := f.n("selected")
	b.waitFrame(`f.view === "map-list" && f.total === ` + itoa(selected))
	if got := b.eval(`document.querySelector(".mirror h2").textContent`); !strings.HasSuffix(got, "selected") {
		t.Errorf("the list is headed %q", got)
	}
	b.clear()
	b.press("0")
	b.waitFrame(`f.view === "map" && f.zoom === 1`)
	if some := coloured(b); some == 0 || some > whole/2 {
		t.Errorf("%d coloured pixels with %d of 5,000 points selected, %d before: the others are not grey", some, selected, whole)
	}
	b.clear()
	b.press(kb.Escape)
	b.waitFrame(`f.view === "map-list" && f.total === 5000`)

	// The place is in the address.
	b.press("+", "+")
	b.until(`location.search.includes("z=2.25")`)
	b.press("0")
	b.until(`location.search === ""`)
}

func TestMapByMouse(t *testing.T) {
	d := newDouble(2000)
	b := open(t, d, 1280, 800)
	b.goTo("/map")
	b.waitFrame(`f.view === "map-list" && f.total === 2000`)
	mouse := func(kind input.DispatchMouseEventType, x, y float64, options ...chromedp.MouseOption) {
		run(b, chromedp.MouseEvent(kind, x, y, options...))
	}
	// The lasso, round the middle of the map.
	b.eval(`[...document.querySelectorAll("button")].find((one) => one.textContent === "Draw a selection").click(); ""`)
	left := chromedp.ButtonLeft
	mouse(input.DispatchMouseEventTypeMousePressed, 280, 330, left)
	for _, p := range [][2]float64{{480, 330}, {480, 530}, {280, 530}, {280, 340}} {
		mouse(input.DispatchMouseEventTypeMouseMoved, p[0], p[1], left)
	}
	b.clear()
	mouse(input.DispatchMouseEventTypeMouseReleased, 280, 335, left)
	f := b.waitFrame(`f.view === "map-list" && f.total > 0 && f.total < 2000`)
	if n := f.n("total"); n < 200 || n > 1500 {
		t.Errorf("the lasso holds %d of 2,000", n)
	}
	// Near enough, photographs stand in the place of points; what is under the pointer is told, and a click opens it.
	b.goTo("/map?x=32768&y=32768&z=60")
	b.until(`document.querySelectorAll(".over img").length > 0`)
	b.goTo("/map")
	b.waitFrame(`f.view === "map-list" && f.total === 2000`)
	at := b.eval(`(() => { const box = document.querySelector(".surface").getBoundingClientRect(); return JSON.stringify([box.left + box.width / 2, box.top + box.height / 2]); })()`)
	x, y := pair(t, at)
	b.clear()
	for dy := range 12 {
		mouse(input.DispatchMouseEventTypeMouseMoved, x, y+float64(dy*4))
	}
	hovered := b.waitFrame(`f.view === "map-hover"`)
	if b.eval(`String(document.querySelector(".card").hidden)`) != "false" {
		t.Error("the card is hidden over a point")
	}
	run(b, chromedp.MouseClickXY(x, y+44))
	b.waitFrame(`f.view === "photograph"`)
	if !strings.HasPrefix(b.eval(`location.pathname`), "/photograph/") {
		t.Errorf("a click on photograph %d led to %s", hovered.n("id"), b.eval(`location.pathname`))
	}
}

// Without WebGL2 the map is drawn on a plain canvas, and when the context is lost too.
func TestMapWithoutWebGL(t *testing.T) {
	b := open(t, newDouble(3000), 1280, 800, `{
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) { return kind.startsWith("webgl") ? null : get.call(this, kind, ...rest); };
}`)
	b.goTo("/map")
	b.waitFrame(`f.view === "map" && f.painter === "Canvas2D"`)
	b.waitFrame(`f.view === "map-list" && f.total === 3000`)
	if n := coloured(b); n < 3000 {
		t.Errorf("%d coloured pixels for 3,000 points", n)
	}

	b = open(t, newDouble(3000), 1280, 800)
	b.goTo("/map")
	b.waitFrame(`f.view === "map" && f.painter === "WebGL2"`)
	b.clear()
	b.eval(`document.querySelector(".surface canvas").getContext("webgl2").getExtension("WEBGL_lose_context").loseContext(); ""`)
	b.waitFrame(`f.view === "map" && f.painter === "Canvas2D"`)
	if n := coloured(b); n < 3000 {
		t.Errorf("%d coloured pixels after the context was lost", n)
	}
}

func TestMakeMap(t *testing.T) {
	d := newDouble(500)
	d.mapping = false
	b := open(t, d, 1280, 800)
	b.goTo("/map")
	b.forgive("")
	b.until(`document.querySelector("main button")?.disabled`) // no token
	b.goTo("/map#token=" + token)
	b.goTo("/map?again#token=" + token)
	b.until(`document.querySelector("main button")?.disabled === false`)
	b.tabTo("main button")
	b.press(kb.Enter)
	b.waitFrame(`f.view === "map" && f.points === 500`)
	b.forgive("404")
}
