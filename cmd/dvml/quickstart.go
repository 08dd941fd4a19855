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
	"github.com/dvml/dvml/index"
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

// Run draws, prepares, trains, evaluates, searches and indexes.
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
	if err := c.report(t, time.Since(began)); err != nil {
		return err
	}
	held, err := c.index(ctx, t)
	if err != nil {
		return err
	}
	c.next(t, nearest, held)
	return nil
}

// folder makes the folder and holds it; what an earlier quickstart left there is removed. The marker inside, which is the lock, says that a
// quickstart made the folder.
func (c *quickstartCmd) folder() (*lockfile.Lock, error) {
	const name = ".quickstart"
	marker := filepath.Join(c.Out, name)
	if entries, err := os.ReadDir(c.Out); err == nil && len(entries) > 0 {
		if _, err := os.Stat(marker); err != nil {
			return nil, fmt.Errorf("%s already exists and was not made by a quickstart; name another folder with --out", c.Out)
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
	options := drawn.Options{Classes: quickClasses, PerClass: quickPerClass, Size: quickSize, Seed: c.Seed, Factors: filepath.Join(c.Out, "factors.csv")}
	if err := drawn.Draw(pictures, options); err != nil {
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

// report prints the table of before and after.
func (c *quickstartCmd) report(t *train.Trainer, took time.Duration) error {
	before, after, _, err := evaluations(t)
	if err != nil {
		return err
	}
	printf("\n4  %d classes that it never saw, in %s:\n\n", quickClasses-quickClasses/2, took.Round(time.Second))
	beforeAndAfter(stdout, before, after)
	return nil
}

// index puts the held-out pictures into a folder of their own and indexes it. It returns the index's path.
func (c *quickstartCmd) index(ctx context.Context, t *train.Trainer) (string, error) {
	folder := filepath.Join(c.Out, "held-out")
	held := indexCmd{Checkpoint: t.Folder.Best(), Folders: []string{folder}, Out: folder + ".dvml", Neighbours: index.DefaultNeighbours, Backend: c.Backend}
	printf("\n5  Indexing their pictures (%s)\n", commandLine("index", held.Checkpoint, folder, "-o", held.Out))
	pictures := filepath.Join(c.Out, "pictures")
	classes, err := os.ReadDir(pictures) // by name, as training takes them: its classes first
	if err != nil {
		return "", err
	}
	for _, class := range classes[quickClasses/2:] {
		if err := linkFiles(filepath.Join(pictures, class.Name()), filepath.Join(folder, class.Name())); err != nil {
			return "", err
		}
	}
	return held.Out, held.Run(ctx)
}

// linkFiles makes the folder to with the files of the folder from: links to them, or copies where the file system has no links.
func linkFiles(from, to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	files, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, f := range files {
		source, target := filepath.Join(from, f.Name()), filepath.Join(to, f.Name())
		if os.Link(source, target) == nil {
			continue
		}
		bytes, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target, bytes, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// next prints what there is to look at, and what to do with photographs of one's own.
func (c *quickstartCmd) next(t *train.Trainer, nearest, held string) {
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

The page on the pictures that it never saw, to search, browse and review them:
   %[8]s
`, width, sheet, width, nearest, width, t.Folder.Curves(), program(), commandLine("serve", held))
}
