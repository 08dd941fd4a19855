package main

import (
	"context"
	"fmt"
	"os"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/plural"
)

type prepareCmd struct {
	Source string `arg:"" help:"A folder (one folder a class, Cars196, CUB-200-2011, Stanford Online Products, In-Shop), a CSV of path,label[,split], or a .tar, .tgz or .zip of one."`
	Out    string `arg:"" help:"The HDF5 file to write."`
	Format string `help:"Layout of the source, where it is not recognised: ${formats}."`
	Size   int    `default:"256" help:"Side of the stored images in pixels."`
	Fit    string `enum:"stretch,crop,pad" default:"stretch" help:"How an image becomes square: stretch (aspect not kept), crop (centre) or pad."`
	Strict bool   `help:"A broken image ends the work; without it, it is reported and left out."`
	JPEG   bool   `help:"Store JPEG bytes instead of pixels: about ten times smaller, slower to read."`
	Force  bool   `help:"Replace OUT where it exists."`
}

// Run prepares.
func (c *prepareCmd) Run(ctx context.Context) error {
	if _, err := os.Stat(c.Out); err == nil && !c.Force {
		return fmt.Errorf("%s is there already; --force replaces it", c.Out)
	}
	set, err := imageset.Open(c.Source, imageset.Options{Format: c.Format})
	if err != nil {
		return err
	}
	defer set.Close()
	fit, err := imageset.ParseFit(c.Fit)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %s of %s (%s)\n", c.Source, plural.Of(len(set.Images), "image"), plural.Of(len(set.Classes), "class"), set.Name)
	if set.Stray > 0 {
		fmt.Printf("%s beside the class folders left out: nothing says what they show\n", plural.Of(set.Stray, "image"))
	}
	screen := newScreen(os.Stdout)
	defer screen.close()
	summary, err := imageset.Prepare(ctx, set, c.Out, imageset.PrepareOptions{Size: c.Size, Fit: fit, Strict: c.Strict, JPEG: c.JPEG, Progress: screen.count("read")})
	screen.close()
	if err != nil {
		return err
	}
	for _, s := range summary.Skipped {
		fmt.Fprintf(os.Stderr, "left out: %s: %v\n", s.Path, s.Err)
	}
	if n := len(summary.Skipped); n > 0 {
		fmt.Printf("%s left out (listed above)\n", plural.Of(n, "broken image"))
	}
	trainable, err := describe(c.Out)
	if err == nil && trainable {
		fmt.Printf("\nNext: %s train --data %s\n", program(), c.Out)
	}
	return err
}
