package page_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// TestAccessible has axe-core look at every view in both themes: nothing serious, and nothing critical.
func TestAccessible(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("..", "..", ".tools", "node", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Skip("no axe-core here: scripts/install-test-tools brings it")
	}
	d := newDouble(1000)
	b := open(t, d, 1280, 800)
	look := func(where string) {
		t.Helper()
		b.eval(string(axe) + `; ""`)
		raw := b.await(`axe.run(document, {resultTypes: ["violations"]}).then((found) => JSON.stringify(found.violations.map((one) => ({
  id: one.id, impact: one.impact, help: one.help, nodes: one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? ""))}))))`)
		var found []struct {
			ID, Impact, Help string
			Nodes            []string
		}
		if err := json.Unmarshal([]byte(raw), &found); err != nil {
			t.Fatal(err)
		}
		for _, one := range found {
			if one.Impact == "serious" || one.Impact == "critical" {
				t.Errorf("%s: %s (%s): %s\n\t%s", where, one.ID, one.Impact, one.Help, strings.Join(one.Nodes, "\n\t"))
			}
		}
	}
	for _, theme := range []string{"light", "dark"} {
		call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		for _, view := range []struct{ path, frame string }{
			{"/", `f.view === "browse" && f.tiles > 0`},
			{"/?class=blue+ring&folder=rings", `f.view === "browse" && f.tiles > 0`},
			{"/search", `f.view === "search"`},
			{"/search?like=42&unlike=9", `f.view === "search" && f.tiles > 0`},
			{"/photograph/42", `f.view === "photograph"`},
			{"/map", `f.view === "map-list" && f.tiles > 0`},
			{"/review/duplicates", `f.view === "review" && f.total > 0`},
			{"/review/labels", `f.view === "review" && f.total > 0`},
			{"/compare?id=42", `f.view === "compare" && f.total > 0`},
			{"/runs/best?with=cached", `f.view === "runs" && f.charts > 0`},
		} {
			b.goTo(view.path + "#token=" + token)
			b.waitFrame(view.frame)
			look(theme + " " + view.path)
		}
		b.press("?")
		b.until(`document.querySelector("dialog.keys[open]")`)
		look(theme + " keys")
	}
}
