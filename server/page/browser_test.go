package page_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// tab is a tab of a real Chromium that shows a double's page. Whatever the console says of errors fails the test.
type tab struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu     sync.Mutex
	faults []string
}

// patience bounds what a test waits for a frame; nothing sleeps.
const patience = 30 * time.Second

func chromium(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("DVML_CHROMIUM"); path != "" {
		return path
	}
	t.Skip("DVML_CHROMIUM names no Chromium: these tests take two minutes, and .ci/run sets it (Debian: apt-get install chromium)")
	return ""
}

var browser struct {
	sync.Mutex
	ctx context.Context
	end func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if browser.end != nil {
		browser.end()
	}
	os.Exit(code)
}

// open opens a tab of so many pixels over a double, before any page.
func open(t testing.TB, d *double, width, height int64, scripts ...string) *tab {
	t.Helper()
	chromium(t) // a test that is skipped starts nothing
	server := httptest.NewServer(d.handler(t))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return openAt(t, server.URL, width, height, scripts...)
}

// openAt opens a tab of so many pixels over what serves at base.
func openAt(t testing.TB, base string, width, height int64, scripts ...string) *tab {
	t.Helper()
	program := chromium(t)
	browser.Lock()
	if browser.ctx == nil {
		options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
			chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("disable-dev-shm-usage", true))
		allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocated)
		if err := chromedp.Do(ctx); err != nil {
			t.Fatalf("Chromium does not start: %v", err)
		}
		browser.ctx, browser.end = ctx, func() { cancel(); stop() }
	}
	browser.Unlock()
	ctx, cancel := chromedp.NewContext(browser.ctx, chromedp.WithNewBrowserContext())
	b := &tab{t: t, ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	watch := `window.frames_ = []; document.addEventListener("dvml:drawn", (event) => { frames_.push({...event.detail, when: performance.now()}); window.newFrame_?.(); });`
	call(b, log.Enable, cdp.Empty{})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
	for _, script := range append([]string{watch}, scripts...) {
		call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	}
	t.Cleanup(func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, fault := range b.faults {
			t.Errorf("console: %s", fault)
		}
	})
	return b
}

// call sends one command of the protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	return run(b, func(ctx context.Context, t *chromedp.Target) (R, error) { return cdp.Call(ctx, t, command, params) })
}

// run ends the test where an action fails or takes too long.
func run[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.state())
	}
	return value
}

func (b *tab) listen(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var said []string
			for _, one := range e.Args {
				said = append(said, string(one.Value)+one.Description)
			}
			fault = strings.Join(said, " ")
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			fault = fmt.Sprintf("%s %s", e.Entry.Text, e.Entry.URL)
		}
	}
	if fault != "" {
		b.mu.Lock()
		b.faults = append(b.faults, fault)
		b.mu.Unlock()
	}
}

// forgive takes faults that a test provoked.
func (b *tab) forgive(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	kept := b.faults[:0]
	for _, fault := range b.faults {
		if !strings.Contains(fault, part) {
			kept = append(kept, fault)
		}
	}
	b.faults = kept
}

// state says what the page last drew, for a test that waited in vain.
func (b *tab) state() string {
	ctx, cancel := context.WithTimeout(b.ctx, 2*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + JSON.stringify((window.frames_ ?? []).slice(-3)) + "\n" + document.body?.innerText.slice(0, 160)`))
	if err != nil {
		return err.Error()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return text + "\n" + strings.Join(b.faults, "\n")
}

func (b *tab) goTo(path string) {
	b.t.Helper()
	call(b, page.Navigate, page.NavigateParams{URL: b.base + path})
}

type frame map[string]any

func (f frame) n(name string) int { v, _ := f[name].(float64); return int(v) }

// waitFrame waits for a drawn frame for which the condition, JavaScript over f, holds; frames
// before the last clear count.
func (b *tab) waitFrame(condition string) frame {
	b.t.Helper()
	raw := b.waitAny("findLast", condition)
	var f frame
	if err := json.Unmarshal([]byte(raw), &f); err != nil {
		b.t.Fatalf("frame %q: %v", raw, err)
	}
	return f
}

// waitFirst gives the first such frame, as JSON.
func (b *tab) waitFirst(condition string) string { return b.waitAny("find", condition) }

func (b *tab) waitAny(find, condition string) string {
	b.t.Helper()
	return b.await(fmt.Sprintf(`new Promise((found) => {
  const look = () => { const f = (window.frames_ ?? []).%s((f) => %s); if (f) { window.newFrame_ = null; found(JSON.stringify(f)); } };
  window.newFrame_ = look;
  look();
})`, find, condition))
}

// until waits for a condition of the document, looked at after each change.
func (b *tab) until(condition string) {
	b.t.Helper()
	b.await(fmt.Sprintf(`new Promise((found) => {
  const holds = () => { try { return %s; } catch { return false; } };
  const look = () => { if (holds()) { watcher.disconnect(); clearInterval(timer); found("yes"); } };
  const watcher = new MutationObserver(look);
  watcher.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const timer = setInterval(look, 50);
  look();
})`, condition))
}

// await evaluates a promise of a string; a page that is left meanwhile is asked anew.
func (b *tab) await(script string) string {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(b.ctx, time.Until(deadline))
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
		cancel()
		if err == nil {
			return text
		}
		if time.Now().After(deadline) || !strings.Contains(err.Error(), "context was destroyed") && !strings.Contains(err.Error(), "navigated") {
			b.t.Fatalf("waiting: %v\n%s\n%s", err, script, b.state())
		}
	}
}

// clear forgets the frames drawn so far.
func (b *tab) clear() { b.eval(`frames_.length = 0; ""`) }

func (b *tab) eval(script string) string {
	b.t.Helper()
	return run(b, chromedp.Evaluate[string](script))
}

// press types keys, named as kb names them or as single letters.
func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		run(b, chromedp.KeyEvent(key))
	}
}

// ctrl types a key with Ctrl held.
func (b *tab) ctrl(key string) {
	b.t.Helper()
	run(b, chromedp.KeyEvent(key, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
}

func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 80 {
		if b.eval(fmt.Sprintf(`String(document.activeElement?.matches(%q) ?? false)`, selector)) == "true" {
			return
		}
		b.press(kb.Tab)
	}
	b.t.Fatalf("Tab does not reach %s; the focus is on %s", selector, b.eval(`document.activeElement?.outerHTML.slice(0, 200) ?? ""`))
}
