package page_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var (
	shots = flag.String("screenshots", "", "write screenshots of every view, in both themes and at three widths, into this folder")
	site  = flag.String("site", "", "an address that `dvml serve` printed: with -screenshots, pictures are made of what it serves")
)

// TestDocumentedPictures writes the pictures that README and docs show; scripts/page-pictures runs it.
func TestDocumentedPictures(t *testing.T) {
	if *site == "" || *shots == "" {
		t.Skip("-site ADDRESS -screenshots FOLDER writes them")
	}
	base, written, _ := strings.Cut(*site, "#")
	b := openAt(t, strings.TrimSuffix(base, "/"), 1280, 800)
	for _, view := range []struct{ name, path, frame string }{
		{"page-search", "/search?like=173&unlike=11", `f.view === "search" && f.tiles > 0`},
		{"page-photograph", "/photograph/173", `f.view === "photograph" && f.tiles > 0`},
		{"page-map", "/map", `f.view === "map-list" && f.total > 0`},
		{"page-review", "/review/labels", `f.view === "review" && f.total > 0`},
	} {
		b.goTo(view.path + "#" + written)
		if view.name == "page-map" { // the first look makes it
			b.until(`frames_.some((f) => f.view === "map-list") || document.querySelector("main button.main:not([hidden])")`)
			b.eval(`document.querySelector("main button.main:not([hidden])")?.click(); ""`)
		}
		b.waitFrame(view.frame)
		b.forgive("/v1/map/info")
		b.until(`[...document.images].every((one) => one.complete)`)
		b.await(`Promise.all([...document.images].map((one) => one.decode().catch(() => 0))).then(() => "decoded")`)
		quality := int64(80)
		picture := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatJpeg, Quality: &quality})
		if err := os.WriteFile(filepath.Join(*shots, view.name+".jpg"), picture.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScreenshots writes pictures for a person to look at.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("-screenshots FOLDER writes them")
	}
	type view struct{ name, path, frame string }
	views := []view{
		{"browse", "/", `f.view === "browse" && f.total === 20000`},
		{"search-empty", "/search", `f.view === "search"`},
		{"search", "/search?like=42&unlike=9", `f.view === "search" && f.tiles > 0`},
		{"photograph", "/photograph/42", `f.view === "photograph"`},
		{"map", "/map", `f.view === "map-list" && f.total === 20000`},
		{"map-near", "/map?x=32800&y=33000&z=14", `f.view === "map-list"`},
		{"review", "/review/duplicates", `f.view === "review" && f.total > 0`},
		{"labels", "/review/labels", `f.view === "review" && f.total > 0`},
		{"compare", "/compare?id=42", `f.view === "compare" && f.total > 0`},
		{"runs", "/runs/best?with=cached", `f.view === "runs" && f.steps === 400`},
	}
	base, secret, others := "", token, *site != ""
	if others {
		base, secret, _ = strings.Cut(*site, "/#token=")
		views = []view{
			{"browse", "/", `f.view === "browse" && f.tiles > 0`},
			{"search", "/search?like=1", `f.view === "search" && f.tiles > 0`},
			{"photograph", "/photograph/1", `f.view === "photograph" && f.total > 0`},
			{"map", "/map", `f.view === "map-list" || f.view === "map" && f.points === 0`},
		}
		for _, queue := range []string{"duplicates", "labels", "odd", "confusions", "leaks"} {
			views = append(views, view{queue, "/review/" + queue, `f.view === "review"`})
		}
	}
	for _, size := range [][2]int64{{360, 740}, {1280, 800}, {2560, 1440}} {
		var b *tab
		if others {
			b = openAt(t, base, size[0], size[1])
		} else {
			b = open(t, newDouble(20000), size[0], size[1])
		}
		for _, theme := range []string{"light", "dark"} {
			call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			for _, view := range views {
				b.goTo(view.path + "#token=" + secret)
				b.waitFrame(view.frame)
				b.until(`[...document.images].every((one) => one.complete)`)
				name := filepath.Join(*shots, fmt.Sprintf("%s-%d-%s.png", view.name, size[0], theme))
				if err := os.WriteFile(name, run(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
