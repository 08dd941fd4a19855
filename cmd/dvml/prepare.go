package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

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
	for _, note := range set.Notes {
		fmt.Println(note)
	}
	printLeft(set)
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

// printLeft says what of the source is not among the set's images, by reason, so that the numbers add up.
func printLeft(set *imageset.Set) {
	if len(set.Left) == 0 {
		return
	}
	byReason := map[string][]string{}
	for _, l := range set.Left {
		byReason[l.Reason] = append(byReason[l.Reason], l.Path)
	}
	fmt.Printf("%s met: %s taken, %d left out\n", plural.Of(len(set.Images)+len(set.Left), "file"), plural.Of(len(set.Images), "image"), len(set.Left))
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		const few = 3
		paths := byReason[reason]
		names := strings.Join(paths[:min(few, len(paths))], ", ")
		if len(paths) > few {
			names += ", ..."
		}
		fmt.Printf("  %d %s: %s\n", len(paths), reason, names)
	}
}
