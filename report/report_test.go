package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func html(t *testing.T, r Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThePageNeedsNothingElse(t *testing.T) {
	page := html(t, sample())
	for _, m := range regexp.MustCompile(`(?i)(?:src|href|srcset|data|action)="([^"]*)"|url\(([^)]*)\)|@import`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "#") && !strings.HasPrefix(m[1], "data:image/") {
			t.Errorf("the page refers to %.60q", m[0])
		}
	}
	if strings.Contains(strings.ToLower(page), "<script") {
		t.Error("the page has a script")
	}
	if rest := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, ""); strings.Contains(rest, "http:") || strings.Contains(rest, "https:") {
		t.Error("the page names an address")
	}
}

func TestEverythingIsShown(t *testing.T) {
	page := html(t, sample())
	for _, want := range []string{
		"Does the variance of a class help", "two cores", "finds a photograph", "2,000 steps instead of 20,000",
		">45.7<", "± 3.7", "58.5", "published, Lin et al. 2018", "all 16,185 photographs, uncut", "One seed only",
		"untrained .457", "Metric loss L4", "no values", "DVML + triplet, seed 2", "(moving mean)", "(3 seeds)",
		"Before training.", "data:image/jpeg;base64,", "data:image/png;base64,", "Kolmogorov-Smirnov", "z - centre | plain",
		"What differs between the runs", "The same in all runs", `id="show-2"`, "The loss again", "Lower is better for test loss", "31 min",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// hostile is a report whose every text tries to leave its place.
func hostile() Report {
	const evil = `"><script>alert(1)</script><b x='`
	r := sample()
	r.Title, r.Subtitle, r.Summary, r.Notes = evil, evil, evil, []string{evil}
	r.Metrics[0].Name = evil
	r.Charts[0] = Chart{Title: evil, XLabel: evil, YLabel: evil, Curve: "Recall@1", Levels: []Level{{evil, 0.4}}}
	r.Runs[1].Name, r.Runs[1].About, r.Runs[1].Notes = evil, evil, []string{evil}
	r.Runs[1].Published = &Published{Source: evil, Differs: evil, Metrics: map[string]float64{"R@1": 0.5}}
	r.Runs[1].Settings = []Setting{{evil, evil}}
	r.Sections[0] = Section{
		Title: evil, Text: evil, Notes: []string{evil},
		Tables:   []Table{{Caption: evil, Header: []string{evil}, Rows: [][]string{{evil}}}},
		Pictures: []Picture{{Title: evil, Caption: evil, Alt: evil, Image: gradient(4, 4)}},
	}
	return r
}

func TestTextIsEscaped(t *testing.T) {
	page := html(t, hostile())
	if strings.Contains(page, "<script") || strings.Contains(page, "<b x") {
		t.Error("text became markup")
	}
	text, files, err := Markdown(hostile(), "f")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "<script") {
		t.Error("text became markup in Markdown")
	}
	for name, data := range files {
		if strings.HasSuffix(name, ".svg") && bytes.Contains(data, []byte("<script")) {
			t.Errorf("text became markup in %s", name)
		}
	}
}

func TestChartsAreWellFormed(t *testing.T) {
	for _, r := range []Report{sample(), hostile()} {
		_, files, err := Markdown(r, "")
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for name, data := range files {
			if !strings.HasSuffix(name, ".svg") {
				continue
			}
			n++
			if bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Inf")) {
				t.Errorf("%s holds a number that is none", name)
			}
			d := xml.NewDecoder(bytes.NewReader(data))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Errorf("%s: %v", name, err)
					break
				}
			}
		}
		if n != 5 {
			t.Errorf("%d charts, want 5", n)
		}
	}
}

func TestSameReportSameBytes(t *testing.T) {
	first := html(t, sample())
	for range 5 {
		if again := html(t, sample()); again != first {
			t.Fatal("two pages of one report differ")
		}
	}
}

