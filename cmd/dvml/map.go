package main

import (
	"context"
	"encoding/csv"
	"errors"
	"image"
	"io"
	"os"
	"strconv"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/layout"
)

type mapCmd struct {
	Index   string `arg:"" help:"The index, a folder that dvml index made."`
	Picture string `short:"p" placeholder:"FILE.png" help:"Draw the map: a point each, and over them as many photographs as have room." output:".png"`
	CSV     string `name:"csv" placeholder:"FILE.csv" help:"Write id, path, class, place and trust of each photograph." output:".csv"`
	Anew    bool   `help:"Lay everything out anew. Without it photographs that are on the map stay where they are, and new ones find their places among them."`
	Seed    uint64 `default:"1" help:"Another seed is another map."`
	JSON    bool   `help:"Print the figures as JSON."`
}

// Help is the long text of --help.
func (mapCmd) Help() string {
	return "Photographs near each other in the embedding are drawn near each other. Distances across the map mean little; trust says how much of the neighbourhoods it keeps."
}

// Run lays the photographs out, keeps the map in the index and draws it.
func (c *mapCmd) Run(ctx context.Context) error {
	x, err := openIndex(c.Index)
	if err != nil {
		return err
	}
	defer x.Close()
	screen := newScreen(os.Stderr)
	defer screen.close()
	m, trust, err := layout.Index(ctx, x.Index, c.Seed, c.Anew, screen.count("map"))
	screen.close()
	if err != nil {
		return err
	}
	if err := index.Change(c.Index, func(w *index.Writer) error { return w.SetMap(m) }); err != nil {
		return err
	}
	items, err := itemsOf(ctx, x, m.IDs)
	if err != nil {
		return err
	}
	if c.CSV != "" {
		if err := atomicfile.Write(c.CSV, func(w io.Writer) error { return writeMap(w, m, items) }); err != nil {
			return err
		}
	}
	if c.Picture != "" {
		if err := drawMap(x, m, items, c.Picture); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(stdout, map[string]any{"photographs": len(m.IDs), "trust": trust, "trust_of_neighbours": m.Of, "seed": m.Seed, "picture": c.Picture, "csv": c.CSV})
	}
	printf("a map of %s, kept in %s: of each one's %d nearest others %.0f %% are its nearest on the map too\n", plural.Of(len(m.IDs), "photograph"), c.Index, m.Of, 100*trust)
	for _, path := range []string{c.Picture, c.CSV} {
		if path != "" {
			println(path)
		}
	}
	return nil
}

// itemsOf reads the items of ids, which ascend.
func itemsOf(ctx context.Context, x *dvml.Index, ids []int64) ([]index.Item, error) {
	items := make([]index.Item, 0, len(ids))
	for item, err := range x.Items(ctx) {
		if err != nil {
			return nil, err
		}
		if len(items) < len(ids) && item.ID == ids[len(items)] {
			items = append(items, item)
		}
	}
	if len(items) < len(ids) {
		return nil, errors.New("photographs went from the index in the meantime; try again")
	}
	return items, nil
}

// noClass is the number of the class of a photograph without one.
const noClass = -1

// classesOf numbers the classes of items from 0, in their order, and returns the number of each item's and their names.
func classesOf(items []index.Item) (classes []int, names []string) {
	number := map[string]int{"": noClass}
	classes = make([]int, len(items))
	for i, item := range items {
		class := item.Class()
		if _, ok := number[class]; !ok {
			number[class] = len(names)
			names = append(names, class)
		}
		classes[i] = number[class]
	}
	return classes, names
}

func writeMap(out io.Writer, m index.Map, items []index.Item) error {
	w := csv.NewWriter(out)
	number := func(v float32) string { return strconv.FormatFloat(float64(v), 'g', -1, 32) }
	if err := w.Write([]string{"id", "path", "class", "x", "y", "trust"}); err != nil {
		return err
	}
	for i, item := range items {
		if err := w.Write([]string{strconv.FormatInt(item.ID, 10), item.Path(), item.Class(), number(m.Places[i][0]), number(m.Places[i][1]), number(m.Trust[i])}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// drawMap draws the map with the index's thumbnails, in the colours of its classes.
func drawMap(x *dvml.Index, m index.Map, items []index.Item, path string) error {
	classes, names := classesOf(items)
	img, err := figure.Map(m.Places, classes, names, func(i int) image.Image { return thumbnailOrNone(x, m.IDs[i]) }, plural.Of(len(items), "photograph"))
	if err != nil {
		return err
	}
	return figure.WritePNG(path, img)
}
