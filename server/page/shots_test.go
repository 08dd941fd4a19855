package page_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

var shots = flag.String("screenshots", "", "write screenshots of every view, in both themes and at three widths, into this folder")

// TestScreenshots writes pictures for a person to look at.
func TestScreenshots(t *testing.T) {
	if *shots == "" {
		t.Skip("-screenshots FOLDER writes them")
	}
	d := newDouble(20000)
	views := []struct{ name, path, frame string }{
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
	for _, size := range [][2]int64{{360, 740}, {1280, 800}, {2560, 1440}} {
		b := open(t, d, size[0], size[1])
		for _, theme := range []string{"light", "dark"} {
			call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			for _, view := range views {
				b.goTo(view.path + "#token=" + token)
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
