package experiment

import (
	"fmt"
	"strings"

	"github.com/dvml/dvml/report"
	"github.com/dvml/dvml/train"
)

// curveNames are the curves of a run's table that a report shows, with their titles.
var curveNames = [][2]string{
	{train.Synthetic, "L3, metric loss of z"}, {train.Invariant, "L4, metric loss of z_I"}, {train.KL, "L1, KL"},
	{train.Reconstruction, "L2, reconstruction"}, {train.Classifier, "Classifier's cross entropy"},
}

// Gather makes the report of a plan's results.
func (p *Plan) Gather(results []Result) report.Report {
	r := report.Report{Title: p.Title, Notes: p.Notes}
	k := results[0].Config.Evaluate.K
	metrics := []string{}
	for _, n := range k {
		metrics = append(metrics, fmt.Sprintf("R@%d", n))
	}
	metrics = append(metrics, "NMI", "F1", "MAP@R")
	for _, m := range metrics {
		r.Metrics = append(r.Metrics, report.Metric{Key: m})
	}
	for _, c := range curveNames {
		r.Charts = append(r.Charts, report.Chart{Title: c[1], XLabel: "step", Curve: c[0]})
	}
	for _, m := range metrics {
		r.Charts = append(r.Charts, report.Chart{Title: m + ", classes never seen", XLabel: "step", Curve: m})
	}
	for i := 0; i < len(results); {
		first := results[i]
		run := report.Run{Name: first.Run.Name, About: first.Run.About, Settings: settings(first.Config)}
		if pub := first.Run.Published; pub != nil {
			run.Published = &report.Published{Source: pub.Source, Differs: pub.Differs, Metrics: pub.Metrics}
		}
		for ; i < len(results) && results[i].Run.Name == first.Run.Name; i++ {
			run.Seeds = append(run.Seeds, report.Seed{Seed: results[i].Seed, Metrics: results[i].Metrics, Curves: curves(results[i].Rows, metrics), Seconds: results[i].Seconds})
		}
		r.Runs = append(r.Runs, run)
	}
	return r
}

// curves takes the curves that a report shows out of a run's table; a curve that is zero throughout is a part that the method does not have.
func curves(rows []train.Row, metrics []string) []report.Curve {
	names := append([]string(nil), metrics...)
	for _, c := range curveNames {
		names = append(names, c[0])
	}
	var list []report.Curve
	for _, name := range names {
		c := report.Curve{Name: name}
		there := false
		for _, row := range rows {
			if v, ok := row.Values[name]; ok {
				c.X, c.Y = append(c.X, float64(row.Step)), append(c.Y, v)
				there = there || v != 0
			}
		}
		if there {
			list = append(list, c)
		}
	}
	return list
}

// settings lists a run's settings as its YAML file names them, without what differs by place or seed.
func settings(c *train.Config) []report.Setting {
	text, err := c.YAML()
	if err != nil {
		return nil
	}
	var list []report.Setting
	var path []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		if at := strings.Index(line, " #"); at >= 0 {
			line = strings.TrimRight(line[:at], " ")
		}
		body := strings.TrimLeft(line, " ")
		if body == "" || strings.HasPrefix(body, "#") {
			continue
		}
		depth := (len(line) - len(body)) / 2
		item := strings.HasPrefix(body, "- ")
		name, value, ok := strings.Cut(strings.TrimPrefix(body, "- "), ":")
		if !ok {
			if n := len(list); n > 0 {
				list[n-1].Value = strings.TrimSpace(list[n-1].Value + " " + strings.TrimPrefix(body, "- "))
			}
			continue
		}
		if item {
			depth++
		}
		path = append(path[:min(depth, len(path))], name)
		full := strings.Join(path, ".")
		if value = strings.TrimSpace(value); value == "" || full == "data" || full == "seed" || full == "backbone.weights" {
			continue
		}
		list = append(list, report.Setting{Name: full, Value: value})
	}
	return list
}
