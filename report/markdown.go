package report

import (
	"fmt"
	"strings"
)

// Markdown returns r as Markdown and the files that it shows, charts as SVG and pictures as PNG or
// JPEG, by name. The text refers to them as folder/name, or name if folder is empty.
func Markdown(r Report, folder string) (text string, files map[string][]byte, err error) {
	if err := r.check(); err != nil {
		return "", nil, fmt.Errorf("report: %w", err)
	}
	m := markdown{folder: strings.TrimSuffix(folder, "/"), files: map[string][]byte{}}
	m.line("# " + inline(r.Title))
	if r.Subtitle != "" {
		m.line(inline(r.Subtitle))
	}
	m.text(r.Summary)
	m.notes(r.Notes)
	m.results(r)
	if charts := r.charts(); len(charts) > 0 {
		m.line("## Curves")
		m.line(curvesKey)
		m.line(legend(r))
		for i, c := range charts {
			m.line("### " + inline(c.Title))
			m.picture(c.Title, fmt.Sprintf("curve-%02d.svg", i+1), standalone(r.draw(c)))
		}
	}
	for i, s := range r.Sections {
		m.line("## " + inline(s.Title))
		m.text(s.Text)
		m.notes(s.Notes)
		for _, t := range s.Tables {
			m.table(t)
		}
		for j, c := range s.Charts {
			m.line("### " + inline(c.Title))
			m.picture(c.Title, fmt.Sprintf("chart-%02d-%02d.svg", i+1, j+1), standalone(r.draw(c)))
		}
		for j, p := range s.Pictures {
			data, kind, err := p.encode()
			if err != nil {
				return "", nil, fmt.Errorf("report: section %q: picture %d (%q): %w", s.Title, j, p.Title, err)
			}
			m.picture(orElse(p.Alt, p.Title), fmt.Sprintf("picture-%02d-%02d.%s", i+1, j+1, strings.Replace(kind, "jpeg", "jpg", 1)), data)
			caption := inline(p.Caption)
			if p.Title != "" {
				caption = strings.TrimSpace("**" + inline(p.Title) + "** " + caption)
			}
			m.line(caption)
		}
	}
	m.settings(r.settings())
	return m.String(), m.files, nil
}

type markdown struct {
	strings.Builder
	folder string
	files  map[string][]byte
}

// line writes a block.
func (m *markdown) line(text string) {
	if text == "" {
		return
	}
	if m.Len() > 0 {
		m.WriteString("\n")
	}
	m.WriteString(text + "\n")
}

func (m *markdown) text(text string) {
	for _, p := range paragraphs(text) {
		m.line(inline(p))
	}
}

func (m *markdown) notes(notes []string) {
	if len(notes) == 0 {
		return
	}
	lines := []string{"> **To be known**", ">"}
	for _, n := range notes {
		lines = append(lines, "> - "+inline(n))
	}
	m.line(strings.Join(lines, "\n"))
}

func (m *markdown) picture(alt, name string, data []byte) {
	m.files[name] = data
	link := name
	if m.folder != "" {
		link = m.folder + "/" + name
	}
	m.line(fmt.Sprintf("![%s](<%s>)", inline(alt), strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "%0A").Replace(link)))
}

func (m *markdown) table(t Table) {
	if t.Caption != "" {
		m.line("*" + inline(t.Caption) + "*")
	}
	m.grid(t.Header, t.Rows, t.numericColumns())
}

// grid writes a table; right says which columns are set to the right.
func (m *markdown) grid(header []string, rows [][]string, right []bool) {
	row := func(cells []string) string {
		escaped := make([]string, len(cells))
		for i, c := range cells {
			escaped[i] = inline(c)
		}
		return "| " + strings.Join(escaped, " | ") + " |"
	}
	lines := []string{row(header), "|"}
	for _, r := range right {
		if r {
			lines[1] += "---:|"
		} else {
			lines[1] += "---|"
		}
	}
	for _, r := range rows {
		lines = append(lines, row(r))
	}
	m.line(strings.Join(lines, "\n"))
}

