package report

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/curve"
)

// colours is how many colours style.css has for runs; further runs are dashed.
const colours = 8

// svg is a chart in the making. Colours come from the page's classes.
type svg struct{ strings.Builder }

// tag writes an element: attributes are pairs of name and value, text is escaped, and an empty text closes the element at once.
func (s *svg) tag(name, text string, attributes ...string) {
	s.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		fmt.Fprintf(s, ` %s="%s"`, attributes[i], template.HTMLEscapeString(attributes[i+1]))
	}
	if text == "" {
		s.WriteString("/>")
		return
	}
	fmt.Fprintf(s, ">%s</%s>", template.HTMLEscapeString(text), name)
}

// titled writes an element without text of its own that shows title where the pointer rests.
func (s *svg) titled(name, title string, attributes ...string) {
	s.WriteString("<" + name)
	for i := 0; i+1 < len(attributes); i += 2 {
		fmt.Fprintf(s, ` %s="%s"`, attributes[i], template.HTMLEscapeString(attributes[i+1]))
	}
	fmt.Fprintf(s, "><title>%s</title></%s>", template.HTMLEscapeString(title), name)
}

// px writes a coordinate.
func px(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// runClass names a run's colour, dashes and visibility.
func runClass(i int) string {
	class := fmt.Sprintf("run run-%d c%d", i, i%colours)
	if i >= colours {
		class += fmt.Sprintf(" dash%d", i/colours%3)
	}
	return class
}

// open starts a drawing of w x h; label says what it shows.
func (s *svg) open(w, h float64, label string) {
	fmt.Fprintf(s, `<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 %s %s" role="img" aria-label="%s">`,
		px(w), px(h), template.HTMLEscapeString(label))
}

// path is the d of a line through points.
func path(points curve.Points, x, y axis) string {
	var b strings.Builder
	for i, p := range points {
		if i == 0 {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		b.WriteString(px(x.at(p.X)) + " " + px(y.at(p.Y)))
	}
	return b.String()
}
