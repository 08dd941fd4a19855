package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

var progress = train.Progress{Step: 5, Steps: 20, Phase: 1, Phases: 3, ImagesPerSecond: 72.4, Left: []train.Part{{Name: "end to end", Left: 98 * time.Second}}, Logged: true,
	Values: map[string]float64{run.Total: 6.559, run.KL: 3.2, run.Reconstruction: 14.5, run.Synthetic: 0.588, run.Invariant: 0.432}}

var tested = map[string]float64{"R@1": .567, "R@2": .747, "R@8": .933, "R@16": .99, "NMI": .158, "F1": .234, "MAP@R": .161, "RP": .293}

// terminal is what a terminal of that width shows after text was written to it, with what was overwritten gone. A line that is too long breaks.
func terminal(width int, text string) (lines []string, broken bool) {
	for line := range strings.SplitSeq(text, "\n") {
		shown := []rune{}
		for i, part := range strings.Split(line, "\r") {
			runes := []rune(part)
			broken = broken || len(runes) >= width
			if i > 0 && len(runes) < len(shown) {
				runes = append(runes, shown[len(runes):]...)
			}
			shown = runes
		}
		lines = append(lines, strings.TrimRight(string(shown), " "))
	}
	return lines, broken
}

func TestScreen(t *testing.T) {
	for width, want := range map[int][]string{
		0: {"step 5/20  phase 1/3  72 img/s  1m40s left  loss 6.559  kl 3.2 reconstruction 14.5 synthetic 0.588 invariant 0.432",
			"test   200  NMI 0.158  F1 0.234  R@1 0.567  R@2 0.747  R@8 0.933  R@16 0.990  RP 0.293  MAP@R 0.161",
			"step 5/20  phase 1/3  72 img/s  1m40s left  loss 6.559  kl 3.2 reconstruction 14.5 synthetic 0.588 invariant 0.432", ""},
		24: {"test   200  R@1 0.567", "step 5/20 [==>--------]"},
		60: {"test   200  NMI 0.158  F1 0.234  R@1 0.567", "step 5/20 [===>--------]  1m40s left  loss 6.559  R@1 0.567"},
		144: {"test   200  NMI 0.158  F1 0.234  R@1 0.567  R@2 0.747  R@8 0.933  R@16 0.990  RP 0.293  MAP@R 0.161",
			"step 5/20 [===>-----------]  1m40s left  loss 6.559  R@1 0.567  72 img/s  phase 1/3  kl 3.2 reconstruction 14.5 synthetic 0.588 invariant 0.432"},
	} {
		var out bytes.Buffer
		s := &screen{out: &out}
		if width > 0 {
			s.width = func() int { return width }
		}
		s.Step(progress)
		s.Evaluation(200, tested)
		s.Step(progress)
		got, broken := terminal(width, out.String())
		if width > 0 && broken {
			t.Errorf("width %d: a line is longer: %q", width, out.String())
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("width %d:\n%s\nwant\n%s", width, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		s.close()
		if got, _ := terminal(width, out.String()); got[len(got)-1] != "" {
			t.Errorf("width %d: closed, but %q stands there", width, got[len(got)-1])
		}
	}
}

// The features' metrics stand above those of evaluations, column under column.
func TestFeaturesStandAboveEvaluations(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out}
	s.Features(tested)
	s.Evaluation(0, tested)
	lines := strings.Split(out.String(), "\n")
	if first, second := strings.Index(lines[0], "NMI"), strings.Index(lines[1], "NMI"); first < 0 || first != second {
		t.Errorf("%q", out.String())
	}
}

func TestOutcome(t *testing.T) {
	at := func(v float64) map[string]float64 { return map[string]float64{"R@1": v} }
	for _, c := range []struct {
		step              int
		features          map[string]float64
		best              float64
		weights           string
		says, saysNothing []string
		alone             string
	}{
		{0, nil, .5, "w.onnx", []string{"Training did not help", "0.500    0.250", "more classes", "run/config.yaml", "The best model is therefore the untrained one"}, []string{"features"}, ""},
		{0, at(.4), .5, "w.onnx", []string{"The best model is therefore the untrained one"}, []string{"features"}, ""},
		{0, at(.93), .5, "w.onnx", []string{"features alone are better than every state, without any training: R@1 0.930, the best state has 0.500", "embed w.onnx PHOTOGRAPHS", "more classes"},
			[]string{"the untrained one"}, ""},
		{20, nil, .75, "", []string{"The state after step 20 is the best by R@1", "0.500    0.750"}, []string{"features", "What may help"}, ""},
		{20, at(.74), .75, "", []string{"0.500    0.750"}, []string{"features"}, ""},
		{20, at(.93), .75, "", []string{"features alone are better than every state", "0.930"}, []string{"embed"}, ""},
		{0, at(.5), .5, "w.onnx", []string{"Nothing was trained, and the model embeds as the features do: it is worse", "0.500    0.250", "train --data x.h5 --preset best"},
			[]string{"What may help", "untrained one"}, "it is worse"},
	} {
		var out bytes.Buffer
		outcome{"run", "R@1", c.step, c.features, at(.5), at(c.best), at(.25), c.weights, "x.h5", c.alone}.print(&out)
		got := filepath.ToSlash(out.String())
		for _, want := range c.says {
			if !strings.Contains(got, want) {
				t.Errorf("step %d, features %v: it does not say %q:\n%s", c.step, c.features, want, got)
			}
		}
		for _, not := range c.saysNothing {
			if strings.Contains(got, not) {
				t.Errorf("step %d, features %v: it says %q:\n%s", c.step, c.features, not, got)
			}
		}
	}
}

func TestBarLine(t *testing.T) {
	for width := range 100 {
		for done := -1; done <= 4; done++ {
			if line := barLine(width, "wörk", done, 3, []string{"one", "", "two twö", "three"}); utf8.RuneCountInString(line) > width {
				t.Errorf("%q is wider than %d", line, width)
			}
		}
	}
}

// Short work says one line where there is no terminal, and a terminal is left as it was found.
func TestCount(t *testing.T) {
	var out bytes.Buffer
	plain := &screen{out: &out}
	show := plain.count("images")
	for i := range 3 {
		show(i+1, 3)
	}
	if out.String() != "images: 3 of 3\n" {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	s := &screen{out: &out, width: func() int { return 60 }}
	for i := range 3 {
		s.Embedding(i+1, 3)
	}
	if got, _ := terminal(60, out.String()); len(got) != 1 || got[0] != "" {
		t.Errorf("%q", got)
	}
}

func TestDuration(t *testing.T) {
	for want, d := range map[string]time.Duration{"42s": 42100 * time.Millisecond, "3m20s": 202 * time.Second, "2h5m": 125 * time.Minute, "2h0m": 2 * time.Hour, "0s": 0} {
		if got := duration(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}
