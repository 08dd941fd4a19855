package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/experiment"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/train"
)

type experimentCmd struct {
	Name     string `arg:"" help:"${plans}, or a YAML file that lists runs and seeds." values:"plans"`
	Data     string `type:"existingfile" help:"The HDF5 file that dvml prepare wrote."`
	Backbone string `help:"First weights of the backbone: what dvml import wrote, or a file it reads."`
	networkFlags
	Out           string   `short:"o" help:"Folder of the runs and the report. Default: experiments/NAME."`
	Steps         int      `help:"Steps of each run, shared out over its phases as the plan's are; 0: the plan's." min:"0"`
	Seeds         []uint64 `help:"Seeds instead of the plan's."`
	Batch         int      `help:"Images of a batch: fewer classes in it, as many images of each; 0: the plan's." min:"0"`
	Set           []string `sep:"none" help:"Change one setting of all runs, as in train." values:"set"`
	ReportOnly    bool     `help:"Train nothing: make the report anew of the runs that are finished in the folder."`
	NoPhotographs bool     `help:"Leave the data's photographs out of the report."`
	Cache         string   `help:"Folder of what frozen layers give. Default: beside the data or, where that cannot be written, the user's cache folder."`
	Backend       string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
}

// Run trains all runs that are not finished and writes the report.
func (c *experimentCmd) Run(ctx context.Context) error {
	if c.ReportOnly && (c.Backbone != "" || c.Steps != 0 || c.Batch != 0 || len(c.Set) > 0) {
		return errors.New("--report-only trains nothing; leave --backbone, --steps, --batch and --set away")
	}
	plan, err := experiment.Load(c.Name)
	if err != nil {
		return err
	}
	if !c.ReportOnly && c.Data == "" {
		return errors.New("--data is missing: name the HDF5 file that `dvml prepare` wrote")
	}
	backend, err := engine.New(c.Backend)
	if err != nil {
		return err
	}
	out := first(c.Out, filepath.Join("experiments", strings.TrimSuffix(filepath.Base(c.Name), filepath.Ext(c.Name))))
	screen := newScreen(os.Stdout)
	defer screen.close()
	network, err := c.options()
	if err != nil {
		return err
	}
	o := experiment.Options{Out: out, Network: network, Data: c.Data, Weights: c.Backbone, Set: c.Set, Steps: c.Steps, Seeds: c.Seeds, Batch: c.Batch, Cache: c.Cache, Backend: backend, Watch: screen}
	var results []experiment.Result
	var missing []string
	if c.ReportOnly {
		results, missing, err = plan.Collect(o)
	} else {
		results, err = plan.Run(ctx, o)
	}
	if errors.Is(err, train.ErrInterrupted) {
		screen.close()
		println("Stopped; the state is saved. The same command resumes; --report-only makes a report of what is finished.")
		return train.ErrInterrupted
	}
	if err != nil {
		return err
	}
	skipped, err := experiment.Diagnose(ctx, results, o)
	if err != nil {
		return err
	}
	page, err := plan.Gather(results, !c.NoPhotographs)
	if err != nil {
		return err
	}
	if !c.ReportOnly { // what trained is not known later
		page.Subtitle += " · " + backend.Description()
	}
	page.Subtitle += " · dvml " + version.Get().Build()
	if len(missing) > 0 {
		page.Notes = append(page.Notes, "Not finished, and not in this report: "+strings.Join(missing, "; ")+".")
	}
	if len(skipped) > 0 {
		page.Notes = append(page.Notes, "The embeddings were not looked into of: "+strings.Join(skipped, "; ")+".")
	}
	if err := page.Write(out); err != nil {
		return err
	}
	screen.close()
	width := 0
	for _, r := range results {
		width = max(width, utf8.RuneCountInString(r.Run.Name))
	}
	printf("%-*s %6s %6s %6s %6s\n", width, "", "R@1", "R@8", "NMI", "F1")
	for _, r := range results {
		printf("%-*s %6.3f %6.3f %6.3f %6.3f   seed %d, %.0f s\n", width, r.Run.Name, r.Metrics["R@1"], r.Metrics["R@8"], r.Metrics["NMI"], r.Metrics["F1"], r.Seed, r.Seconds)
	}
	println("report:", filepath.Join(out, "index.html"))
	return nil
}
