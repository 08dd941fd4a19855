package figure

import "image"

// Row is a row of a contact sheet: pictures that belong together, under one caption such as the name of their class.
type Row struct {
	Caption string
	Images  []image.Image
}

// ContactSheet draws rows of thumbnails below each other, each under its caption. Rows may differ in length.
func ContactSheet(rows []Row) image.Image {
	if len(rows) == 0 {
		return message("no pictures to show")
	}
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row.Images))
	}
	width := max(columns*(tile+gap)-gap, narrowest)
	height := len(rows)*(captionLine+tile+rowGap) - rowGap
	c := newCanvas(width+2*margin, height+2*margin)
	for i, row := range rows {
		y := margin + i*(captionLine+tile+rowGap)
		c.text(margin, y+captionLine-10, width, row.Caption, captionStyle, ink)
		for j, img := range row.Images {
			c.picture(img, margin+j*(tile+gap), y+captionLine, tile)
		}
	}
	return c.img
}
