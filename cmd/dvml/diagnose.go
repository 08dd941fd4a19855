package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/diagnose"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/experiment"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/report"
	"github.com/dvml/dvml/run"
)

type diagnoseCmd struct {
	Checkpoints   []string `arg:"" name:"models" help:"States of runs, or folders of runs; several stand beside each other."`
	Data          string   `help:"The HDF5 file. Default: the one each run was trained on."`
	Out           string   `short:"o" default:"diagnosis" help:"Folder of the page."`
	Seed          uint64   `default:"1" help:"Seed of the drawn z_V and of the control."`
	Factors       string   `help:"CSV table of what is known of each image of the data (pose, colour, light ...), a line each in the data's order: what do z_I and z_V hold of it?"`
	NoPhotographs bool     `help:"Leave the data's photographs out of the page."`
	Batch         int      `help:"Images that go through the network at once; 0: as the run's evaluations." min:"0"`
	Cache         string   `help:"Folder of what frozen layers gave, as in train."`
	Backend       string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
}

// Run looks into the models and writes a page of what it finds.
func (c *diagnoseCmd) Run(ctx context.Context) error {
	var factors *diagnose.Factors
	if c.Factors != "" {
		var err error
		if factors, err = diagnose.ReadFactors(c.Factors); err != nil {
			return err
		}
	}
	backend, err := engine.New(c.Backend)
	if err != nil {
		return err
	}
	screen := newScreen(os.Stdout)
	defer screen.close()
	page := report.Report{Title: "Into the embeddings", Charts: []report.Chart{}}
	var found []diagnose.Named
	var verdicts []string
	paths, memory := make([]string, len(c.Checkpoints)), &diagnose.Memory{}
	for i, path := range c.Checkpoints {
		m, err := openModel(path, dvml.On(backend))
		if err != nil {
			return err
		}
		path = m.Path() // where the folder of a run was named: its best state
		paths[i] = path
		info := m.Checkpoint()
		screen.Say(path)
		d, err := diagnose.Make(ctx, path, diagnose.Options{Data: c.Data, Backend: backend, Seed: c.Seed, Batch: c.Batch, Cache: c.Cache, Progress: screen.count("embedding"), Memory: memory, Factors: factors})
		if err != nil {
			return err
		}
		found = append(found, diagnose.Named{Diagnosis: d})
		delete(info.Metrics, run.HeldOutSpread) // tells of trouble, not of how good the model is
		if says := verdict(info.Metrics, info.Features); says != "" {
			if len(c.Checkpoints) > 1 {
				says = path + ": " + says
			}
			verdicts = append(verdicts, says)
		}
		page.Runs = append(page.Runs, report.Run{About: fmt.Sprintf("%s, after step %d.", path, d.Step), Settings: experiment.Settings(m.Config()),
			Seeds: []report.Seed{{Seed: m.Config().Seed, Metrics: info.Metrics, Curves: d.Curves()}}})
		if len(page.Metrics) == 0 {
			for _, name := range metricOrder(info.Metrics) {
				page.Metrics = append(page.Metrics, report.Metric{Key: name})
			}
		}
	}
	for i, name := range namesOf(paths) {
		found[i].Run, page.Runs[i].Name = name, name
	}
	page.Subtitle = fmt.Sprintf("%d photographs of %d held-out classes · dvml %s", found[0].Images, found[0].Classes, version.Get().Build())
	page.Sections = diagnose.Sections(found, !c.NoPhotographs)
	if err := page.Write(c.Out); err != nil {
		return err
	}
	screen.close()
	for _, f := range found {
		printf("%s, step %d: found / by chance\n", f.Run, f.Step)
		for _, v := range f.Variations {
			printf("  %-14s KS %.3f / %.3f   p %.3f / %.3f   deviation of variances %.2f / %.2f   %.1f effective dimensions\n",
				v.Of, v.Found.Statistic, v.Control.Statistic, v.Found.P, v.Control.P, v.Found.Deviation, v.Control.Deviation, v.Effective)
		}
		if g := f.Generator; g != nil {
			printf("  z_V: %d of %d dimensions vary with the image, KL %.2f nats, at most %.3g\n", g.Active, f.Dim, g.Divergence, g.MostDivergence)
		}
		if len(f.Probes) > 0 {
			header, rows := f.ReadoutTable(true)
			for _, row := range append([][]string{header}, rows...) {
				printf("  ")
				for i, text := range row {
					printf("%s%*s", text, max(2, []int{14, 10}[min(i, 1)]-utf8.RuneCountInString(text)), "")
				}
				println()
			}
		}
	}
	for _, says := range verdicts {
		println(says)
	}
	println("page:", filepath.Join(c.Out, "index.html"))
	return nil
}

// namesOf names states by the folders of their runs, and by their files too where a folder stands twice.
func namesOf(paths []string) []string {
	names, times := make([]string, len(paths)), map[string]int{}
	for i, path := range paths {
		folder := filepath.Dir(path)
		if filepath.Base(folder) == "checkpoints" {
			folder = filepath.Dir(folder)
		}
		if whole, err := filepath.Abs(folder); err == nil {
			folder = whole
		}
		names[i] = filepath.Base(folder)
		times[names[i]]++
	}
	for i, path := range paths {
		if times[names[i]] > 1 {
			names[i] = fmt.Sprintf("%s, %s", names[i], strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
		}
	}
	seen := map[string]bool{}
	for i := range names {
		if seen[names[i]] {
			names[i] = paths[i]
		}
		seen[names[i]] = true
	}
	return names
}
