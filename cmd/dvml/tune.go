package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/train"
	"github.com/dvml/dvml/tune"
)

type tuneCmd struct {
	Data     string `required:"" type:"existingfile" help:"The HDF5 file that dvml prepare wrote."`
	Backbone string `help:"First weights of the backbone: what dvml import wrote, or a file it reads. Default: torchvision's GoogLeNet, downloaded once."`
	networkFlags
	Out     string   `short:"o" default:"tuned" help:"Folder of the trials and of the settings that are chosen. The same command resumes where it was stopped."`
	Minutes float64  `default:"10" help:"How long to try; 0: every candidate on every fold." min:"0"`
	Folds   int      `default:"3" help:"Number of folds of the training classes." min:"2"`
	Set     []string `sep:"none" help:"Change one setting of all candidates, as in train."`
	Cache   string   `help:"Folder of what frozen layers give. Default: beside the data or, where that cannot be written, the user's cache folder."`
	Backend string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	JSON    bool     `help:"Print the table as JSON."`
}

// Help is the long text of --help.
func (tuneCmd) Help() string {
	return "Candidates are trained on some of the training classes and judged on the others, on features that the backbone computes once. " +
		"The held-out classes are not looked at."
}

// Run searches, prints the table and writes the settings.
func (c *tuneCmd) Run(ctx context.Context) error {
	if err := checkData(c.Data); err != nil {
		return err
	}
	screen := newScreen(os.Stderr)
	defer screen.close()
	o, err := c.search(ctx, screen)
	if err != nil {
		return err
	}
	table, err := tune.Search(ctx, o, time.Duration(c.Minutes*float64(time.Minute)))
	screen.close()
	if err != nil {
		return err
	}
	settings := filepath.Join(c.Out, "settings.yaml")
	choice := table.Choose()
	if err := c.write(settings, o, table, choice); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(stdout, struct {
			tune.Table
			Choice   tune.Choice `json:"choice"`
			Settings string      `json:"settings"`
		}{table, choice, settings})
	}
	printf("\n%s\n", table)
	what := "Train"
	if choice.Features {
		what = "Leave the features alone"
	}
	printf("%s: %s.\n\nThe settings            %s\nTrain by them           %s\n", what, choice.Reason, settings, commandLine("train", "-c", settings))
	return ctx.Err()
}

// search is what the flags ask for.
func (c *tuneCmd) search(ctx context.Context, screen *screen) (tune.Options, error) {
	weights := c.Backbone
	if weights == "" {
		var err error
		if weights, err = pretrained(ctx, screen); err != nil {
			return tune.Options{}, err
		}
	}
	b, err := c.read(weights)
	if err != nil {
		return tune.Options{}, fmt.Errorf("--backbone: %w", err)
	}
	backend, err := engine.New(c.Backend)
	if err != nil {
		return tune.Options{}, err
	}
	return tune.Options{
		Out: c.Out, Data: c.Data, Weights: weights, Imported: b.Imported, Set: c.Set, Folds: c.Folds, Candidates: tune.Candidates(), Cache: c.Cache,
		Backend: backend, Say: screen.Say, Embedding: screen.Embedding,
	}, nil
}

// write keeps the settings that are chosen, fitted to all training classes, below the table as a comment.
func (c *tuneCmd) write(path string, o tune.Options, table tune.Table, choice tune.Choice) error {
	s, err := o.Chosen(choice)
	if err != nil {
		return err
	}
	about, err := train.DataOf(s)
	if err != nil {
		return err
	}
	s.FitTo(about, func(string) {})
	text, err := s.YAML()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "# Chosen by dvml tune on the training classes of %s: %s.\n#\n", c.Data, choice.Reason)
		for line := range strings.Lines(table.String()) {
			if err == nil {
				_, err = fmt.Fprintf(w, "#   %s\n", strings.TrimRight(line, " \n"))
			}
		}
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
}
