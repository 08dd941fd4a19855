package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
)

type infoCmd struct {
	File  string `arg:"" help:"A data file, a checkpoint or other weights, the folder of a run, an index, or a network in an ONNX file."`
	Sheet string `help:"Where to draw the contact sheet. Default: beside the file, with -sheet.png; none: not at all."`
	Check bool   `help:"Read every image and compare it with the digest that was written with it."`
	All   bool   `help:"List every class, not the largest and the smallest alone; every tensor of a network or of weights."`
	networkFlags
}

// Run describes the file.
func (c *infoCmd) Run(ctx context.Context) error {
	switch whatIs(c.File) {
	case network:
		o, err := c.options()
		if err != nil {
			return err
		}
		return describeNetwork(c.File, o, c.All)
	case weightFile:
		return describeModel(c.File, c.All)
	case runFolder:
		return describeRun(run.Folder(c.File), c.All)
	case indexed:
		return describeIndex(ctx, c.File)
	}
	if c.Sheet != "" && c.Sheet != "none" {
		if err := checkOutput(c.Sheet, ".png"); err != nil {
			return fmt.Errorf("--sheet %w", err)
		}
	}
	if _, err := describe(c.File); err != nil {
		return err
	}
	r, err := openData(c.File)
	if err != nil {
		return err
	}
	defer r.Close()
	if c.Check {
		if err := c.check(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
	}
	c.histogram(r)
	if c.Sheet == "none" {
		return nil
	}
	sheet := first(c.Sheet, strings.TrimSuffix(c.File, filepath.Ext(c.File))+"-sheet.png")
	if err := drawSheet(r, sheet, 12, 8); err != nil {
		if c.Sheet == "" && errors.Is(err, fs.ErrPermission) { // nobody asked for it
			printf("\nno contact sheet: %s cannot be written to; --sheet names another place\n", filepath.Dir(sheet))
			return nil
		}
		return err
	}
	println("\ncontact sheet:", sheet)
	return nil
}

// check reads the whole file.
func (c *infoCmd) check(ctx context.Context, r *store.Reader) error {
	screen := newScreen(os.Stderr)
	defer screen.close()
	known, err := r.Check(ctx, screen.count("checking"))
	if err != nil {
		return err
	}
	screen.close()
	if known {
		printf("checked: all %d images, the labels and the split are as they were written\n", r.N())
	} else {
		println("not checked: the file carries no digests of its images (made elsewhere, or by an earlier version)")
	}
	return nil
}

// histogram prints how many images each class has, and what for, as bars.
func (c *infoCmd) histogram(r *store.Reader) {
	names, n := r.Classes(), count(r)
	all := make([]int, len(names))
	order := make([]int, len(names))
	for i := range order {
		order[i], all[i] = i, n.train[i]+n.test[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return all[b] - all[a] })
	const ends, longest = 8, 48
	shown := order
	if !c.All && len(order) > 2*ends {
		shown = slices.Concat(order[:ends], order[len(order)-ends:])
	}
	width := 0
	for _, class := range shown {
		width = max(width, min(utf8.RuneCountInString(names[class]), longest))
	}
	most := max(all[order[0]], 1)
	println()
	for i, class := range shown {
		if i == ends && len(shown) < len(order) {
			printf("  ... %s more (--all lists them)\n", plural.Of(len(order)-2*ends, "class"))
		}
		printf("  %-*.*s  %-5s %6d %s\n", width, width, names[class], purpose(n.train[class], n.test[class]), all[class], strings.Repeat("#", all[class]*30/most))
	}
}

// purpose says what a class with that many images of each split is for.
func purpose(train, test int) string {
	switch {
	case train > 0 && test > 0:
		return "both"
	case train > 0:
		return "train"
	case test > 0:
		return "test"
	}
	return "-"
}

// spread is the i-th of count places over n, one more from the start of each part to the next: names that repeat by a number, as drawn kinds do, would else
// give the same kind in every row.
func spread(i, count, n int) int {
	first, next := i*n/count, (i+1)*n/count
	return first + i%(next-first)
}

// drawSheet draws columns images of each of rows classes, spread over all classes.
func drawSheet(r *store.Reader, path string, rows, columns int) error {
	byClass := make([][]int, len(r.Classes()))
	for i, l := range r.Labels() {
		byClass[l] = append(byClass[l], i)
	}
	rows = min(rows, len(byClass))
	var sheet []figure.Row
	names, n := r.Classes(), count(r)
	for i := range rows {
		class := spread(i, rows, len(byClass))
		row := figure.Row{Caption: fmt.Sprintf("%s (%s)", names[class], purpose(n.train[class], n.test[class]))}
		for _, i := range byClass[class][:min(columns, len(byClass[class]))] {
			img, err := r.Picture(i)
			if err != nil {
				return err
			}
			row.Images = append(row.Images, img)
		}
		sheet = append(sheet, row)
	}
	return figure.WritePNG(path, figure.ContactSheet(sheet))
}