func TestMarkdownTablesAreEven(t *testing.T) {
	text, files, err := Markdown(sample(), "some files")
	if err != nil {
		t.Fatal(err)
	}
	columns := 0
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d bars, want %d: %s", n, columns, line)
		}
	}
	for name := range files {
		if !strings.Contains(text, "(<some files/"+name+">)") {
			t.Errorf("%s is not shown", name)
		}
	}
	for _, want := range []string{"55.6 ± 1.3 ★", "| published, Lin et al. 2018 |", "DVML + triplet (green)", `z - centre \| plain`} {
		if !strings.Contains(text, want) {
			t.Errorf("Markdown lacks %q", want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "results")
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"index.html", "report.md", "report-files/curve-01.svg", "report-files/results.svg", "report-files/chart-02-01.svg", "report-files/picture-01-01.jpg"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	mine := filepath.Join(dir, "report-files", "mine.txt")
	if err := os.WriteFile(mine, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	fewer := sample()
	fewer.Sections = fewer.Sections[1:]
	if err := fewer.Write(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "report-files", "picture-01-01.jpg")); err == nil {
		t.Error("a picture that the report no longer shows is still there")
	}
	if _, err := os.Stat(mine); err != nil {
		t.Error("a file that is not the report's is gone")
	}
	if err := sample().Write(dir); err != nil {
		t.Fatal(err)
	}
	broken := sample()
	broken.Title = ""
	if err := broken.Write(dir); err == nil {
		t.Error("a report without a title was written")
	}
	if page, err := os.ReadFile(filepath.Join(dir, "index.html")); err != nil || string(page) != html(t, sample()) {
		t.Error("a failed write touched the page")
	}
}

func TestWhatCannotBeShownIsNamed(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(r *Report)
	}{
		{"title is empty", func(r *Report) { r.Title = "" }},
		{`metric 1: the key "R@1"`, func(r *Report) { r.Metrics[1].Key = "R@1" }},
		{`run 2: the name "triplet"`, func(r *Report) { r.Runs[2].Name = "triplet" }},
		{`curve "Recall@1" has 1 X for 2 Y`, func(r *Report) { r.Runs[1].Seeds[0].Curves[0] = Curve{"Recall@1", []float64{1}, []float64{1, 2}} }},
		{`level "zero" is 0`, func(r *Report) { r.Charts[1].Levels = []Level{{"zero", 0}} }},
		{`level "none" is NaN`, func(r *Report) { r.Charts[0].Levels = []Level{{"none", math.NaN()}} }},
		{"row 0 has 1 cells for 3 columns", func(r *Report) { r.Sections[1].Tables[0].Rows[0] = []string{"x"} }},
		{`picture 0 ("Before training.") has no pixels`, func(r *Report) { r.Sections[0].Pictures[0].Image = nil }},
		{`picture 1 ("Map of z_I.") has no pixels`, func(r *Report) { r.Sections[0].Pictures[1].Image = image.NewGray(image.Rectangle{}) }},
	} {
		r := sample()
		c.change(&r)
		if err := HTML(io.Discard, r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if _, _, err := Markdown(r, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Markdown: error %v, want %q", err, c.want)
		}
	}
}

type fullDisk struct{}

var errFull = errors.New("disk full")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsArePassedOn(t *testing.T) {
	if err := HTML(fullDisk{}, sample()); !errors.Is(err, errFull) {
		t.Errorf("error %v, want %v", err, errFull)
	}
}

func TestOddReports(t *testing.T) {
	nan := math.NaN()
	for name, r := range map[string]Report{
		"only a title": {Title: "t"},
		"no seeds":     {Title: "t", Metrics: []Metric{{Key: "m"}}, Runs: []Run{{Name: "a"}, {Name: "b"}}},
		"all NaN": {Title: "t", Metrics: []Metric{{Key: "m", Percent: true}}, Runs: []Run{{Name: "a", Seeds: []Seed{
			{Metrics: map[string]float64{"m": nan}, Curves: []Curve{{"c", []float64{0, 1}, []float64{nan, math.Inf(1)}}}},
		}}}},
		"one point": {Title: "t", Runs: []Run{{Name: "a", Seeds: []Seed{{Curves: []Curve{{"c", []float64{7}, []float64{3}}}}}}}},
		"constant":  {Title: "t", Charts: []Chart{{Title: "c", Curve: "c", Log: true}}, Runs: []Run{{Name: "a", Seeds: []Seed{{Curves: []Curve{{"c", []float64{0, 1, 2}, []float64{3, 3, 3}}}}}}}},
		"huge":      {Title: "t", Runs: []Run{{Name: "a", Seeds: []Seed{{Curves: []Curve{{"c", []float64{-1e300, 1e300}, []float64{1e300, -1e300}}}}}}}},
		"repeated X": {Title: "t", Runs: []Run{{Name: "a", Seeds: []Seed{
			{Curves: []Curve{{"c", []float64{0, 0, 1}, []float64{1, 2, 3}}}},
		}}}},
	} {
		t.Run(name, func(t *testing.T) {
			page := html(t, r)
			if i := strings.Index(page, "<main>"); strings.Contains(strings.ReplaceAll(page[i:], ">NaN<", ""), "NaN") {
				t.Errorf("the page holds a coordinate that is not a number")
			}
			if _, _, err := Markdown(r, ""); err != nil {
				t.Error(err)
			}
		})
	}
}
