package page_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func itoa(n int) string { return strconv.Itoa(n) }

func pair(t *testing.T, text string) (x, y float64) {
	var both [2]float64
	if err := json.Unmarshal([]byte(text), &both); err != nil {
		t.Fatal(err)
	}
	return both[0], both[1]
}

func TestReviewByTwoKeys(t *testing.T) {
	d := newDouble(7000)
	b := open(t, d, 1280, 800)
	b.goTo("/review/labels#token=" + token)
	f := b.waitFrame(`f.view === "review" && f.total > 50`)
	total := f.n("total")
	// Two keys alone, over the end of the first request.
	for i := range 53 {
		b.press([]string{"1", "2"}[i%2])
		b.waitFrame(fmt.Sprintf(`f.view === "review" && f.undecided === %d && f.at === %d`, total-i-1, i+1))
	}
	b.press("u")
	b.waitFrame(fmt.Sprintf(`f.view === "review" && f.undecided === %d && f.at === 52`, total-52))
	d.mu.Lock()
	given, suggested := 0, 0
	for _, one := range d.decisions {
		for i := range d.items {
			if p := &d.items[i]; p.hash == one.A {
				switch one.Value {
				case d.label(p):
					given++
				case d.classes[p.class]:
					suggested++
				default:
					t.Errorf("%s was decided as %q", p.path, one.Value)
				}
			}
		}
	}
	d.mu.Unlock()
	if given != 26 || suggested != 26 {
		t.Errorf("%d times the given label and %d times the suggested one, expected 26 and 26", given, suggested)
	}
	// Where one left off.
	b.goTo("/review")
	b.waitFrame(`f.view === "review" && f.at === 0`)
	b.clear()
	b.tabTo(".queues a")
	b.press(kb.ArrowRight, kb.Enter)
	b.waitFrame(`f.view === "review" && f.at === 52`)
	if got := b.eval(`document.querySelector(".queue-progress .soft").textContent`); got != fmt.Sprintf("52 of %d decided", total) {
		t.Errorf("progress: %q", got)
	}
	if got := b.eval(`document.querySelector("[download]").getAttribute("href")`); got != "/v1/decisions.csv" {
		t.Errorf("the CSV is at %q", got)
	}
	b.eval(`[...document.querySelectorAll("button")].find((one) => one.textContent === "Train on these decisions").click(); ""`)
	b.until(`document.querySelector("dialog.command pre")?.textContent.includes("dvml train")`)
}

func TestReviewWithoutToken(t *testing.T) {
	d := newDouble(500)
	d.readOnly = true
	b := open(t, d, 1280, 800)
	b.goTo("/review/duplicates")
	b.waitFrame(`f.view === "review" && f.total > 0`)
	if got := b.eval(`String(document.querySelector(".choice").disabled) + document.querySelector(".notice").textContent`); !strings.HasPrefix(got, "trueThis service is read-only") {
		t.Errorf("read-only: %q", got)
	}
	b.press("1")
	b.goTo("/review/leaks")
	b.until(`document.querySelector(".empty")?.textContent === "There is no split to look across: no folder is named like a part of one, as train and test are."`)
	if len(d.decisions) != 0 {
		t.Errorf("%d decisions were sent", len(d.decisions))
	}
}

func TestCompare(t *testing.T) {
	b := open(t, newDouble(2000), 1280, 800)
	b.goTo("/photograph/42")
	b.waitFrame(`f.view === "photograph"`)
	b.eval(`[...document.querySelectorAll("a.button")].find((one) => one.textContent === "Compare models").click(); ""`)
	b.waitFrame(`f.view === "compare" && f.total === 24`)
	b.until(`document.querySelectorAll(".two .grid").length === 2`)
	if got := b.eval(`document.querySelector(".query p").textContent`); !strings.HasSuffix(got, "of the 24 nearest are the same.") {
		t.Errorf("told %q", got)
	}
}

func TestRunsWhileTraining(t *testing.T) {
	d := newDouble(50)
	b := open(t, d, 1280, 800)
	b.goTo("/runs/best?with=cached")
	f := b.waitFrame(`f.view === "runs" && f.charts === 3`)
	if f.n("steps") >= 400 {
		t.Errorf("the run was done at the first look: %v", f)
	}
	b.waitFrame(`f.view === "runs" && f.steps === 400`)
	b.until(`document.querySelector(".told").textContent === "best: 400 steps, done"`)
}

func TestIndexingIsShown(t *testing.T) {
	d := newDouble(50)
	d.indexing = map[string]any{"done": 0, "total": 200, "failed": 0, "rate": 0, "eta_s": 0, "phase": "reading"}
	b := open(t, d, 1280, 800)
	b.goTo("/")
	b.until(`document.querySelector("#progress").textContent === "reading: 0 of 200 photographs"`)
	d.events <- "event: indexing\ndata: {\"done\":120,\"total\":200,\"failed\":2,\"rate\":40,\"eta_s\":2,\"phase\":\"embedding\"}\n\n"
	b.until(`document.querySelector("#progress").textContent === "embedding: 120 of 200 photographs, 40 a second, 2 seconds left; 2 files could not be read"`)
	b.until(`document.querySelector(".empty")?.textContent === "Photographs appear here as they are indexed."`)
	d.mu.Lock()
	d.indexing = nil
	d.mu.Unlock()
	d.events <- "event: indexing\ndata: null\n\n"
	b.waitFrame(`f.view === "browse" && f.tiles > 0`)
	b.until(`document.querySelector("#progress").hidden`)
	b.forgive("503")
}
