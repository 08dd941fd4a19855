package train

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/config"
)

// The summary says what is there in numbers of things that read well, and each phase's batch.
func TestSummary(t *testing.T) {
	c := tiny(t, writeClasses(t, 1, 2, 2, 2))
	c.Batch.Classes = 2
	alone := config.Batch{Sampler: "pxk", Classes: 2, PerClass: 1}
	c.Phases = append(c.Phases, c.Phases[1], c.Phases[1])
	c.Phases[2].Batch, c.Phases[3].Batch = &alone, &alone
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	check := func(parts ...string) {
		t.Helper()
		s := tr.Summary()
		for _, part := range parts {
			if !strings.Contains(s, part) {
				t.Errorf("the summary does not say %q:\n%s", part, s)
			}
		}
	}
	check("3 images of 2 classes to train on, 4 images held out\n", "4 images, pxk 2 x 2; from phase 3 on 2 images, pxk 2 x 1\n", "12 in 4 phases\n", " MB\n", "less than 1s (")
	tr.info.Step = 5
	check("12 in 4 phases, 5 taken\n")
	c.Phases = c.Phases[:1]
	tr.info.Step = 3
	check("3 in 1 phase, all taken\n")
	if strings.Contains(tr.Summary(), "time ") {
		t.Error("a time is foretold where nothing is left to do")
	}
}

// Sets of few classes are called so.
func TestSummaryOfFewClasses(t *testing.T) {
	for classes, want := range map[int]bool{fewClasses - 1: true, fewClasses: false} {
		images := make([]int, 2*classes)
		for i := range images {
			images[i] = 2
		}
		tr := begin(t, tiny(t, writeClasses(t, images...)), filepath.Join(t.TempDir(), "run"), &recorder{})
		if got := strings.Contains(tr.Summary(), "are few"); got != want {
			t.Errorf("%d classes: called few: %t", classes, got)
		}
	}
}

func TestSizesAndTimesInWords(t *testing.T) {
	for want, got := range map[string]string{"1 MB": size(3), "31 MB": size(31e6), "2.7 GB": size(2.71e9),
		"less than 1s": about(time.Millisecond, time.Second), "about 3m7s": about(187100*time.Millisecond, time.Second)} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
