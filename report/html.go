package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

//go:embed page
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{"paragraphs": paragraphs}).ParseFS(files, "page/page.html"))

// stylesheet joins the built-in style sheets of the given names.
func stylesheet(names ...string) string {
	var all strings.Builder
	for _, name := range names {
		text, err := files.ReadFile("page/" + name + ".css")
		if err != nil {
			panic("report: built-in style sheet: " + err.Error())
		}
		all.Write(text)
	}
	return all.String()
}

// What page.html shows.
type (
	pageData struct {
		Title, Subtitle, Summary  string
		Notes                     []string
		Style                     template.CSS
		Metrics                   []pageMetric
		Timed, AnyPublished       bool
		Key, CurvesKey, CurvesUse string
		Runs                      []pageRun
		Dots                      template.HTML
		Charts                    []pageChart
		Sections                  []pageSection
		Settings                  settingsTable
	}
	pageMetric struct {
		Label string
		Room  int // for deviations, in digits
	}
	pageRun struct {
		Name, About, Class, Time string
		Seeds                    int
		Cells                    []cell
		Published                *pagePublished
		Remarks                  []string
		Curves                   bool
	}
	pagePublished struct {
		Source string
		Cells  []cell
	}
	pageChart struct {
		Title   string
		Drawing template.HTML
	}
	pageSection struct {
		Title, Text string
		Notes       []string
		Tables      []pageTable
		Charts      []pageChart
		Pictures    []pagePicture
	}
	pageTable struct {
		Caption string
		Header  []textCell
		Rows    [][]textCell
	}
	textCell struct {
		Text   string
		Number bool
	}
	pagePicture struct {
		Title, Caption, Alt string
		Data                template.URL
		Width, Height       int
		Wide                bool // too wide to stand beside another
	}
)

// HTML writes r as one page.
func HTML(w io.Writer, r Report) error {
	if err := r.check(); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	data := pageData{
		Title: r.Title, Subtitle: r.Subtitle, Summary: r.Summary, Notes: r.Notes,
		Style: template.CSS(stylesheet("light", "dark", "chart", "page")),
		Timed: r.timed(), AnyPublished: r.anyPublished(), Key: r.key(), CurvesKey: curvesKey, CurvesUse: curvesUse, Settings: r.settings(),
	}
	for _, m := range r.Metrics {
		data.Metrics = append(data.Metrics, pageMetric{m.label(), r.room(m)})
	}
	for i, run := range r.Runs {
		p := pageRun{Name: run.Name, About: run.About, Class: runClass(i), Seeds: len(run.Seeds), Cells: r.cells(run), Remarks: run.remarks(), Curves: run.curves()}
		if s := run.seconds(); s > 0 {
			p.Time = duration(s)
		}
		if run.Published != nil {
			p.Published = &pagePublished{run.Published.Source, r.published(run)}
		}
		data.Runs = append(data.Runs, p)
	}
	if len(r.Metrics) > 0 && (len(r.Runs) > 1 || r.many()) {
		data.Dots = template.HTML(r.drawDots(r.Metrics[0]))
	}
	for _, c := range r.charts() {
		data.Charts = append(data.Charts, pageChart{c.Title, template.HTML(r.draw(c))})
	}
	for _, s := range r.Sections {
		section, err := s.page()
		if err != nil {
			return fmt.Errorf("report: section %q: %w", s.Title, err)
		}
		for _, c := range s.Charts {
			section.Charts = append(section.Charts, pageChart{c.Title, template.HTML(r.draw(c))})
		}
		data.Sections = append(data.Sections, section)
	}
	if err := page.Execute(w, data); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (s Section) page() (pageSection, error) {
	p := pageSection{Title: s.Title, Text: s.Text, Notes: s.Notes}
	for _, t := range s.Tables {
		numbers := t.numericColumns()
		cells := func(row []string) []textCell {
			var out []textCell
			for i, text := range row {
				out = append(out, textCell{text, numbers[i]})
			}
			return out
		}
		table := pageTable{Caption: t.Caption, Header: cells(t.Header)}
		for _, row := range t.Rows {
			table.Rows = append(table.Rows, cells(row))
		}
		p.Tables = append(p.Tables, table)
	}
	for i, picture := range s.Pictures {
		data, kind, err := picture.encode()
		if err != nil {
			return p, fmt.Errorf("picture %d (%q): %w", i, picture.Title, err)
		}
		size := picture.Image.Bounds().Size()
		p.Pictures = append(p.Pictures, pagePicture{
			Title: picture.Title, Caption: picture.Caption, Alt: orElse(picture.Alt, picture.Title),
			Data:  template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)),
			Width: (size.X + 1) / 2, Height: (size.Y + 1) / 2, // two pixels a point, as package figure draws
			Wide: size.X > 1120,
		})
	}
	return p, nil
}

// encode returns the picture's file and its kind, "png" or "jpeg".
func (p Picture) encode() (data []byte, kind string, err error) {
	var b bytes.Buffer
	if p.Photo {
		err = jpeg.Encode(&b, p.Image, &jpeg.Options{Quality: 82})
		return b.Bytes(), "jpeg", err
	}
	e := png.Encoder{CompressionLevel: png.BestCompression}
	err = e.Encode(&b, p.Image)
	return b.Bytes(), "png", err
}
