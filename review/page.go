package review

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path/filepath"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/plural"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// What page.html shows.
type (
	pageData struct {
		Title, Summary, Command string
		Lists                   []pageList
	}
	pageList struct {
		Name, Title, About, More string
		Total                    int
		Pairs                    [][]string // of the classes, in the list of confusions
		Entries                  []pageEntry
	}
	pageEntry struct {
		Tiles []pageTile
		Text  string
	}
	pageTile struct {
		Path, Name, Class string
		Picture           template.URL // data:; "" where there is no thumbnail
	}
)

var titles = map[string][2]string{
	Duplicates: {"Near-duplicates", "Two files that seem to be the same photograph: scaled, compressed, brightened, mirrored or slightly cropped."},
	Labels:     {"Likely wrong labels", "Photographs whose neighbours are of another class."},
	Odd:        {"Odd ones out", "Photographs that lie far from the others of their class."},
	Confusions: {"Confusions", "Classes that the embedding holds for one, the most confused first, and the photographs whose neighbours name the other class."},
	Leaks:      {"Leaks", "The same photograph on both sides of a split: what is measured there is too good."},
}

// WritePage writes one HTML page with everything in it, the most first entries of each list with their thumbnails. other is the second index
// of Between, else nil; command is how entries can be decided.
func (t *Told) WritePage(out io.Writer, x, other *index.Index, most int, command string) error {
	d := pageData{Title: "Review of " + filepath.Base(x.Folder()), Command: command}
	d.Summary = plural.Of(t.Photographs, "photograph")
	if n := len(t.Copies); n > 0 {
		d.Summary += fmt.Sprintf(", %d of them in several files that are equal to the byte (copies.csv)", n)
	}
	if t.Decided > 0 {
		d.Summary += fmt.Sprintf("; %d decided already, and left out", t.Decided)
	}
	for _, name := range Queues() {
		entries := t.Queues[name]
		if name == Leaks && t.Sides == nil || other != nil && name != Leaks {
			continue
		}
		l := pageList{Name: name, Title: titles[name][0], About: titles[name][1], Total: len(entries)}
		if len(entries) > most {
			l.More = fmt.Sprintf("The first %d of %d; %s.csv has all.", most, len(entries), name)
		}
		if name == Confusions {
			for _, c := range t.Confused[:min(10, len(t.Confused))] {
				l.Pairs = append(l.Pairs, []string{c.A, c.B, fmt.Sprintf("%.1f %%", 100*c.Share), fmt.Sprint(c.Photographs)})
			}
		}
		for _, e := range entries[:min(most, len(entries))] {
			l.Entries = append(l.Entries, e.shown(name, x, other))
		}
		d.Lists = append(d.Lists, l)
	}
	return page.Execute(out, d)
}

func (e One) shown(name string, x, other *index.Index) (p pageEntry) {
	tile := func(o Photograph, path string) {
		in := x
		if o.other {
			in = other
		}
		t := pageTile{Path: path, Name: filepath.Base(path), Class: o.Class}
		if data, err := in.Thumbnail(o.ID); err == nil {
			t.Picture = template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(data))
		}
		p.Tiles = append(p.Tiles, t)
	}
	switch {
	case e.B != nil:
		tile(e.A, e.A.Path)
		tile(*e.B, e.B.Path)
	case name == Leaks:
		for _, path := range e.A.Paths {
			tile(e.A, path)
		}
	default:
		tile(e.A, e.A.Path)
	}
	switch name {
	case Duplicates, Leaks:
		p.Text = fmt.Sprintf("pixels %.3f, cosine %.3f", e.Pixels, e.Score)
		if e.B == nil {
			p.Text = "equal to the byte"
		}
	case Labels, Confusions:
		p.Text = fmt.Sprintf("%s, or %s? (%.0f %% of the votes)", orNone(e.Given), orNone(e.Suggested), 100*e.Score)
	case Odd:
		p.Text = fmt.Sprintf("%.1f deviations from %s", e.Deviations, orNone(e.Given))
	}
	return p
}

func orNone(class string) string {
	if class == "" {
		return "no class"
	}
	return class
}
