package main

import (
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/store"
)

type infoCmd struct {
	File  string `arg:"" type:"existingfile" help:"An HDF5 file of images."`
	Sheet string `help:"Where to draw the contact sheet. Default: beside the file, with -sheet.png; none: not at all."`
	All   bool   `help:"List every class, not the largest and the smallest alone."`
}

// Run describes the file.
func (c *infoCmd) Run() error {
	if err := describe(c.File); err != nil {
		return err
	}
	r, err := store.Open(c.File)
	if err != nil {
		return err
	}
	defer r.Close()
	c.histogram(r)
	if c.Sheet == "none" {
		return nil
	}
	sheet := first(c.Sheet, strings.TrimSuffix(c.File, filepath.Ext(c.File))+"-sheet.png")
	if err := drawSheet(r, sheet, 12, 8); err != nil {
		return err
	}
	fmt.Println("contact sheet:", sheet)
	return nil
}

// histogram prints how many images each class has, as bars.
func (c *infoCmd) histogram(r *store.Reader) {
	counts := make([]int, len(r.Classes()))
	for _, l := range r.Labels() {
		counts[l]++
	}
	order := make([]int, len(counts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return counts[b] - counts[a] })
	const ends = 8
	most := max(counts[order[0]], 1)
	for i, n := range order {
		if !c.All && len(order) > 2*ends && i >= ends && i < len(order)-ends {
			if i == ends {
				fmt.Printf("  ... %d more classes (--all lists them)\n", len(order)-2*ends)
			}
			continue
		}
		fmt.Printf("  %-40.40s %5d %s\n", r.Classes()[n], counts[n], strings.Repeat("#", counts[n]*30/most))
	}
}

// drawSheet draws columns images of each of rows classes, spread over all classes.
func drawSheet(r *store.Reader, path string, rows, columns int) error {
	byClass := make([][]int, len(r.Classes()))
	for i, l := range r.Labels() {
		byClass[l] = append(byClass[l], i)
	}
	rows = min(rows, len(byClass))
	var sheet []figure.Row
	for n := range rows {
		class := n * len(byClass) / rows
		row := figure.Row{Caption: r.Classes()[class]}
		for _, i := range byClass[class][:min(columns, len(byClass[class]))] {
			img, err := picture(r, i)
			if err != nil {
				return err
			}
			row.Images = append(row.Images, img)
		}
		sheet = append(sheet, row)
	}
	return figure.WritePNG(path, figure.ContactSheet(sheet))
}

// picture reads image i of r.
func picture(r *store.Reader, i int) (image.Image, error) {
	size := r.Size()
	planes := make([]byte, 3*size*size)
	if err := r.ReadImage(i, planes); err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for p := range size * size {
		img.Pix[4*p], img.Pix[4*p+1], img.Pix[4*p+2], img.Pix[4*p+3] = planes[p], planes[size*size+p], planes[2*size*size+p], 255
	}
	return img, nil
}
