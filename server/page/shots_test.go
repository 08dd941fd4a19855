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
	}
	for _, size := range [][2]int64{{360, 740}, {1280, 800}, {2560, 1440}} {
		b := open(t, d, size[0], size[1])
		for _, theme := range []string{"light", "dark"} {
			call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			for _, view := range views {
				b.goTo(view.path)
				b.waitFrame(view.frame)
				name := filepath.Join(*shots, fmt.Sprintf("%s-%d-%s.png", view.name, size[0], theme))
				if err := os.WriteFile(name, run(b, chromedp.CaptureScreenshot()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
