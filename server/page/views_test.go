package page_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestBrowse(t *testing.T) {
	b := open(t, newDouble(5000), 1280, 800)
	b.goTo("/")
	b.waitFrame(`f.view === "browse" && f.tiles > 20 && f.total === 5000`)
	if got := b.eval(`document.querySelector("h1").textContent + "|" + document.querySelector(".told").textContent + "|" + document.querySelector("#collection").textContent`); got != "Photographs|5,000 photographs|shapes · 5,000 photographs" {
		t.Errorf("heading, count, collection: %q", got)
	}
	b.clear()
	b.eval(`[...document.querySelectorAll("section[aria-label=Classes] a")].find((a) => a.textContent.startsWith("blue ring")).click(); ""`)
	f := b.waitFrame(`f.view === "browse" && f.total < 5000`)
	if want := len(newCollection(5000).matching(filter{classes: "blue ring"})); f.n("total") != want {
		t.Errorf("blue rings: %d, expected %d", f.n("total"), want)
	}
	if got := b.eval(`location.search`); got != "?class=blue+ring" {
		t.Errorf("address %q", got)
	}
	b.clear()
	b.eval(`history.back(); ""`)
	b.waitFrame(`f.view === "browse" && f.total === 5000`)
	b.clear()
	b.eval(`scrollTo(0, document.body.scrollHeight); ""`)
	f = b.waitFrame(`f.view === "browse" && f.first > 4800`)
	if f.n("held") > 400 {
		t.Errorf("%d tiles are held at the end of 5,000", f.n("held"))
	}
}

func TestWalkByKeys(t *testing.T) {
	b := open(t, newDouble(5000), 1280, 800)
	b.goTo("/")
	b.waitFrame(`f.view === "browse" && f.total === 5000`)
	b.tabTo(".grid a")
	focus := func() string {
		return b.eval(`document.activeElement.closest("[data-index]")?.dataset.index ?? document.activeElement.tagName`)
	}
	columns := b.eval(`document.querySelector(".grid").getAttribute("aria-colcount")`)
	b.press(kb.ArrowRight, kb.ArrowRight, kb.ArrowDown)
	b.press(kb.ArrowLeft)
	if got, want := focus(), b.eval(`String(1 + `+columns+`)`); got != want {
		t.Errorf("after right, right, down, left: photograph %s, expected %s", got, want)
	}
	b.press(kb.Home)
	if got := focus(); got != columns {
		t.Errorf("Home: photograph %s, expected %s", got, columns)
	}
	b.ctrl(kb.End)
	if got := focus(); got != "4999" {
		t.Errorf("Ctrl End: photograph %s", got)
	}
	b.ctrl(kb.Home)
	b.press(kb.PageDown)
	page := focus()
	if page == "0" {
		t.Error("Page Down did not move")
	}
	if got := b.eval(`String(document.querySelectorAll(".grid [tabindex='0']").length)`); got != "1" {
		t.Errorf("%s Tab stops in the grid", got)
	}
	b.clear()
	b.press(kb.Enter)
	b.waitFrame(`f.view === "photograph" && f.tiles > 0`)
	if got := b.eval(`location.pathname`); got != "/photograph/"+page {
		t.Errorf("Enter opened %s, expected photograph %s", got, page)
	}
	b.clear()
	b.eval(`history.back(); ""`)
	b.waitFrame(`f.view === "browse"`)
	b.until(`document.activeElement.closest("[data-index]")?.dataset.index === "` + page + `"`)
	b.press("?")
	b.until(`document.querySelector("dialog.keys[open]")`)
	b.press(kb.Escape)
	b.until(`!document.querySelector("dialog") && document.activeElement.closest("[data-index]")`)
	b.press("/")
	b.waitFrame(`f.view === "search"`)
}

func TestSearchByIndexedPhotograph(t *testing.T) {
	d := newDouble(5000)
	b := open(t, d, 1280, 800)
	b.goTo("/photograph/42#token=" + token)
	b.waitFrame(`f.view === "photograph"`)
	if got := b.eval(`location.hash`); got != "" {
		t.Errorf("the token stays in the address: %q", got)
	}
	b.tabTo(".neighbours .grid a")
	b.press("s")
	b.until(`document.querySelector("#announcer").textContent === "Marked as same."`)
	d.mu.Lock()
	if len(d.decisions) != 1 {
		t.Errorf("%d decisions, expected 1", len(d.decisions))
	}
	d.mu.Unlock()
	b.until(`document.activeElement.closest(".grid")`)
	b.press("s")
	b.until(`document.querySelector("#announcer").textContent === "Mark removed."`)
	d.mu.Lock()
	if len(d.decisions) != 0 {
		t.Errorf("%d decisions after undoing", len(d.decisions))
	}
	d.mu.Unlock()
	b.clear()
	b.eval(`document.querySelector("a.main").click(); ""`)
	b.waitFrame(`f.view === "search" && f.total > 3`)
	if got := b.eval(`document.querySelector("#announcer").textContent`); !strings.Contains(got, " same") || !strings.Contains(got, " perhaps") {
		t.Errorf("announced %q", got)
	}
	b.tabTo(".results .grid a")
	b.press(kb.ArrowRight)
	b.clear()
	b.press("-")
	b.waitFrame(`f.view === "search" && f.total > 3`)
	d.mu.Lock()
	if d.unlike != 1 {
		t.Errorf("%d disliked, expected 1", d.unlike)
	}
	d.mu.Unlock()
	if got := b.eval(`String(document.querySelectorAll(".example.disliked").length)`); got != "1" {
		t.Errorf("%s disliked chips", got)
	}
}
