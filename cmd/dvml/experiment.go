package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/experiment"
	"github.com/dvml/dvml/train"
)

type experimentCmd struct {
	Name     string   `arg:"" help:"${plans}, or a YAML file that lists runs and seeds."`
	Data     string   `required:"" type:"existingfile" help:"The HDF5 file that dvml prepare wrote."`
	Backbone string   `help:"First weights of the backbone: what dvml import wrote, or a file it reads."`
	Out      string   `short:"o" help:"Folder of the runs and the report. Default: experiments/NAME."`
	Steps    int      `help:"Steps of each run, shared out over its phases as the plan's are; 0: the plan's."`
	Seeds    []uint64 `help:"Seeds instead of the plan's."`
	Batch    int      `help:"Images of a batch: fewer classes in it, as many images of each; 0: the plan's."`
	Set      []string `sep:"none" help:"Change one setting of all runs, as in train."`
	Backend  string   `help:"Engine: cpu, go, xla; default $$DVML_BACKEND."`
}

// Run trains all runs that are not finished and writes the report.
func (c *experimentCmd) Run(ctx context.Context) error {
	plan, err := experiment.Load(c.Name)
	if err != nil {
		return err
	}
	backend, err := engine.New(c.Backend)
	if err != nil {
		return err
	}
	out := first(c.Out, filepath.Join("experiments", strings.TrimSuffix(filepath.Base(c.Name), filepath.Ext(c.Name))))
	screen := newScreen(os.Stdout)
	defer screen.close()
	results, err := plan.Run(ctx, experiment.Options{Out: out, Data: c.Data, Weights: c.Backbone, Set: c.Set, Steps: c.Steps, Seeds: c.Seeds, Batch: c.Batch, Backend: backend, Watch: screen})
	screen.close()
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Println("Stopped; the state is saved. The same command goes on.")
		return train.ErrInterrupted
	}
	if err != nil {
		return err
	}
	page := plan.Gather(results)
	page.Subtitle = fmt.Sprintf("%s, %s", filepath.Base(c.Data), backend.Description())
	if err := page.Write(out); err != nil {
		return err
	}
	fmt.Printf("%-28s %6s %6s %6s %6s\n", "", "R@1", "R@8", "NMI", "F1")
	for _, r := range results {
		fmt.Printf("%-28s %6.3f %6.3f %6.3f %6.3f   seed %d, %.0f s\n", r.Run.Name, r.Metrics["R@1"], r.Metrics["R@8"], r.Metrics["NMI"], r.Metrics["F1"], r.Seed, r.Seconds)
	}
	fmt.Println("report:", filepath.Join(out, "index.html"))
	return nil
}
