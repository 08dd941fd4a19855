package train

import (
	"fmt"
	"math"
)

// fit adapts a preset, which cannot know the data, to d. say is told what it changed.
func (c *Config) fit(d *data, say func(line string)) {
	c.fitClasses(d.classes, d.paired(), say)
	c.fitSteps(len(d.train), say)
}

// fitClasses lowers the number of classes in a batch to what the data has: classes, of which paired have two images.
func (c *Config) fitClasses(classes, paired int, say func(line string)) {
	most, line := 0, ""
	fit := func(b *BatchConfig) {
		have, which := classes, "to train on"
		if b.Sampler == "npair" {
			have, which = max(paired, 2), "with two images"
		}
		if b.Classes > have {
			if b.Classes > most {
				most, line = b.Classes, fmt.Sprintf("a batch holds %d classes, not %d: the data has no more %s", have, b.Classes, which)
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

// mostFit bounds what fitSteps multiplies or divides the steps by: fewer than a few dozen steps teach nothing, and thousands end to end are to be asked for.
const mostFit = 8

// fitSteps scales the steps from the number of images that they were chosen for to the data's, so that every image is seen as often.
func (c *Config) fitSteps(images int, say func(line string)) {
	if c.Photographs == 0 || c.Photographs == images {
		return
	}
	by := min(max(float64(images)/float64(c.Photographs), 1./mostFit), mostFit)
	scaled := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(1, int(math.Round(float64(n)*by)))
	}
	before := c.Steps()
	// Phases end, and the backbone begins to train, at the same share of the run: sums are scaled, not lengths.
	from, sum := 0, 0
	for i := range c.Phases {
		sum += c.Phases[i].Steps
		c.Phases[i].Steps = max(1, scaled(sum)-from)
		from += c.Phases[i].Steps
	}
	c.Freeze.UnfreezeAt, c.Evaluate.Every = scaled(c.Freeze.UnfreezeAt), scaled(c.Evaluate.Every)
	say(fmt.Sprintf("%d steps, not %d: the preset's are for %d photographs to train on, the data has %d", c.Steps(), before, c.Photographs, images))
	c.Photographs = images
}
