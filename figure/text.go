package figure

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// style is a weight and a size of text in pixels.
type style struct {
	bold bool
	size float64
}

var (
	titleStyle   = style{true, 20}
	captionStyle = style{true, 15}
	noteStyle    = style{false, 14}
)

// fonts are the Go fonts, regular and bold, parsed once; a parsed font may be used by many goroutines, a face of it only by one.
var fonts = sync.OnceValue(func() (parsed [2]*opentype.Font) {
	for i, ttf := range [2][]byte{goregular.TTF, gobold.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			panic("figure: a font compiled into the program does not parse: " + err.Error())
		}
		parsed[i] = f
	}
	return parsed
})

// face returns the face of s, made on first use.
func (c *canvas) face(s style) font.Face {
	if f, ok := c.faces[s]; ok {
		return f
	}
	parsed := fonts()[0]
	if s.bold {
		parsed = fonts()[1]
	}
	f, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: s.size, DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("figure: a font compiled into the program has no face: " + err.Error())
	}
	c.faces[s] = f
	return f
}

// width returns the width of text in pixels, rounded up.
func (c *canvas) width(text string, s style) int {
	return font.MeasureString(c.face(s), text).Ceil()
}

// text writes text with its baseline's start at (x, y), cut to at most limit pixels.
func (c *canvas) text(x, y, limit int, text string, s style, colour color.Color) {
	d := font.Drawer{Dst: c.img, Src: image.NewUniform(colour), Face: c.face(s), Dot: fixed.P(x, y)}
	d.DrawString(c.cut(text, limit, s))
}

// upward writes text from the bottom up, with its baseline's start at (x, y).
func (c *canvas) upward(x, y int, text string, s style, colour color.Color) {
	width, ascent, descent := c.width(text, s), int(s.size), int(s.size/2)
	level := image.NewAlpha(image.Rect(0, -ascent, width, descent))
	d := font.Drawer{Dst: level, Src: image.Opaque, Face: c.face(s), Dot: fixed.P(0, 0)}
	d.DrawString(text)
	turned := image.NewAlpha(image.Rect(x-ascent, y-width, x+descent, y))
	for i := range width {
		for j := -ascent; j < descent; j++ {
			turned.SetAlpha(x+j, y-1-i, level.AlphaAt(i, j))
		}
	}
	at := turned.Rect
	draw.DrawMask(c.img, at, image.NewUniform(colour), image.Point{}, turned, at.Min, draw.Over)
}

// cut returns text on one line, shortened with an ellipsis to at most limit pixels.
func (c *canvas) cut(text string, limit int, s style) string {
	return shorten(oneLine(text), func(t string) bool { return c.width(t, s) <= limit })
}

// shorten returns the longest beginning of text that fits, with an ellipsis where something was cut; "" where not even that fits.
func shorten(text string, fits func(string) bool) string {
	if fits(text) {
		return text
	}
	runes := []rune(text)
	low, high := 0, len(runes) // the beginnings of at most low runes fit, those of high do not
	for low+1 < high {
		if middle := (low + high) / 2; fits(ellipsis(runes[:middle])) {
			low = middle
		} else {
			high = middle
		}
	}
	if cut := ellipsis(runes[:low]); fits(cut) {
		return cut
	}
	return ""
}

func ellipsis(runes []rune) string {
	return strings.TrimRight(string(runes), " ,.;:-") + "…"
}

// oneLine replaces what breaks a line or has no shape by spaces.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(text)
}
