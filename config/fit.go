package config

import (
	"fmt"
	"math"
)

// Data is what a preset, which cannot know the data, is fitted to.
type Data struct {
	Images  int // to train on
	Classes int // to train on
	Paired  int // of these, classes with two images or more
}

// FitTo lowers the number of classes in a batch to what the data has, and scales the steps from Photographs to the data's number of images. say is
// told what it changed.
func (c *Config) FitTo(d Data, say func(line string)) {
	c.FitBatches(d, say)
	c.fitSteps(d.Images, say)
}

// FitBatches lowers the number of classes in a batch to what the data has; say is told.
func (c *Config) FitBatches(d Data, say func(line string)) { c.fitClasses(d.Classes, d.Paired, say) }

// fitClasses lowers the number of classes in a batch to what the data has: classes, of which paired have two images.
func (c *Config) fitClasses(classes, paired int, say func(line string)) {
	most, line := 0, ""
	fit := func(b *Batch) {
		have, which := classes, "to train on"
		if b.Sampler == "npair" {
			have, which = max(paired, 2), "with two images"
		}
		if b.Classes > have {
			if b.Classes > most {
				most, line = b.Classes, fmt.Sprintf("a batch holds %d classes, not %d: the data has no more %s", have, b.Classes, which)
			}
			if c.KeepBatch && b.Sampler != "npair" {
				b.PerClass = max(b.PerClass, b.Size()/have)
			}
			b.Classes = have
		}
	}
	fit(&c.Batch)
	for i := range c.Phases {
		if b := c.Phases[i].Batch; b != nil {
			fit(b)
		}
	}
	if most > 0 {
		say(line)
	}
}

// fitSteps multiplies steps by mostFit at most (more is to be asked for) and divides those by fewestHeads or fewestWhole at most. Heads on cached features need
// a hundred steps and more, however few the images: end to end behind heads that were trained for 38 the backbone was torn down (R@1 .79 to .61). End to end
// more steps than the images bear do harm: on 240 of them 150 steps ended at .66, 71 at .69, 37 at .71.
const (
	mostFit     = 8.
	fewestHeads = 8.
	fewestWhole = 32.
)

// fitSteps scales the steps from the number of images that they were chosen for to the data's, so that every image is seen as often.
func (c *Config) fitSteps(images int, say func(line string)) {
	if c.Photographs == 0 || c.Photographs == images {
		return
	}
	by := min(float64(images)/float64(c.Photographs), mostFit)
	scaled := func(n int, fewest float64) int { return max(1, int(math.Round(float64(n)*max(by, 1/fewest)))) }
	before, from := c.Steps(), 0
	each := make([]int, len(c.Phases))
	for i, p := range c.Phases {
		fewest := fewestWhole
		if c.Freeze.Frozen(from) {
			fewest = fewestHeads
		}
		each[i] = scaled(p.Steps, fewest)
		from += p.Steps
	}
	c.setSteps(each)
	c.scaleEvery(before)
	say(fmt.Sprintf("%d steps, not %d: the preset's are for %d photographs to train on, the data has %d", c.Steps(), before, c.Photographs, images))
	c.Photographs = images
}
