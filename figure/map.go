package figure

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/draw"
)

// Measures of maps, in pixels.
const (
	mapSide   = 1600
	mapThumb  = 52  // side of a photograph on a map
	mapPoint  = 4.5 // radius of a point of few
	mapLeast  = 1.8 // to which the points of many shrink
	mapFew    = 2500
	mapNamed  = 21 // the most classes that a legend names
	mapColumn = 3  // of the legend
)

// Map draws photographs where they lie in the plane: as points in the colours of their classes, and
// over them as many thumbnails, framed in these colours, as have room. classes number the names of
// classes, -1 is none. thumb gives a photograph, or nil where there is none. The frame of the
// picture leaves out the farthest four in a thousand on each side, so that one that strayed does
// not make the rest small: these are drawn at its edge.
func Map(places [][2]float32, classes []int, names []string, thumb func(i int) image.Image, title string) (image.Image, error) {
	if len(places) != len(classes) {
		return nil, fmt.Errorf("figure: map: %d places but %d classes; each place needs one", len(places), len(classes))
	}
	if len(places) == 0 {
		return message("no photographs"), nil
	}
	present := slices.Compact(slices.Sorted(slices.Values(classes)))
	present = slices.DeleteFunc(present, func(c int) bool { return c < 0 })
	lines := 1
	if len(present) <= mapNamed {
		lines = (len(present) + mapColumn - 1) / mapColumn
	}
	top := margin + titleLine
	at, height := inFrame(places, image.Pt(margin, top))
	c := newCanvas(mapSide+2*margin, height+top+margin+lines*legendLine+16)
	c.text(margin, top-12, mapSide, title, titleStyle, ink)
	area := image.Rect(margin, top, margin+mapSide, top+height)
	c.box(area, corner, blank)
	radius := max(mapLeast, min(mapPoint, mapPoint*math.Sqrt(mapFew/float64(len(places)))))
	for i, p := range at {
		c.dot(classes[i], p[0], p[1], radius)
	}
	c.thumbnails(at, classes, thumb)
	c.mapLegend(present, names, margin, area.Max.Y+12)
	return c.img, nil
}

// inFrame scales places into an area mapSide wide, or high where they are higher than wide, whose
// upper left corner is from; it returns its height too.
func inFrame(places [][2]float32, from image.Point) (at [][2]float64, height int) {
	var low, high [2]float64
	for a := range 2 {
		v := make([]float64, len(places))
		for i, p := range places {
			v[i] = float64(p[a])
		}
		slices.Sort(v)
		out := len(v) / 250
		low[a], high[a] = v[out], v[len(v)-1-out]
	}
	inside := float64(mapSide - 2*mapThumb)
	scale := 0.0
	if extent := max(high[0]-low[0], high[1]-low[1]); extent > 0 {
		scale = inside / extent
	}
	height = max(mapSide/4, int((high[1]-low[1])*scale)+2*mapThumb)
	cx, cy := float64(from.X)+mapSide/2, float64(from.Y)+float64(height)/2
	at = make([][2]float64, len(places))
	for i, p := range places {
		x, y := (float64(p[0])-(low[0]+high[0])/2)*scale, -(float64(p[1])-(low[1]+high[1])/2)*scale
		most := [2]float64{inside / 2, float64(height)/2 - mapThumb}
		at[i] = [2]float64{cx + min(max(x, -most[0]), most[0]), cy + min(max(y, -most[1]), most[1])}
	}
	return at, height
}

// thumbnails draws photographs at their places where no other was drawn before.
func (c *canvas) thumbnails(at [][2]float64, classes []int, thumb func(i int) image.Image) {
	const rim, apart = 3, mapThumb + 4
	drawn := map[[2]int][]image.Point{} // by cells of the least distance
	for i, p := range at {
		x, y := int(p[0]), int(p[1])
		cell := [2]int{x / apart, y / apart}
		taken := false
		for dx := -1; dx <= 1; dx++ {
			for dy := -1; dy <= 1; dy++ {
				for _, q := range drawn[[2]int{cell[0] + dx, cell[1] + dy}] {
					taken = taken || max(q.X-x, x-q.X, q.Y-y, y-q.Y) < apart
				}
			}
		}
		if taken {
			continue
		}
		img := thumb(i)
		if img == nil {
			continue
		}
		drawn[cell] = append(drawn[cell], image.Pt(x, y))
		box := image.Rect(x-mapThumb/2, y-mapThumb/2, x+mapThumb/2, y+mapThumb/2)
		colour := muted
		if classes[i] >= 0 {
			colour, _ = colourOf(classes[i])
		}
		c.box(box, corner, colour)
		draw.Draw(c.img, box.Inset(rim), thumbnail(img, mapThumb-2*rim), image.Point{}, draw.Src)
	}
}

// dot draws a point of class i, half transparent, so that crowds show.
func (c *canvas) dot(class int, x, y, r float64) {
	colour, round := muted, 0
	if class >= 0 {
		colour, round = colourOf(class)
	}
	box := image.Rect(int(x-r)-2, int(y-r)-2, int(x+r)+3, int(y+r)+3)
	c.fill(box, image.NewUniform(color.NRGBA{colour.R, colour.G, colour.B, 170}), func(p path) { p.shape(round, x, y, r) })
}

// mapLegend names the classes in columns, or says how many there are.
func (c *canvas) mapLegend(present []int, names []string, x, y int) {
	if len(present) > mapNamed {
		c.text(x, y+14, mapSide, fmt.Sprintf("%d classes", len(present)), noteStyle, muted)
		return
	}
	for i, class := range present {
		left, top := x+i%mapColumn*(mapSide/mapColumn), y+i/mapColumn*legendLine
		c.point(class, float64(left)+6, float64(top)+9)
		name := fmt.Sprintf("class %d", class)
		if class < len(names) {
			name = names[class]
		}
		c.text(left+18, top+14, mapSide/mapColumn-28, name, noteStyle, ink)
	}
}
