package page_test

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/performance"
)

// TestHundredThousand holds the page to its bounds with 100,000 photographs on a processor four
// times as slow: the work before the first screen and the map is bounded by that of a small
// collection, and what is held in the document is independent of the size.
func TestHundredThousand(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode")
	}
	d := newDouble(100_000)
	small := newDouble(1000)
	// busy is what the page's main thread has worked, in ms of the processor's time: what others do
	// on this machine does not count.
	busy := func(b *tab) float64 {
		for _, one := range call(b, performance.GetMetrics, cdp.Empty{}).Metrics {
			if one.Name == "TaskDuration" {
				return 1000 * one.Value
			}
		}
		t.Fatal("Chromium tells no TaskDuration")
		return 0
	}
	first := func(d *double, path, frame string) (b *tab, work float64, drawn timed) {
		b = open(t, d, 1280, 800) // a tab of its own: its count begins with it
		call(b, performance.Enable, performance.EnableParams{TimeDomain: performance.EnableTimeDomainThreadTicks})
		call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		b.goTo(path)
		raw := b.waitFirst(frame)
		work = busy(b)
		if err := json.Unmarshal([]byte(raw), &drawn); err != nil {
			t.Fatal(err)
		}
		call(b, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 1})
		t.Logf("%s of %d: %.0f ms on the clock, %.0f ms of the main thread, slowed 4 times", path, len(d.items), drawn.When, work)
		return b, work, drawn
	}
	_, base, _ := first(small, "/", `f.view === "browse" && f.tiles > 20`)
	b, whole, f := first(d, "/", `f.view === "browse" && f.tiles > 20 && f.total === 100000`)
	if whole > 3*base {
		t.Errorf("the first screen of 100,000 takes %.1f times that of 1,000", whole/base)
	}
	if f.Held > 200 {
		t.Errorf("%d tiles are held", f.Held)
	}
	// Through the whole list in leaps: what is held stays bounded, and the end is the end.
	for part := 1; part <= 8; part++ {
		b.clear()
		b.eval(`scrollTo(0, document.body.scrollHeight * ` + itoa(part) + ` / 8); ""`)
		f := b.waitFrame(`f.view === "browse" && f.tiles > 0 && f.first > ` + itoa((part-1)*12500-400))
		if f.n("held") > 250 {
			t.Errorf("%d tiles are held at leap %d", f.n("held"), part)
		}
	}
	if heap := b.eval(`String(Math.round(performance.memory.usedJSHeapSize / (1 << 20)))`); len(heap) > 2 {
		t.Errorf("the page's heap is %s MB", heap)
	}

	b, mapped, _ := first(d, "/map", `f.view === "map" && f.points === 100000`)
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
	When float64
	Held int
}
