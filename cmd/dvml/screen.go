package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

// screen shows long work: on a terminal one line that is drawn over again and again, elsewhere plain lines. It is a train.Watcher.
type screen struct {
	out   io.Writer
	width func() int // columns of the terminal; nil: no terminal

	mu        sync.Mutex
	drawn     int       // columns of the line that stands on the terminal, 0: none
	when      time.Time // it was drawn
	test      string    // the last evaluation's R@1
	embedding func(done, total int)
}

func newScreen(f *os.File) *screen {
	s := &screen{out: f}
	if f == os.Stdout {
		s.out = stdout
	}
	if fd := int(f.Fd()); term.IsTerminal(fd) && os.Getenv("TERM") != "dumb" {
		s.width = func() int {
			if w, _, err := term.GetSize(fd); err == nil && w > 0 {
				return w
			}
			return 80
		}
	}
	return s
}

// close takes the drawn line away, so that others can be printed.
func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draw("")
}

// Say prints a line; the drawn one comes back below it.
func (s *screen) Say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(line)
}

func (s *screen) say(line string) {
	s.draw("")
	io.WriteString(s.out, strings.TrimRight(line, "\n")+"\n") //nolint:errcheck // a terminal that is gone loses a line
}

// draw puts line where the last one was: spaces cover what is left of that, as not every terminal knows escape sequences.
func (s *screen) draw(line string) {
	if line == "" && s.drawn == 0 {
		return
	}
	n := utf8.RuneCountInString(line)
	text := "\r" + line + strings.Repeat(" ", max(0, s.drawn-n))
	if n == 0 {
		text += "\r"
	}
	io.WriteString(s.out, text) //nolint:errcheck // likewise
	s.drawn, s.when = n, time.Now()
}

// bar draws how much of the work is done, followed by as many of the remarks as the terminal is wide for. It draws ten times a second at most.
func (s *screen) bar(what string, done, total int, remarks ...string) {
	if s.drawn > 0 && time.Since(s.when) < 100*time.Millisecond {
		return
	}
	s.draw(barLine(s.width()-1, what, done, total, remarks)) // a character in the last column would break the line
}

// barLine is "what 3/10 [===>------]  remark  remark" in at most width columns.
func barLine(width int, what string, done, total int, remarks []string) string {
	const shortest, longest = 10, 32 // columns of the bar between its brackets
	head := fmt.Sprintf("%s %d/%d", what, done, total)
	tail := ""
	for _, r := range remarks {
		if r == "" {
			continue
		}
		if utf8.RuneCountInString(head)+len(" []")+shortest+utf8.RuneCountInString(tail)+len("  ")+utf8.RuneCountInString(r) > width {
			break
		}
		tail += "  " + r
	}
	size := min(longest, width-utf8.RuneCountInString(head)-len(" []")-utf8.RuneCountInString(tail))
	if size < shortest {
		return string([]rune(head)[:max(0, min(width, utf8.RuneCountInString(head)))])
	}
	full := 0
	if total > 0 {
		full = min(max(done, 0), total) * size / total
	}
	bar := strings.Repeat("=", full)
	if full < size {
		bar += ">" + strings.Repeat("-", size-full-1)
	}
	return head + " [" + bar + "]" + tail
}

// count shows work that is done item by item.
func (s *screen) count(what string) func(done, total int) {
	began := time.Now()
	told := began
	return func(done, total int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		left := ""
		if took := time.Since(began); took > 2*time.Second && done > 0 && done < total {
			left = duration(took*time.Duration(total-done)/time.Duration(done)) + " left"
		}
		switch {
		case s.width != nil && done < total:
			s.bar(what, done, total, left)
		case s.width != nil:
			s.draw("")
		case done == total || time.Since(told) > 10*time.Second:
			told = time.Now()
			s.say(strings.TrimRight(fmt.Sprintf("%s: %d of %d  %s", what, done, total, left), " "))
		}
	}
}

// long is count that says nothing of short work where there is no terminal.
func (s *screen) long(what string) func(done, total int) {
	show := s.count(what)
	return func(done, total int) {
		if s.width != nil || done < total {
			show(done, total)
		}
	}
}

// Step moves the bar, or prints a line for a logged step.
func (s *screen) Step(p train.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	phase, speed, left := fmt.Sprintf("phase %d/%d", p.Phase, p.Phases), fmt.Sprintf("%.0f img/s", p.ImagesPerSecond), train.LeftInWords(p.Left, duration)+" left"
	loss, parts := fmt.Sprintf("loss %.4g", p.Values[run.Total]), lossParts(p.Values)
	switch {
	case s.width != nil && p.Step < p.Steps:
		s.bar("step", p.Step, p.Steps, left, loss, s.test, speed, phase, parts)
	case s.width != nil:
		s.draw("")
	case p.Logged || p.Step == 1 || p.Step == p.Steps:
		s.say(strings.TrimRight(strings.Join([]string{fmt.Sprintf("step %d/%d", p.Step, p.Steps), phase, speed, left, loss, parts}, "  "), " "))
	}
}

// lossParts lists the parts of the loss that the method has.
func lossParts(values map[string]float64) string {
	var parts []string
	for _, name := range []string{run.KL, run.Reconstruction, run.Synthetic, run.Invariant} {
		if v, ok := values[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %.3g", name, v))
		}
	}
	return strings.Join(parts, " ")
}

// Evaluation prints the held-out metrics: all of them, or those that matter most where the terminal is narrow.
func (s *screen) Evaluation(step int, metrics map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := metrics["R@1"]; ok {
		s.test = fmt.Sprintf("R@1 %.3f", v)
	}
	s.metrics(fmt.Sprintf("test %5d  ", step), metrics)
}

// Features prints the metrics of the untrained features, above those that training gives.
func (s *screen) Features(metrics map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics("features    ", metrics)
}

func (s *screen) metrics(head string, metrics map[string]float64) {
	width := 1 << 30
	if s.width != nil {
		width = s.width() - len(head)
	}
	s.say(head + metricLine(metrics, width))
}

// Embedding shows how far the images of an evaluation, or of the cached features, are. Where there is no terminal only long work is told of.
func (s *screen) Embedding(done, total int) {
	s.mu.Lock()
	if s.embedding == nil {
		s.embedding = s.count("embedding")
	}
	show := s.embedding
	if done == total {
		s.embedding = nil
	}
	quiet := s.width == nil && done == total
	s.mu.Unlock()
	if !quiet {
		show(done, total)
	}
}

// duration is d without digits that nobody reads: 42s, 3m20s, 2h5m.
func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return d.Round(time.Second).String()
	case d < time.Hour:
		return d.Round(10 * time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
