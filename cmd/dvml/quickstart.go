package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/internal/lockfile"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

type quickstartCmd struct {
	Out     string `default:"quickstart" help:"Folder for everything that it makes; an earlier quickstart in it is replaced."`
	Seed    uint64 `default:"1" help:"Fixes every bit of the result."`
	Backend string `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
}

// The image set of the quickstart.
const (
	quickClasses  = 60
	quickPerClass = 32
	quickSize     = 72
)

// Run draws, prepares, trains, evaluates and searches.
func (c *quickstartCmd) Run(ctx context.Context) error {
	began := time.Now()
	lock, err := c.folder()
	if err != nil {
		return err
	}
	defer lock.Release() //nolint:errcheck // the process ends
	data := filepath.Join(c.Out, "data.h5")
	if err := c.prepare(ctx, data); err != nil {
		return err
	}
	t, err := c.train(ctx, data)
	if err != nil {
		return err
	}
	defer t.Close()
	nearest := filepath.Join(c.Out, "neighbours.png")
	if err := c.search(t, data, nearest); err != nil {
		return err
	}
	return c.report(t, nearest, time.Since(began))
}

// folder makes the folder and holds it; what an earlier quickstart left there is removed. The marker inside, which is the lock, says that a
// quickstart made the folder.
func (c *quickstartCmd) folder() (*lockfile.Lock, error) {
	const name = ".quickstart"
	marker := filepath.Join(c.Out, name)
	if entries, err := os.ReadDir(c.Out); err == nil && len(entries) > 0 {
		if _, err := os.Stat(marker); err != nil {
			return nil, fmt.Errorf("%s is there and is not a quickstart's; name another folder by --out", c.Out)
		}
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockfile.Take(marker)
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("another quickstart is at work in %s; let it finish or stop it, or name another folder by --out", c.Out)
	}
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(c.Out)
	for _, e := range entries {
		if err == nil && e.Name() != name {
			err = os.RemoveAll(filepath.Join(c.Out, e.Name()))
		}
	}
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	return lock, nil
}

func (c *quickstartCmd) prepare(ctx context.Context, data string) error {
	pictures := filepath.Join(c.Out, "pictures")
	printf("1  Drawing %d classes of objects with %d pictures each: %s\n", quickClasses, quickPerClass, pictures)
	if err := drawn.Draw(pictures, drawn.Options{Classes: quickClasses, PerClass: quickPerClass, Size: quickSize, Seed: c.Seed}); err != nil {
		return err
	}
	set, err := imageset.Open(pictures, imageset.Options{})
	if err != nil {
		return err
	}
	defer set.Close()
	printf("2  Packing them into one file (dvml prepare --size %d %s %s)\n", quickSize, pictures, data)
	if _, err := imageset.Prepare(ctx, set, data, imageset.PrepareOptions{Size: quickSize, Strict: true}); err != nil {
		return err
	}
	r, err := store.Open(data)
	if err != nil {
		return err
	}
	defer r.Close()
	return drawSheet(r, filepath.Join(c.Out, "contact-sheet.png"), 10, 10)
}

func (c *quickstartCmd) train(ctx context.Context, data string) (*train.Trainer, error) {
	cfg, err := config.Preset("quickstart")
	if err != nil {
		return nil, err
	}
	cfg.Data, cfg.Seed, cfg.Backend = data, c.Seed, c.Backend
	backend, err := engine.New(cfg.Backend)
	if err != nil {
		return nil, err
	}
	printf("3  Training on the first %d classes (dvml train --preset quickstart --data %s)\n", quickClasses/2, data)
	screen := newScreen(os.Stdout)
	defer screen.close()
	t, err := train.New(cfg, run.Folder(filepath.Join(c.Out, "run")), backend, screen)
	if err != nil {
		return nil, err
	}
	if err := t.Run(ctx); err != nil {
		t.Close()
		if errors.Is(err, train.ErrInterrupted) {
			screen.close()
			printf("Stopped after step %d; the state is saved. To resume:\n  %s\n", t.Step(), commandLine("train", "--resume", string(t.Folder)))
		}
		return nil, err
	}
	return t, nil
}

// search draws held-out queries beside their nearest neighbours.
func (c *quickstartCmd) search(t *train.Trainer, data, path string) error {
	r, err := store.Open(data)
	if err != nil {
		return err
	}
	defer r.Close()
	rows, images := t.BestEmbeddings()
	return drawNeighbours(r, images, rows, t.Config.Method.Dim, path, 8, 6)
}

// report prints the table of before and after, and what to do next.
func (c *quickstartCmd) report(t *train.Trainer, nearest string, took time.Duration) error {
	before, after, _, err := evaluations(t)
	if err != nil {
		return err
	}
	printf("\n4  %d classes that it never saw, in %s:\n\n", quickClasses-quickClasses/2, took.Round(time.Second))
	beforeAndAfter(stdout, before, after)
	sheet := filepath.Join(c.Out, "contact-sheet.png")
	width := max(len(sheet), len(nearest), len(t.Folder.Curves()))
	printf(`
Look at
   %-*s  what it was trained on
   %-*s  queries, and what it finds nearest
   %-*s  losses and metrics over the steps

With your own photographs, one folder for each thing they show:
   %[7]s prepare PHOTOGRAPHS photographs.h5
   %[7]s train --data photographs.h5
`, width, sheet, width, nearest, width, t.Folder.Curves(), program())
	return nil
}
