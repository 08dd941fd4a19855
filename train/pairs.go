package train

import (
	"fmt"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/loss"
)

// paired is how many training classes have two images or more.
func (d *data) paired() int {
	images := make([]int, d.classes)
	n := 0
	for _, c := range d.numbers(d.train) {
		if images[c]++; images[c] == 2 {
			n++
		}
	}
	return n
}

// checkPairs reports data that the run cannot learn from: too few classes for a batch, or no two images of one class for a loss that compares images.
func checkPairs(c *config.Config, d *data, say func(line string)) error {
	paired := d.paired()
	for p := range c.Phases {
		b := c.BatchOf(p)
		have, which := d.classes, "to train on"
		if b.Sampler == "npair" {
			have, which = paired, "with two images to train on"
		}
		if b.Sampler != "balanced" && b.Classes > have {
			return fmt.Errorf("phase %d: a batch takes %d classes %s, %s has %d: lower batch.classes, or add photographs", p+1, b.Classes, which, c.Data, have)
		}
	}
	if paired > 0 || loss.HasProxies(c.Method.Loss.Name) {
		return nil
	}
	// Two crops of one photograph are a pair too, though a poor one.
	if crops := c.Freeze.Stage() == "" || c.Freeze.Crops > 1; crops && c.TrainPlan().Random() {
		say("each training class has a single image: what is learnt is that two crops of it are alike; add photographs, or take a loss with proxies (docs/losses.md)")
		return nil
	}
	return fmt.Errorf("each of the %d training classes of %s has a single image, and the loss %s learns from two images of a class: add photographs, or take a loss with proxies: --set 'method.loss={name: proxy-anchor}'", d.classes, c.Data, c.Method.Loss.Name)
}
