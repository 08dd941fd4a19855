package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"path/filepath"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/imageset"
)

// drawSearches draws each query with what was found: framed by whether it is of the query's class where that is known, else in rows.
// crop is the part of each query that was searched for; empty: all.
func drawSearches(x *dvml.Index, all []searched, crop, path string) error {
	var queries []figure.Query
	var rows []figure.Row
	for _, s := range all {
		whole, err := imageset.DecodeWhole(s.data)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Query, err)
		}
		query := image.Image(whole)
		if crop != "" {
			part, err := parseCrop(crop, whole.Rect)
			if err != nil {
				return err
			}
			query = whole.SubImage(part)
		}
		q := figure.Query{Image: query, Caption: filepath.Base(s.Query) + "  " + s.class}
		row := figure.Row{Caption: filepath.Base(s.Query) + ", then what is nearest", Images: []image.Image{query}}
		for _, h := range s.Hits {
			img, err := thumbnailOf(x, h.ID)
			if err != nil {
				return fmt.Errorf("thumbnail of %s: %w", h.Path, err)
			}
			q.Neighbours = append(q.Neighbours, figure.Neighbour{Image: img, Right: h.Class == s.class})
			row.Images = append(row.Images, img)
		}
		queries, rows = append(queries, q), append(rows, row)
	}
	for _, s := range all {
		if s.class == "" {
			return figure.WritePNG(path, figure.ContactSheet(rows))
		}
	}
	return figure.WritePNG(path, figure.Neighbours(queries))
}

// thumbnailOf is the thumbnail of a photograph of an index.
func thumbnailOf(x *dvml.Index, id int64) (image.Image, error) {
	data, err := x.Thumbnail(id)
	if err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(data))
}

// thumbnailOrNone is thumbnailOf for pictures of many: of one that cannot be read, an empty tile is drawn.
func thumbnailOrNone(x *dvml.Index, id int64) image.Image {
	img, err := thumbnailOf(x, id)
	if err != nil {
		return nil
	}
	return img
}