func (m *markdown) results(r Report) {
	if len(r.Runs) == 0 {
		return
	}
	m.line("## Results")
	header, right := []string{"run", "seeds"}, []bool{false, true}
	for _, metric := range r.Metrics {
		header, right = append(header, metric.label()), append(right, true)
	}
	timed := r.timed()
	if timed {
		header, right = append(header, "time"), append(right, true)
	}
	var rows [][]string
	for _, run := range r.Runs {
		row := []string{run.Name, fmt.Sprint(len(run.Seeds))}
		for _, c := range r.cells(run) {
			text := c.Mean
			if c.Deviation != "" {
				text += " ± " + c.Deviation
			}
			if c.Best {
				text += " ★"
			}
			row = append(row, text)
		}
		if timed {
			time := none
			if s := run.seconds(); s > 0 {
				time = duration(s)
			}
			row = append(row, time)
		}
		rows = append(rows, row)
		if run.Published != nil {
			row := []string{"published, " + run.Published.Source, ""}
			for _, c := range r.published(run) {
				row = append(row, c.Mean)
			}
			if timed {
				row = append(row, "")
			}
			rows = append(rows, row)
		}
	}
	m.grid(header, rows, right)
	m.line(strings.Replace(r.key(), "Bold:", "★:", 1))
	if len(r.Metrics) > 0 && (len(r.Runs) > 1 || r.many()) {
		if drawing := r.drawDots(r.Metrics[0]); drawing != "" {
			m.picture(r.Metrics[0].name()+" of every run and seed", "results.svg", standalone(drawing))
		}
	}
	for _, run := range r.Runs {
		remarks := run.remarks()
		if run.About == "" && len(remarks) == 0 {
			continue
		}
		m.line("### " + inline(run.Name))
		m.line(inline(run.About))
		var lines []string
		for _, n := range remarks {
			lines = append(lines, "- "+inline(n))
		}
		m.line(strings.Join(lines, "\n"))
	}
}

func (m *markdown) settings(t settingsTable) {
	if !t.Any {
		return
	}
	m.line("## Settings")
	if d := t.Differs; len(d.Rows) > 0 {
		m.line("What differs between the runs:")
		m.grid(d.Header, d.Rows, make([]bool, len(d.Header)))
	}
	if len(t.Common) > 0 {
		m.line("The same in all runs:")
		var rows [][]string
		for _, c := range t.Common {
			rows = append(rows, []string{c.Name, c.Value})
		}
		m.grid([]string{"setting", "value"}, rows, []bool{false, false})
	}
}

// legend names the colours of the runs that have curves.
func legend(r Report) string {
	names := [colours]string{"blue", "vermilion", "green", "violet", "amber", "pink", "sky blue", "grey"}
	var parts []string
	for i, run := range r.Runs {
		if run.curves() {
			how := names[i%colours]
			if i >= colours {
				how += []string{"", ", dashed", ", dotted"}[i/colours%3]
			}
			parts = append(parts, inline(run.Name)+" ("+how+")")
		}
	}
	return strings.Join(parts, " · ")
}

// standalone makes a file of a chart: with styles, on white, for viewers that take nothing from the page around it.
func standalone(drawing string) []byte {
	head, rest, _ := strings.Cut(drawing, ">")
	style := "<style>" + stylesheet("light", "chart") + ".chart { background: var(--paper); }</style>"
	return []byte(head + ">" + style + rest + "\n")
}

// inline escapes text so that Markdown shows it as it is, on one line.
func inline(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	rest := strings.TrimLeft(text, "0123456789") // what follows a number: a list would start with "1. "
	list := len(text) - len(rest)
	if !strings.HasPrefix(rest, ". ") && !strings.HasPrefix(rest, ") ") {
		list = 0
	}
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case strings.ContainsRune("\\`*_{}[]|~$", r), i == 0 && strings.ContainsRune("#+-=", r) && !numeric(text), i == list && i > 0:
			b.WriteString("\\" + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
