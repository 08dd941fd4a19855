package main

import (
	"context"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/internal/plural"
)

type compareCmd struct {
	Checkpoint string `arg:"" name:"model" help:"A state of a run, or the folder of a run."`
	A          string `arg:"" help:"A photograph."`
	B          string `arg:"" help:"Another."`
	Backend    string `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	JSON       bool   `help:"Print JSON."`
}

// Run compares.
func (c *compareCmd) Run(ctx context.Context) error {
	m, err := openModel(c.Checkpoint, dvml.Backend(c.Backend))
	if err != nil {
		return err
	}
	defer m.Close()
	for _, path := range []string{c.A, c.B} {
		if err := checkPhotograph(path); err != nil {
			return err
		}
	}
	a, err := m.EmbedFile(ctx, c.A)
	if err != nil {
		return err
	}
	b, err := m.EmbedFile(ctx, c.B)
	if err != nil {
		return err
	}
	similarity := 0.0
	for i, v := range a {
		similarity += float64(v) * float64(b[i])
	}
	fitted := m.Checkpoint().Calibration
	var probability *float64
	if fitted != nil {
		p := fitted.Curve.At(similarity)
		probability = &p
	}
	if c.JSON {
		return printJSON(stdout, struct {
			Similarity  float64  `json:"similarity"`
			Probability *float64 `json:"probability"` // null where the model is not calibrated
		}{similarity, probability})
	}
	printf("similarity %.3f (cosine: 1 alike, 0 nothing in common)\n", similarity)
	if fitted == nil {
		printf("What that means is not known: the model is not calibrated. Fit it on held-out classes: %s\n", commandLine("calibrate", c.Checkpoint))
		return nil
	}
	verdict := "not the same"
	if *probability >= 0.5 {
		verdict = "the same"
	}
	printf("%s: the probability that both show the same thing is %.3f\n", verdict, *probability)
	printf("This rests on the pairs of %s of %s that the model was not trained on, and takes same and different as equally likely beforehand.\n",
		plural.Of(fitted.Images, "image"), plural.Of(fitted.Classes, "class"))
	return nil
}
