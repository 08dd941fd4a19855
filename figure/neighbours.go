package figure

import (
	"fmt"
	"image"
	"image/color"
)

// Query is a picture that was looked up, with the pictures found for it.
type Query struct {
	Image      image.Image
	Caption    string      // usually the name of its class
	Neighbours []Neighbour // nearest first
}

// Neighbour is a picture found for a query.
type Neighbour struct {
	Image image.Image
	Right bool // of the query's class
}

// Measures of framed thumbnails, in pixels. Frames lie outside the picture, so that none of it is hidden.
const (
	frame    = 4
	framed   = tile + 2*frame
	queryGap = 36 // from the query to its neighbours, with a rule in the middle
	badge    = 11 // radius of the mark in a frame's corner
)

// Neighbours draws each query with its nearest neighbours to its right, nearest first. Neighbours
// of the query's class are framed green with a tick, others red with a cross; a line at the top
// says so.
func Neighbours(queries []Query) image.Image {
	if len(queries) == 0 {
		return message("no queries to show")
	}
	columns := 0
	for _, q := range queries {
		columns = max(columns, len(q.Neighbours))
	}
	c, top := queriesCanvas(len(queries), columns, 0)
	c.neighboursLegend("query left, nearest first", margin, margin)
	for i, q := range queries {
		c.query(q, margin, top+i*(captionLine+framed+rowGap))
	}
	return c.img
}

// Walk draws each query with one picture for each step of a walk away from it, in columns under the
// steps' names: its Neighbours are what lies nearest to each step. It returns an error where a
// query has not one for each step.
func Walk(queries []Query, steps []string) (image.Image, error) {
	for i, q := range queries {
		if len(q.Neighbours) != len(steps) {
			return nil, fmt.Errorf("figure: walk: query %d has %d pictures for %d steps; each step needs one", i, len(q.Neighbours), len(steps))
		}
	}
	if len(queries) == 0 {
		return message("no queries to show"), nil
	}
	const header = noteLine + gap
	c, top := queriesCanvas(len(queries), len(steps), header)
	c.neighboursLegend("query left, then what lies nearest to each step", margin, margin)
	for i, name := range steps {
		name = c.cut(name, framed, captionStyle)
		x := margin + framed + queryGap + i*(framed+gap) + (framed-c.width(name, captionStyle))/2
		c.text(x, top-gap-5, framed, name, captionStyle, ink)
	}
	for i, q := range queries {
		c.query(q, margin, top+i*(captionLine+framed+rowGap))
	}
	return c.img, nil
}

// queriesCanvas is a canvas for n queries with so many columns, and where the first begins, below the legend and a header.
func queriesCanvas(n, columns, header int) (c *canvas, top int) {
	const legend = noteLine + rowGap
	width := max(framed+queryGap+columns*(framed+gap)-gap, narrowest)
	height := legend + header + n*(captionLine+framed+rowGap) - rowGap
	return newCanvas(width+2*margin, height+2*margin), margin + legend + header
}

func (c *canvas) query(q Query, x, y int) {
	c.text(x, y+captionLine-10, c.img.Bounds().Dx()-x-margin, q.Caption, captionStyle, ink)
	y += captionLine
	c.picture(q.Image, x+frame, y+frame, tile)
	x += framed
	c.box(image.Rect(x+queryGap/2-1, y+frame, x+queryGap/2+1, y+framed-frame), 1, rule)
	x += queryGap
	for i, n := range q.Neighbours {
		c.neighbour(n, x+i*(framed+gap), y)
	}
}

func (c *canvas) neighbour(n Neighbour, x, y int) {
	outer := image.Rect(x, y, x+framed, y+framed)
	c.box(outer, corner+frame, verdict(n.Right))
	c.box(outer.Inset(frame), corner, paper)
	c.picture(n.Image, x+frame, y+frame, tile)
	c.mark(n.Right, float64(x+framed-frame-badge), float64(y+frame+badge))
}

// mark draws a tick or a cross on a disc about (x, y), for those who cannot tell the frames' colours apart.
func (c *canvas) mark(right bool, x, y float64) {
	box := image.Rect(int(x)-badge-1, int(y)-badge-1, int(x)+badge+2, int(y)+badge+2)
	c.fill(box, image.NewUniform(verdict(right)), func(p path) { p.circle(x, y, badge) })
	if right {
		c.fill(box, image.NewUniform(paper), func(p path) { p.polygon(x-5, y+0.5, x-3.5, y-1, x-1.2, y+1.4, x+4, y-4, x+5.5, y-2.5, x-1.2, y+4.4) })
		return
	}
	for _, slope := range []float64{-1, 1} { // apart, as crossing outlines may cancel
		c.fill(box, image.NewUniform(paper), func(p path) { p.stroke(x-4, y-4*slope, x+4, y+4*slope, 2.2) })
	}
}

func verdict(right bool) color.RGBA {
	if right {
		return rightColour
	}
	return wrongColour
}

// neighboursLegend says how the pictures are ordered, and what the frames mean.
func (c *canvas) neighboursLegend(order string, x, y int) {
	baseline := y + noteLine - 5
	text := func(s string, colour color.Color) {
		width := c.width(s, noteStyle)
		c.text(x, baseline, width, s, noteStyle, colour)
		x += width
	}
	text(order, muted)
	for _, right := range []bool{true, false} {
		x += 24 + badge
		c.mark(right, float64(x), float64(y+noteLine/2))
		x += badge + 8
		if right {
			text("same class", ink)
		} else {
			text("another class", ink)
		}
	}
}
