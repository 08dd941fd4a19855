package experiment

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/dvml/dvml/diagnose"
	"github.com/dvml/dvml/report"
	"github.com/dvml/dvml/run"
)

// curveNames are the curves of a run's table that a report shows, with their titles.
var curveNames = [][2]string{
	{run.Synthetic, "synthetic: metric loss of z"}, {run.Invariant, "invariant: metric loss of z_I"}, {run.KL, "kl: KL divergence of z_V"},
	{run.Reconstruction, "reconstruction of the features"}, {run.Classifier, "classifier: cross entropy"},
}

// Gather makes the report of a plan's results. photographs says whether it may show those of the data.
func (p *Plan) Gather(results []Result, photographs bool) (report.Report, error) {
	r := report.Report{Title: p.Title, Notes: slices.Clone(p.Notes)}
	about := readFacts(results[0].Config.Data)
	changes, err := p.changes(results, about)
	if err != nil {
		return r, err
	}
	r.Notes = append(r.Notes, changes...)
	r.Subtitle = filepath.Base(results[0].Config.Data)
	if about != nil {
		r.Subtitle += ": " + about.String()
	}
	k := results[0].Config.Evaluate.K
	metrics := []string{}
	for _, n := range k {
		metrics = append(metrics, fmt.Sprintf("R@%d", n))
	}
	metrics = append(metrics, "NMI", "F1", "MAP@R")
	for _, m := range metrics {
		r.Metrics = append(r.Metrics, report.Metric{Key: m})
	}
	var diagnosed []diagnose.Named
	for i := 0; i < len(results); {
		first := results[i]
		run := report.Run{Name: first.Run.Name, About: first.Run.About, Settings: Settings(first.Config)}
		if pub := first.Run.Published; pub != nil {
			run.Published = &report.Published{Source: pub.Source, Metrics: pub.Metrics} // what differs is among the notes, for runs alike together
		}
		for ; i < len(results) && results[i].Run.Name == first.Run.Name; i++ {
			seed := report.Seed{Seed: results[i].Seed, Metrics: results[i].Metrics, Curves: curves(results[i].Rows, metrics), Seconds: results[i].Seconds}
			if d := results[i].Diagnosis; d != nil {
				seed.Curves = append(seed.Curves, d.Curves()...)
				diagnosed = append(diagnosed, diagnose.Named{Run: first.Run.Name, Diagnosis: d})
			}
			run.Seeds = append(run.Seeds, seed)
		}
		r.Runs = append(r.Runs, run)
	}
	r.Charts = charts(r.Runs, metrics)
	r.Sections = diagnose.Sections(diagnosed, photographs)
	return r, nil
}

// charts overlays the curves that any run has.
func charts(runs []report.Run, metrics []string) []report.Chart {
	var all []report.Chart
	add := func(title, curve string) {
		for _, run := range runs {
			for _, s := range run.Seeds {
				if slices.ContainsFunc(s.Curves, func(c report.Curve) bool { return c.Name == curve }) {
					all = append(all, report.Chart{Title: title, XLabel: "step", Curve: curve})
					return
				}
			}
		}
	}
	for _, c := range curveNames {
		add(c[1], c[0])
	}
	if several(runs) { // losses of different kinds are of different sizes
		for i := range all {
			all[i].Log = all[i].Curve == run.Synthetic || all[i].Curve == run.Invariant
		}
	}
	for _, m := range metrics {
		add(m+", held-out classes", m)
	}
	return all
}

// several reports whether the runs' metric losses are of several kinds.
func several(runs []report.Run) bool {
	names := map[string]bool{}
	for _, run := range runs {
		for _, s := range run.Settings {
			if s.Name == "method.loss.name" {
				names[s.Value] = true
			}
		}
	}
	return len(names) > 1
}

// curves takes the curves that a report shows out of a run's table; a curve that is zero throughout is a part that the method does not have.
func curves(rows []run.Row, metrics []string) []report.Curve {
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
