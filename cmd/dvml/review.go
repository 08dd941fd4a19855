package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/review"
)

type reviewCmd struct {
	Index string   `arg:"" help:"An index that 'dvml index' made."`
	Out   string   `short:"o" placeholder:"FOLDER" help:"Write review.html and a CSV file for each list into a folder."`
	Half  []string `placeholder:"FOLDER" sep:"none" help:"A part of the split between which leaks are looked for; name each. Default: folders named train, test, query, gallery and the like."`
	Other string   `placeholder:"INDEX" help:"Look for photographs that stand in another index of the same model too, and for nothing else."`
	Most  int      `default:"60" help:"How many entries of each list the page shows." min:"1"`
	JSON  bool     `name:"json" help:"Print JSON."`
}

// Help is the long text of --help.
func (reviewCmd) Help() string {
	return "Finds near-duplicates, likely wrong labels, odd ones out, classes that are confused, and photographs on both sides of a split. What was decided of them in " +
		"'dvml serve' does not come back."
}

// Run reviews.
func (c *reviewCmd) Run(ctx context.Context) error {
	if len(c.Half) == 1 || len(c.Half) > 0 && c.Other != "" {
		return errors.New("--half: name at least two folders, and no --other")
	}
	if info, err := os.Stat(c.Out); c.Out != "" && err == nil && !info.IsDir() {
		return fmt.Errorf("-o %s is a file: expected a folder", c.Out)
	}
	x, err := openIndex(c.Index)
	if err != nil {
		return err
	}
	defer x.Close()
	told, other, err := c.review(ctx, x)
	if err != nil {
		return err
	}
	if other != nil {
		defer other.Close()
	}
	if c.Out != "" {
		if err := c.write(told, x.Index, other); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(stdout, told)
	}
	c.print(told)
	return nil
}

// review reviews the index; the second index, where one is named, is the caller's to close.
func (c *reviewCmd) review(ctx context.Context, x *dvml.Index) (*review.Told, *index.Index, error) {
	screen := newScreen(os.Stderr)
	defer screen.close()
	if c.Other == "" {
		r, err := review.Make(ctx, x.Index, review.Options{Halves: c.Half, Progress: screen.count("comparing")})
		if err != nil {
			return nil, nil, err
		}
		told, err := r.Tell(ctx, x.Index, nil)
		return told, nil, err
	}
	second, err := openIndex(c.Other)
	if err != nil {
		return nil, nil, err
	}
	r, err := review.Between(ctx, x.Index, second.Index, screen.count("comparing"))
	if err != nil {
		return nil, nil, errors.Join(err, second.Close())
	}
	told, err := r.Tell(ctx, x.Index, second.Index)
	if err != nil {
		return nil, nil, errors.Join(err, second.Close())
	}
	return told, second.Index, nil
}

// write writes the page and the tables.
func (c *reviewCmd) write(told *review.Told, x, other *index.Index) error {
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	tables := review.Tables()
	if other != nil {
		tables = []string{review.Leaks}
	}
	for _, name := range tables {
		if err := atomicfile.Write(filepath.Join(c.Out, name+".csv"), func(w io.Writer) error { return told.WriteTable(name, w) }); err != nil {
			return err
		}
	}
	return atomicfile.Write(c.page(), func(w io.Writer) error { return told.WritePage(w, x, other, c.Most, commandLine("serve", c.Index)) })
}

func (c *reviewCmd) page() string { return filepath.Join(c.Out, "review.html") }

func (c *reviewCmd) print(told *review.Told) {
	const shown = 3
	printf("%s in %s\n", plural.Of(told.Photographs, "photograph"), c.Index)
	list := func(what string, n int, line func(i int) string) {
		printf("%s: %d\n", what, n)
		for i := range min(n, shown) {
			printf("  %s\n", line(i))
		}
	}
	of := func(name, what string, line func(e review.One) string) {
		entries := told.Queues[name]
		list(what, len(entries), func(i int) string { return line(entries[i]) })
	}
	pair := func(e review.One) string {
		if e.B == nil {
			return fmt.Sprintf("%s = %s", e.A.Paths[0], e.A.Paths[1])
		}
		return fmt.Sprintf("%s ~ %s (pixels %.3f, cosine %.3f)", e.A.Path, e.B.Path, e.Pixels, e.Score)
	}
	label := func(e review.One) string {
		return fmt.Sprintf("%s: %s, by its neighbours %s (%.0f %%)", e.A.Path, e.Given, e.Suggested, 100*e.Score)
	}
	if c.Other == "" {
		list("copies to the byte", len(told.Copies), func(i int) string { return fmt.Sprintf("%s = %s", told.Copies[i].Paths[1], told.Copies[i].Paths[0]) })
		of(review.Duplicates, "near-duplicates", pair)
		of(review.Labels, "likely wrong labels", label)
		of(review.Odd, "odd ones out", func(e review.One) string {
			return fmt.Sprintf("%s (%.1f deviations from its class)", e.A.Path, e.Deviations)
		})
		list("pairs of classes that are confused", len(told.Confused), func(i int) string {
			k := told.Confused[i]
			return fmt.Sprintf("%s and %s: %.1f %% of the votes name the other, most of them on %s", k.A, k.B, 100*k.Share, plural.Of(k.Photographs, "photograph"))
		})
		of(review.Confusions, "photographs between them", label)
	}
	if told.Sides != nil {
		of(review.Leaks, fmt.Sprintf("leaks between the %d parts of the split", len(told.Sides)), pair)
	}
	if told.Decided > 0 {
		printf("%d left out: something was decided of them\n", told.Decided)
	}
	if c.Out != "" {
		println(c.page())
	}
}
