package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/dvml/dvml/train"
)

// screen shows long work: a bar on a terminal, plain lines elsewhere. It is a train.Watcher.
type screen struct {
	out      io.Writer
	terminal bool

	mu      sync.Mutex
	bars    *mpb.Progress
	bar     *mpb.Bar
	status  string // what stands after the bar
	metrics string // the last evaluation
	told    time.Time
}

func newScreen(f *os.File) *screen {
	info, err := f.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	s := &screen{out: f, terminal: terminal}
	if terminal {
		s.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(32))
	}
	return s
}

// close ends the bar, so that lines can be printed again.
func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bars != nil {
		s.endBar()
		s.bars.Wait()
		s.bars = nil
	}
}

func (s *screen) endBar() {
	if s.bar != nil {
		s.bar.Abort(false)
		s.bar = nil
	}
}

// Say prints a line above the bar.
func (s *screen) Say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(line)
}

func (s *screen) say(line string) {
	line = strings.TrimRight(line, "\n") + "\n"
	if s.bars != nil {
		io.WriteString(s.bars, line) //nolint:errcheck // a terminal that is gone loses a line
		return
	}
	io.WriteString(s.out, line) //nolint:errcheck // likewise
}

// count shows work that is done item by item.
func (s *screen) count(what string) func(done, total int) {
	return func(done, total int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.bars != nil {
			s.draw(what, done, total)
			if done == total {
				s.endBar()
			}
			return
		}
		if s.told.IsZero() { // short work says one line, at its end
			s.told = time.Now()
		}
		if done == total || time.Since(s.told) > 10*time.Second {
			s.told = time.Now()
			s.say(fmt.Sprintf("%s: %d of %d", what, done, total))
		}
	}
}

// draw sets the bar to done of total.
func (s *screen) draw(what string, done, total int) {
	if s.bar == nil {
		s.bar = s.bars.AddBar(int64(total),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Name(what+" "), decor.CountersNoUnit("%d/%d")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return s.status })))
	}
	s.bar.SetCurrent(int64(done))
}

// Step moves the bar, or prints a line for a logged step.
func (s *screen) Step(p train.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf("phase %d/%d  %.1f img/s  %s left  loss %.4g %s", p.Phase, p.Phases, p.ImagesPerSecond, p.Left.Round(time.Second), p.Values[train.Total], parts(p.Values))
	if s.bars != nil {
		s.status = " " + text + s.metrics
		s.draw("step", p.Step, p.Steps)
		if p.Step == p.Steps {
			s.endBar()
		}
		return
	}
	if p.Logged || p.Step == 1 || p.Step == p.Steps {
		s.say(fmt.Sprintf("step %d/%d  %s", p.Step, p.Steps, text))
	}
}

// parts writes the parts of the loss that the method has.
func parts(values map[string]float64) string {
	var b strings.Builder
	for _, part := range []struct{ name, value string }{{"KL", train.KL}, {"rec", train.Reconstruction}, {"L3", train.Synthetic}, {"L4", train.Invariant}} {
		if v, ok := values[part.value]; ok {
			fmt.Fprintf(&b, " %s %.3g", part.name, v)
		}
	}
	return b.String()
}

// Evaluation prints the held-out metrics.
func (s *screen) Evaluation(step int, metrics map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = fmt.Sprintf("  R@1 %.3f", metrics["R@1"])
	s.say(fmt.Sprintf("evaluation after step %d: %s", step, metricLine(metrics)))
}

// Embedding shows nothing in training: the bar stands still for a moment, and the evaluation's line follows.
func (s *screen) Embedding(done, total int) {}

// metricLine writes metrics in the order of the method's tables.
func metricLine(m map[string]float64) string {
	var b strings.Builder
	for _, name := range metricOrder(m) {
		fmt.Fprintf(&b, "%s %.3f  ", name, m[name])
	}
	return strings.TrimRight(b.String(), " ")
}
