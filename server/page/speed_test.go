package page_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// TestHundredThousand holds the page to its bounds with 100,000 photographs on a processor four times as slow: first screen and map within a second, what is
// held in the document independent of the collection. Times are of the page's own clock, from the navigation to the drawn frame, and the median of three.
func TestHundredThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	d := newDouble(100_000)
	small := newDouble(1000)
	first := func(d *double, path, frame string) (b *tab, median float64, last timed) {
		b = open(t, d, 1280, 800)
		call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		var times []float64
		for range 3 {
			b.goTo(path)
			raw := b.waitFirst(frame)
			if err := json.Unmarshal([]byte(raw), &last); err != nil {
				t.Fatal(err)
			}
			times = append(times, last.At)
		}
		call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 1})
		return b, middle(times), last
	}
	_, base, _ := first(small, "/", `f.view === "browse" && f.tiles > 20`)
	b, whole, f := first(d, "/", `f.view === "browse" && f.tiles > 20 && f.total === 100000`)
	t.Logf("first screen, processor 4 times as slow: %.0f ms of 1,000 photographs, %.0f ms of 100,000", base, whole)
	if whole > 3*base {
		t.Errorf("the first screen of 100,000 takes %.1f times that of 1,000", whole/base)
	}
	if f.Held > 200 {
		t.Errorf("%d tiles are held", f.Held)
	}
	// Through the whole list in leaps: what is held stays bounded, and the end is the end.
	for part := 1; part <= 20; part++ {
		b.clear()
		b.eval(`scrollTo(0, document.body.scrollHeight * ` + itoa(part) + ` / 20); ""`)
		f := b.waitFrame(`f.view === "browse" && f.tiles > 0 && f.first > ` + itoa((part-1)*5000-400))
		if f.n("held") > 250 {
			t.Errorf("%d tiles are held at leap %d", f.n("held"), part)
		}
	}
	if heap := b.eval(`String(Math.round(performance.memory.usedJSHeapSize / (1 << 20)))`); len(heap) > 2 {
		t.Errorf("the page's heap is %s MB", heap)
	}

	b, mapped, _ := first(d, "/map", `f.view === "map" && f.points === 100000`)
	t.Logf("map of 100,000 points, processor 4 times as slow: %.0f ms (%.1f times the first screen of 1,000)", mapped, mapped/base)
	if mapped > 4*base {
		t.Errorf("the map of 100,000 points takes %.1f times the first screen of 1,000", mapped/base)
	}
	// A hover is answered within a frame: 200 questions at once.
	took := b.eval(`(() => {
  const surface = document.querySelector(".surface"), box = surface.getBoundingClientRect(), begin = performance.now();
  for (let i = 0; i < 200; i++) surface.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + box.width * (i % 20) / 20, clientY: box.top + box.height * i / 200, bubbles: true}));
  return String((performance.now() - begin) / 200);
})()`)
	t.Logf("hover: %s ms", took)
	if ms, err := strconv.ParseFloat(took, 64); err != nil || ms > 16 {
		t.Errorf("a hover takes %s ms, more than a frame", took)
	}
}

type timed struct {
	At   float64
	Held int
}

func middle(three []float64) float64 {
	a, b, c := three[0], three[1], three[2]
	return max(min(a, b), min(max(a, b), c))
}
