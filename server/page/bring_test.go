package page_test

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// file writes a generated photograph for a field of the page to take.
func file(t *testing.T, d *double, id int) string {
	name := filepath.Join(t.TempDir(), "mine.jpg")
	if err := os.WriteFile(name, d.draw(&d.items[id], 400), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSearchByOwnPhotograph(t *testing.T) {
	d := newDouble(2000)
	b := open(t, d, 1280, 800)
	b.goTo("/search")
	b.waitFrame(`f.view === "search"`)
	b.clear()
	run(b, chromedp.SetUploadFiles("input[type=file]", []string{file(t, d, 0)}))
	b.waitFrame(`f.view === "search" && f.tiles > 0`)
	if got := b.eval(`document.querySelector(".example .name").textContent`); got != "mine.jpg" {
		t.Errorf("the chip says %q", got)
	}

	// A part of it, framed by the arrow keys.
	b.clear()
	b.eval(`[...document.querySelectorAll(".example button")].find((one) => one.textContent === "Crop").click(); ""`)
	b.until(`document.activeElement.classList.contains("frame")`)
	b.press(kb.ArrowRight, kb.ArrowDown)
	run(b, chromedp.KeyEvent(kb.ArrowLeft, chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.tabTo("dialog .main")
	b.press(kb.Enter)
	b.waitFrame(`f.view === "search" && f.tiles > 0`)
	d.mu.Lock()
	if d.cut != "0.12,0.12,0.78,0.8" {
		t.Errorf("the crop that was asked for: %q", d.cut)
	}
	d.mu.Unlock()

	// One more, pasted; then back to one alone.
	b.clear()
	b.eval(`{
  const bytes = Uint8Array.from(atob("` + base64.StdEncoding.EncodeToString(d.draw(&d.items[1], 200)) + `"), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "pasted.jpg", {type: "image/jpeg"}));
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData: transfer, bubbles: true}));
} ""`)
	b.until(`document.querySelectorAll(".example").length === 2 && document.querySelectorAll(".results .tile").length > 0`)
	b.clear()
	b.eval(`history.back(); ""`)
	b.until(`document.querySelectorAll(".example").length === 1 && document.querySelectorAll(".results .tile").length > 0`)
}

func TestDropPhotographOfThePage(t *testing.T) {
	b := open(t, newDouble(500), 1280, 800)
	b.goTo("/")
	b.waitFrame(`f.view === "browse" && f.tiles > 0`)
	b.eval(`{
  const transfer = new DataTransfer();
  transfer.setData("text/uri-list", location.origin + "/photograph/17");
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
} ""`)
	b.waitFrame(`f.view === "search" && f.tiles > 0`)
	if got := b.eval(`location.search`); got != "?like=17" {
		t.Errorf("address %q", got)
	}
}

func TestProblemsAreSaid(t *testing.T) {
	d := newDouble(500)
	d.refuse = 429
	b := open(t, d, 1280, 800)
	b.goTo("/search?like=3")
	b.until(`document.querySelector(".failed")?.textContent.includes("The queue is full")`)
	b.forgive("429")
	d.refuse = 0
	b.tabTo(".failed button")
	b.press(kb.Enter)
	b.waitFrame(`f.view === "search" && f.tiles > 0`)

	b.goTo("/photograph/501")
	b.until(`document.querySelector(".failed")?.textContent.includes("There is no photograph 501")`)
	b.forgive("404")
	b.goTo("/nowhere")
	b.until(`document.querySelector("h1")?.textContent === "There is no such page"`)

	b.goTo("/search?image=gone-0")
	b.until(`document.querySelector(".failed")?.textContent.includes("Add it again")`)
}

// A service that has fewer routes gets a page of fewer views.
func TestOnlyWhatIsOffered(t *testing.T) {
	d := newDouble(500)
	d.young = true
	b := open(t, d, 1280, 800)
	b.goTo("/photograph/3")
	b.waitFrame(`f.view === "photograph"`)
	b.until(`[...document.querySelectorAll("header nav a")].filter((one) => !one.hidden).map((one) => one.textContent).join() === "Browse,Search"`)
	if got := b.eval(`document.querySelector("main").textContent`); strings.Contains(got, "Compare models") || strings.Contains(got, "Mark what") {
		t.Errorf("offered: %s", got)
	}
}
