package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/plural"
)

type prepareCmd struct {
	Source  string `arg:"" help:"A folder (one folder a class, Cars196, CUB-200-2011, Stanford Online Products, In-Shop), a CSV of path,label[,split], or a .tar, .tgz, .tar.bz2 or .zip of one."`
	Out     string `arg:"" help:"The HDF5 file to write." output:"any"`
	Format  string `help:"Layout of the source, where it is not recognised: ${formats}." values:"formats"`
	Size    int    `default:"256" help:"Side of the stored images in pixels." min:"1" max:"8192"`
	Fit     string `enum:"stretch,crop,pad" default:"stretch" help:"How an image becomes square: stretch (aspect not kept), crop (centre) or pad."`
	HoldOut string `placeholder:"FRACTION|LIST|random[:SEED]" help:"Which classes are held out to judge a model by: a fraction, names separated by commas, or half at random. Without it: as the source has it, else half at random (seed 0)."`
	Strict  bool   `help:"A broken image ends the work; without it, it is reported and left out."`
	JPEG    bool   `help:"Store JPEG bytes instead of pixels: about ten times smaller, slower to read."`
	Force   bool   `help:"Replace OUT where it exists."`
	shardFlag
}

// Run prepares.
func (c *prepareCmd) Run(ctx context.Context) error {
	if err := writable(c.Out, c.Force); err != nil {
		return err
	}
	switch is := whatIs(c.Source); is {
	case nothing, dataFile, photo, weightFile, runFolder, indexed:
		return expected(c.Source, "a folder or an archive of photographs, or a CSV file that lists them")
	}
	holdOut, err := imageset.ParseHoldOut(c.HoldOut)
	if err != nil {
		return err
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
	printf("%s: %s of %s (%s)\n", c.Source, plural.Of(len(set.Images), "image"), plural.Of(len(set.Classes), "class"), set.Name)
	for _, note := range set.Notes {
		println(note)
	}
	printLeft(set)
	if c.Shard != "" {
		if err := holdOut.Check(set.Classes); err != nil {
			return err
		}
		return c.shard(ctx, set, fit)
	}
	screen := newScreen(os.Stdout)
	defer screen.close()
	summary, err := imageset.Prepare(ctx, set, c.Out, imageset.PrepareOptions{Size: c.Size, Fit: fit, Strict: c.Strict, HoldOut: holdOut,
		JPEG: c.JPEG, Progress: screen.count("read")})
	screen.close()
	if err != nil {
		return err
	}
	for _, s := range summary.Skipped {
		fmt.Fprintf(os.Stderr, "left out: %s: %v\n", s.Path, s.Err)
	}
	if n := len(summary.Skipped); n > 0 {
		printf("%s left out, as listed above\n", plural.Of(n, "image"))
	}
	printCopies(summary.Copies)
	if summary.Dealt != "" {
		printf("%s; --hold-out chooses others\n", summary.Dealt)
	}
	c.printSize(summary.Bytes)
	trainable, err := describe(c.Out)
	if err == nil && trainable {
		printf("\nNext: %s\n", commandLine("train", "--data", c.Out))
	}
	return err
}

// writable refuses an OUT that cannot be written, or that holds something else than data, before the work.
func writable(out string, force bool) error {
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder: name the data file to write, such as %s", out, filepath.Join(out, "photographs.h5"))
	case !force:
		return fmt.Errorf("%s already exists; use --force to overwrite", out)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", out)
	}
	file, err := os.Open(out)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 8)
	if n, err := io.ReadFull(file, head); n > 0 && (err != nil || string(head) != "\x89HDF\r\n\x1a\n") {
		return fmt.Errorf("%s is not a data file: --force overwrites no other files", out)
	}
	return nil
}

// printCopies names photographs that are there twice: in two classes one of them is labelled wrong, in one they say little.
func printCopies(copies []imageset.Copy) {
	const few = 3
	var crossed []imageset.Copy
	for _, c := range copies {
		if c.Class != c.ClassOf {
			crossed = append(crossed, c)
		}
	}
	if n := len(copies) - len(crossed); n > 0 {
		printf("%s there twice in one class\n", are(n))
	}
	if len(crossed) > 0 {
		printf("%s there in two classes:\n", are(len(crossed)))
	}
	for _, c := range crossed[:min(few, len(crossed))] {
		printf("  %s (%s) and %s (%s)\n", c.Of, c.ClassOf, c.Path, c.Class)
	}
	if len(crossed) > few {
		println("  ...")
	}
}

func are(photographs int) string {
	if photographs == 1 {
		return "1 photograph is"
	}
	return fmt.Sprintf("%d photographs are", photographs)
}

// printSize says how large the data file is, and how it would be smaller.
func (c *prepareCmd) printSize(source int64) {
	info, err := os.Stat(c.Out)
	if err != nil {
		return // describe says so
	}
	const worthIt, times = 100e6, 3
	printf("%s takes %s, its photographs %s", c.Out, bytesOf(info.Size()), bytesOf(source))
	if !c.JPEG && info.Size() > worthIt && info.Size() > times*source {
		printf("; with --jpeg it is about a tenth of that, and slower to read")
	}
	println()
}

// bytesOf writes a file's size.
func bytesOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1e3)
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
	printf("%s met: %s taken, %d left out\n", plural.Of(len(set.Images)+len(set.Left), "file"), plural.Of(len(set.Images), "image"), len(set.Left))
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		const few = 3
		paths := byReason[reason]
		names := strings.Join(paths[:min(few, len(paths))], ", ")
		if len(paths) > few {
			names += ", ..."
		}
		printf("  %d %s: %s\n", len(paths), reason, names)
	}
}
