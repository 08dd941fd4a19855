package figure

import "image/color"

// Palette holds the colours of series and classes in their order of use: Okabe and Ito's, without the yellow that is faint on white.
var Palette = []color.RGBA{
	{0, 114, 178, 255},   // blue
	{213, 94, 0, 255},    // vermilion
	{0, 158, 115, 255},   // bluish green
	{204, 121, 167, 255}, // reddish purple
	{230, 159, 0, 255},   // orange
	{86, 180, 233, 255},  // sky blue
	{90, 90, 90, 255},    // grey
}

// Frames of neighbours: of the query's class, and of another.
var (
	rightColour = color.RGBA{0, 150, 109, 255}
	wrongColour = color.RGBA{212, 48, 38, 255}
)

// Greys of everything that is not data.
var (
	paper = color.RGBA{255, 255, 255, 255}
	ink   = color.RGBA{28, 32, 38, 255}
	muted = color.RGBA{96, 103, 112, 255}
	rule  = color.RGBA{223, 226, 230, 255}
	blank = color.RGBA{236, 238, 241, 255}
)

// colourOf returns the colour of series or class i and how often the palette was used up before it; any i is valid.
func colourOf(i int) (c color.RGBA, round int) {
	n := len(Palette)
	m := ((i % n) + n) % n
	return Palette[m], (i - m) / n
}
