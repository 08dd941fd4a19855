package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
)

type calibrateCmd struct {
	Checkpoint string `arg:"" name:"model" help:"A state of a run, or the folder of a run. What is fitted is kept in it."`
	Data       string `help:"The HDF5 file whose held-out classes it is fitted to. Default: the one the run was trained on."`
	Seed       uint64 `default:"1" help:"Deals the classes into halves."`
	Batch      int    `default:"32" help:"Images that go through the network at once." min:"1"`
	Backend    string `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	Picture    string `help:"Draw predicted against observed probabilities into this PNG file." output:".png"`
	DryRun     bool   `help:"Leave the checkpoint as it is."`
	JSON       bool   `help:"Print JSON."`
}

// Run calibrates.
func (c *calibrateCmd) Run(ctx context.Context) error {
	m, err := openModel(c.Checkpoint, dvml.Backend(c.Backend))
	if err != nil {
		return err
	}
	defer m.Close()
	if m.Headless() && !c.DryRun {
		return errors.New("a network without heads keeps no calibration; --dry-run prints it")
	}
	data, err := openRunData(c.Data, m)
	if err != nil {
		return err
	}
	defer data.Close()
	screen := newScreen(os.Stderr)
	defer screen.close()
	indices, all := data.Indices(store.Test), data.Labels()
	rows, dim, err := m.Rows(ctx, data, indices, m.Kind(), c.Batch, screen.count("embedding"))
	if err != nil {
		return err
	}
	labels := make([]int32, len(indices))
	for i, n := range indices {
		labels[i] = all[n]
	}
	fitted, err := calibrate.Fit(rows, dim, labels, c.Seed)
	if err != nil {
		return err
	}
	screen.close()
	if !c.DryRun {
		if err := checkpoint.Annotate(m.Path(), func(info *checkpoint.Info) { info.Calibration = fitted }); err != nil {
			return err
		}
	}
	if c.Picture != "" {
		if err := drawReliability(c.Picture, fitted); err != nil {
			return err
		}
	}
	if c.JSON {
		return printJSON(stdout, fitted)
	}
	printf("fitted to %s of %s, form %s\n\n", plural.Of(fitted.Images, "image"), plural.Of(fitted.Classes, "held-out class"), fitted.Curve.Form)
	println("   similarity   same, of two held side by side   same, of any two in such a collection")
	for s := 1.0; s > -0.05; s -= 0.1 {
		printf("   %10.1f   %30.3f   %37.3f\n", s, fitted.Curve.At(s), fitted.Curve.Prior(s, fitted.Share))
	}
	printf(`
Measured on classes that the curve was not fitted to:
   expected calibration error   %.4f   (%.4f over pairs as they come, of which %.2g are the same)
   log loss                     %.4f   (%s %.4f)
   known or new                 similarity %.3f of the nearest; a thing that is there is called new in %.1f %%, one that is not is called known in %.1f %%
                                (galleries of %s of %s)
`, fitted.Error, fitted.ErrorOfPairs, fitted.Share, fitted.LogLoss, fitted.Other, fitted.OtherLogLoss, fitted.Open.Threshold, 100*fitted.Open.Missed, 100*fitted.Open.False,
		plural.Of(fitted.Open.Gallery, "image"), plural.Of(fitted.Open.Things, "class"))
	if !c.DryRun {
		println("\nkept in", m.Path())
	}
	return nil
}

func drawReliability(path string, c *calibrate.Calibration) error {
	var predicted, observed []float64
	for _, b := range c.Reliability {
		predicted, observed = append(predicted, b.Predicted), append(observed, b.Observed)
	}
	img, err := figure.Reliability(fmt.Sprintf("Reliability (expected calibration error %.3f)", c.Error), predicted, observed)
	if err != nil {
		return err
	}
	return figure.WritePNG(path, img)
}
